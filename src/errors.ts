/**
 * The one error class of the program. `code` is what programs branch on, the message is what a person reads:
 * what was wrong, where, what is allowed and how to mend it. A message never holds a secret.
 */
export type ErrorCode =
  | 'CONFIG_INVALID' // exit 2: configuration or usage
  | 'HUB_UNAUTHORIZED' // 401: the organization is blocked
  | 'HUB_PAYMENT_REQUIRED' // 402: blocked
  | 'HUB_FORBIDDEN' // 403: blocked
  | 'HUB_NOT_FOUND' // 404: blocked
  | 'HUB_ENDPOINT_CHANGED' // the checkpoint belongs to another endpoint: blocked
  | 'HUB_REDIRECTED' // a redirect that leaves the origin: the token stays home
  | 'HUB_RATE_LIMITED' // 429, retryable, `retryAfterMs`
  | 'HUB_UNAVAILABLE' // 408, 5xx, time-out, reset: retryable
  | 'HUB_BODY_BROKEN' // the body is not one complete well-formed JSON array: retryable
  | 'HUB_REFUSED' // any other 4xx
  | 'HUB_UNSUPPORTED' // the Hub has no endpoint for it: nothing was sent, nothing changed
  | 'JOURNAL_UNAVAILABLE' // cannot be reached or written now: retryable
  | 'JOURNAL_STALE' // commit of an old term, or previous head does not match: the poll starts over
  | 'JOURNAL_NOT_OWNED' // another worker owns this organization now
  | 'JOURNAL_LOCKED' // another process writes this SQLite directory
  | 'JOURNAL_MISMATCH' // exit 4: topics or checkpoint are not what we may write to; message has the mend
  | 'JOURNAL_FOREIGN' // exit 4: a value in a topic that this connector cannot have written
  | 'SPOOL_UNAVAILABLE' // the spool file cannot be written: retryable
  | 'REGISTRY_UNAVAILABLE' // schema registry down: retryable
  | 'REGISTRY_INCOMPATIBLE' // the registry refused our schema
  | 'OTLP_UNAVAILABLE' // retried without end
  | 'OTLP_BLOCKED' // 401, 403, 404, …: blocked, tried again slowly
  | 'OTLP_NOT_DRAINED' // exit 5
  | 'STOPPED' // the signal was aborted
  | 'UNEXPECTED'

export interface ErrorDetails {
  readonly retryable?: boolean
  readonly cause?: unknown
  /** Wait at least this long before the next try (Retry-After, rate limit). */
  readonly retryAfterMs?: number
  /** HTTP status, where there was one. */
  readonly status?: number
  /** The server's request id, where it gave one. */
  readonly requestId?: string
  /** What the Hub said, fit to be shown, where it said something. */
  readonly hubMessage?: string
  /** What to do about it, where that is known: sentences. Part of the message too. */
  readonly mend?: string
}

export class ConnectorError extends Error {
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly status: number | undefined
  readonly requestId: string | undefined
  readonly hubMessage: string | undefined
  readonly mend: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ConnectorError'
    this.code = code
    this.retryable = details.retryable ?? false
    this.retryAfterMs = details.retryAfterMs
    this.status = details.status
    this.requestId = details.requestId
    this.hubMessage = details.hubMessage
    this.mend = details.mend
  }
}

/** The error itself if it is ours, else wrapped as `UNEXPECTED` with the original as cause. */
export function asConnectorError(error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ConnectorError('UNEXPECTED', message, { cause: error })
}

/** True for the four answers of the Hub (and a changed endpoint) that block one organization until a person acts. */
export function blocksOrganization(error: Pick<ConnectorError, 'code'>): boolean {
  switch (error.code) {
    case 'HUB_UNAUTHORIZED':
    case 'HUB_PAYMENT_REQUIRED':
    case 'HUB_FORBIDDEN':
    case 'HUB_NOT_FOUND':
    case 'HUB_REDIRECTED':
    case 'HUB_REFUSED':
    case 'HUB_ENDPOINT_CHANGED':
      return true
    default:
      return false
  }
}
