import { ConnectorError } from '../../errors.ts'
import type { HubRequest } from './request.ts'

/** Nothing was sent: there was no connection. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * The failure of a request. Where it changes something and may have been received all the same, the error says so and is
 * not to be tried again without a look. Any other error as it is.
 */
export function withOutcome({ method }: Pick<HubRequest, 'method'>, error: unknown): unknown {
  if (method === 'GET' || !(error instanceof ConnectorError)) return error
  const wasCut = error.code === 'HUB_UNAVAILABLE' || error.code === 'HUB_BODY_BROKEN'
  if (!(wasCut || error.code === 'STOPPED') || NOT_SENT.has(codeOf(error.cause))) return error
  const { code, cause, status, requestId, hubMessage } = error
  const mend = 'Whether the change was made is not known: look before you make it again.'
  return new ConnectorError(code, `${error.message} ${mend}`, {
    mend,
    ...(cause === undefined ? {} : { cause }),
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(hubMessage === undefined ? {} : { hubMessage }),
  })
}

function codeOf(cause: unknown): string {
  // Several addresses were tried: each has its own error.
  const single = cause instanceof AggregateError ? cause.errors.at(-1) : cause
  const code = (single as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
