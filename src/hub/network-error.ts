import { ConnectorError } from '../errors.ts'
import { stoppedError } from '../retry.ts'

const IN_WORDS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the body fell silent',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection closed',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the name could not be looked up',
}

/** The other side ended the body before its announced end. */
const CUT_SHORT = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'ERR_STREAM_PREMATURE_CLOSE',
])

/** What kept a request from being answered, as `HUB_UNAVAILABLE`; `STOPPED` when it was our own signal. */
export function networkError(error: unknown, signal: AbortSignal, what: string): ConnectorError {
  if (error instanceof ConnectorError) return error
  if (signal.aborted) return stoppedError(signal)
  return new ConnectorError('HUB_UNAVAILABLE', `${what} failed: ${inWords(error)}.`, {
    retryable: true,
    cause: error,
  })
}

/** What went wrong after the headers: a body cut short is `HUB_BODY_BROKEN`, the rest is the network's fault. */
export function bodyError(error: unknown, signal: AbortSignal, what: string): ConnectorError {
  if (error instanceof ConnectorError || signal.aborted) return networkError(error, signal, what)
  const code = codeOf(error)
  if (CUT_SHORT.has(code) || code.startsWith('HPE_')) {
    const message = `The body of ${what} broke off: ${inWords(error)}.`
    return new ConnectorError('HUB_BODY_BROKEN', message, { retryable: true, cause: error })
  }
  return networkError(error, signal, what)
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}

function inWords(error: unknown): string {
  // Several addresses were tried: each has its own error, and the last tells enough.
  const single = error instanceof AggregateError ? (error.errors.at(-1) ?? error) : error
  const code = codeOf(single)
  const message = single instanceof Error ? single.message : String(single)
  const words = IN_WORDS[code] ?? message
  const details = [code, message].filter(detail => detail !== '' && detail !== words).join(', ')
  const said = details === '' ? words : `${words} (${details})`
  if (/CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_SSL/.test(code)) {
    return `${said}. If the certificate comes from your own authority, name its file in NODE_EXTRA_CA_CERTS`
  }
  if (/prox|tunnel/i.test(message)) return `${said}. Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY`
  return said
}
