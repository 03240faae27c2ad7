import type { Readable } from 'node:stream'
import { ConnectorError, type ErrorCode, type ErrorDetails } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import { parseRetryAfterMs } from '../retry.ts'
import { contentCodings, decodedChunks } from './decode.ts'
import type { HubResponse } from './http.ts'
import type { HttpMethod } from './http-method.ts'
import { headerText, parseQuota, type ResponseHeaders } from './rate-limit.ts'
import { shownText } from './redact.ts'
import type { HubToken } from './token.ts'

/** No more of an error's body is read. */
const MAX_ERROR_BODY_BYTES = 4096
/** Nor is it waited for longer. */
const ERROR_BODY_TIMEOUT_MS = 5000
const MAX_SHOWN_LENGTH = 500
const MAX_REQUEST_ID_LENGTH = 128

export interface Asked {
  readonly method: HttpMethod
  readonly url: URL
  /** What an answer may repeat and nobody may see: the token, credentials of the body, passwords of proxies on the way. */
  readonly secrets: readonly string[]
  /** What to do about an answer, by status: a sentence. */
  readonly mends: Mends
}

export type Mends = Readonly<Record<number, string>>

/** What the answers to an export mean for the person who runs this. */
export function exportMends({ name, endpoint }: Organization, { source }: HubToken): Mends {
  return {
    ...commonMends({ source }),
    402: `The audit log needs a Team or Enterprise plan, which ${name} seems not to have.`,
    403:
      `The token from ${source} may not read the audit log of ${name}: a fine-grained token needs the permission ` +
      'org.auditLog.write on the organization, its user must be an admin there, and where the organization approves ' +
      'tokens, an admin must have approved this one.',
    404:
      `There is no organization ${name} at ${endpoint}, or the token from ${source} cannot see it: check ` +
      'HF_AUDIT_ORGANIZATIONS and HF_ENDPOINT.',
  }
}

/** What every call to the Hub may be answered. */
export function commonMends({ source }: Pick<HubToken, 'source'>): Mends {
  return {
    401: `The token from ${source} is wrong, expired or revoked: put a valid one there.`,
    407: 'A proxy on the way wants a login: check user and password in HTTPS_PROXY or HTTP_PROXY.',
    429: `Too many requests with the token from ${source}.`,
  }
}

/** Turns an answer that is no success into the error that says what it means and what to do. Ends the response. */
export async function responseError(
  response: HubResponse,
  asked: Asked,
  nowMs: number,
): Promise<ConnectorError> {
  const { status, headers } = response
  const { code, retryable } = meaningOf(status)
  const mend = asked.mends[status] ?? ''
  const said = shownText(serverWords(headers, await errorBody(response)), asked.secrets, MAX_SHOWN_LENGTH)
  const requestId = shownText(requestIdOf(headers), asked.secrets, MAX_REQUEST_ID_LENGTH)
  const retryAfterMs = retryable ? retryAfterOf(headers, status, nowMs) : undefined
  const details: ErrorDetails = {
    status,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(requestId === '' ? {} : { requestId }),
    ...(said === '' ? {} : { hubMessage: said }),
    ...(mend === '' ? {} : { mend }),
  }
  const answer = [
    `${asked.method} ${asked.url.href} was answered ${status}`,
    said === '' ? '' : `: "${said}"`,
    requestId === '' ? '' : ` (request id ${requestId})`,
    '.',
  ].join('')
  return new ConnectorError(code, mend === '' ? answer : `${answer} ${mend}`, details)
}

function meaningOf(status: number): { code: ErrorCode; retryable: boolean } {
  switch (status) {
    case 401:
      return { code: 'HUB_UNAUTHORIZED', retryable: false }
    case 402:
      return { code: 'HUB_PAYMENT_REQUIRED', retryable: false }
    case 403:
      return { code: 'HUB_FORBIDDEN', retryable: false }
    case 404:
      return { code: 'HUB_NOT_FOUND', retryable: false }
    case 429:
      return { code: 'HUB_RATE_LIMITED', retryable: true }
    default:
      if (status === 408 || status >= 500) return { code: 'HUB_UNAVAILABLE', retryable: true }
      // Not an answer, but nothing that a person could mend either.
      if (status < 300) return { code: 'HUB_BODY_BROKEN', retryable: true }
      return { code: 'HUB_REFUSED', retryable: false }
  }
}

/** `Retry-After`, and for a 429 whose quota is used up at least until the quota's window ends. */
function retryAfterOf(headers: ResponseHeaders, status: number, nowMs: number): number | undefined {
  const retryAfterMs = parseRetryAfterMs(headerText(headers, 'retry-after'), nowMs)
  const quota = status === 429 ? parseQuota(headers, nowMs) : undefined
  if (quota === undefined || quota.remaining > 0) return retryAfterMs
  return Math.max(retryAfterMs ?? 0, quota.resetMs)
}

/** The Hub's request id, or that of the load balancer before it. */
export function requestIdOf(headers: ResponseHeaders): string {
  return headerText(headers, 'x-request-id') || headerText(headers, 'x-amzn-trace-id')
}

async function errorBody({ headers, body }: HubResponse): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  const timer = setTimeout(() => body.destroy(), ERROR_BODY_TIMEOUT_MS)
  try {
    const chunks = decodedChunks(body as Readable, contentCodings(headerText(headers, 'content-encoding')), {
      wire: 0,
      body: 0,
    })
    for await (const chunk of chunks) {
      pieces.push(chunk.subarray(0, MAX_ERROR_BODY_BYTES - length))
      length += chunk.length
      if (length >= MAX_ERROR_BODY_BYTES) break
    }
  } catch {
    // The status says enough.
  } finally {
    clearTimeout(timer)
    body.on('error', () => {}).destroy()
  }
  return Buffer.concat(pieces).toString('utf8')
}

/**
 * What the Hub says in headers and body, each sentence once: `X-Error-Message`, `X-Error-Code`; `error` (a text or
 * several), `error_description`, `errors[].message`, `message`; or plain text. Web pages say nothing.
 */
export function serverWords(headers: ResponseHeaders, body: string): string {
  const words = [headerText(headers, 'x-error-message'), ...bodyWords(headers, body)]
  const code = headerText(headers, 'x-error-code')
  if (code !== '') words.push(`code ${code}`)
  return [...new Set(words.map(word => word.trim()).filter(word => word !== ''))].join('; ')
}

function bodyWords(headers: ResponseHeaders, body: string): string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    const isPage = isHtml(headers) || body.trimStart().startsWith('<')
    return isPage ? [] : [body]
  }
  if (typeof parsed === 'string') return [parsed]
  if (typeof parsed !== 'object' || parsed === null) return []
  const { error, error_description, errors, message } = parsed as Record<string, unknown>
  return [...texts(error), ...texts(error_description), ...texts(errors), ...texts(message)]
}

function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(texts)
  if (typeof value === 'object' && value !== null && 'message' in value) return texts(value.message)
  return []
}

export function isHtml(headers: ResponseHeaders): boolean {
  return /^\s*(text\/html|application\/xhtml\+xml)\b/i.test(headerText(headers, 'content-type'))
}
