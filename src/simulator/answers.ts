/** An answer that is small enough to be held. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** The Hub's way of telling an error: in the body and in two headers. The headers given go before these. */
export function errorAnswer(
  status: number,
  message: string = MESSAGES[status] ?? 'Something went wrong on our side',
  headers: Record<string, string> = {},
): Answer {
  const code = CODES[status]
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(code !== undefined && { 'x-error-code': code }),
      // A header takes no more than these characters.
      'x-error-message': message.replace(/[^\x20-\x7e]/g, '?'),
      ...headers,
    },
    body: JSON.stringify({ error: message }),
  }
}

export function jsonAnswer(value: unknown, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  }
}

/** What is not there, and is no organization. `code` as far as the Hub has one for it. */
export function notFoundAnswer(what: string, code?: string): Answer {
  const answer = errorAnswer(404, `${what} not found`)
  const { 'x-error-code': _ofOrganizations, ...headers } = answer.headers
  return { ...answer, headers: code === undefined ? headers : { ...headers, 'x-error-code': code } }
}

/** Success that has nothing to say. */
export function emptyAnswer(status: 202 | 204): Answer {
  return { status, headers: {}, body: '' }
}

/** As a load balancer or a maintenance page says it. */
export function htmlAnswer(status: number, text: string): Answer {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body><h1>${text}</h1></body></html>\n`,
  }
}

const MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Invalid credentials in Authorization header',
  402: 'The audit log is a feature of the Team and Enterprise plans',
  403: 'You must be an admin of this organization to export its audit log',
  404: 'Organization not found',
  429: 'Too many requests: you have reached the rate limit of your account',
  500: 'Internal error - we are working hard to fix this as soon as possible',
  502: 'Bad gateway',
  503: 'The service is temporarily unavailable',
  504: 'Gateway timeout',
}

const CODES: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  402: 'PaymentRequired',
  403: 'Forbidden',
  404: 'OrganizationNotFound',
  429: 'RateLimited',
}

/** Bodies with status 200 that are no export. */
export const WRONG_BODIES = {
  empty: '',
  'empty-array': '[]',
  null: 'null',
  object: '{"events":[]}',
  'not-json': '[{"_id":"nonsense", oops',
  html: '<!DOCTYPE html>\n<html><body><h1>Please sign in</h1></body></html>\n',
} as const
