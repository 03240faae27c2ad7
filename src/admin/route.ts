/** What a path answers. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Route {
  readonly path: string
  /** `anyone`: whoever reaches the address. `status`: who may see the status page. */
  readonly access: 'anyone' | 'own-name' | 'status'
  answer(): Promise<Answer>
}

export function plainText(status: number, text: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}
