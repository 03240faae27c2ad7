/** One condition of the export's `q`, as the Hub documents it: `author:…`, `ip:…` or `type:…`. */
export interface Query {
  readonly key: 'author' | 'ip' | 'type'
  readonly value: string
}

/** Undefined for text that is not such a condition. How the Hub answers that is not documented. */
export function parseQuery(text: string): Query | undefined {
  const match = /^(author|ip|type):(\S+)$/.exec(text.trim())
  return match === null ? undefined : { key: match[1] as Query['key'], value: match[2]! }
}
