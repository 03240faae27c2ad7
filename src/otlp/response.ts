import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import type { DeliveryResult } from '../ports.ts'
import { retryAfterMs } from './retry-after.ts'

/** One answer of the endpoint, its body up to a bound. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly retryAfter: string | undefined
  readonly location: string | undefined
  readonly body: Uint8Array
}

export interface AnswerContext {
  /** Where the request went, fit for a log. */
  readonly destination: string
  /** Records in the request. */
  readonly records: number
  readonly nowMs: number
  /** Makes the endpoint's words fit for a log. */
  readonly words: (text: string) => string
}

/**
 * What an answer means for the records of its request
 * (https://opentelemetry.io/docs/specs/otlp/#otlphttp-response). Two answers are read otherwise than there: other 5xx
 * than 502, 503 and 504 are tried again too, since giving up would lose records; and a web page with status 200 is no
 * acknowledgement, as it comes from something that is no OTLP endpoint.
 */
export function readAnswer(answer: Answer, context: AnswerContext): DeliveryResult {
  const { status } = answer
  const said = context.words(messageOf(answer))
  const told = `${context.destination} answered ${status}${said === '' ? '' : `: ${said}`}`
  if (status >= 200 && status < 300) {
    if (isWebPage(answer)) return blocked(status, `${told}, with a web page. ${CHECK_ENDPOINT}`)
    return accepted(answer, context)
  }
  switch (status) {
    case 400:
    case 413:
    case 422:
      return { kind: 'refused', status, message: said === '' ? `status ${status}` : said }
    case 429:
      return unavailable(answer, told, context.nowMs)
    case 401:
    case 403:
      return blocked(
        status,
        `${told}. Check OTEL_EXPORTER_OTLP_HEADERS and what the credentials there permit.`,
      )
    case 404:
    case 405:
      return blocked(status, `${told}. ${CHECK_ENDPOINT}`)
    case 407:
      return blocked(status, `${told}. ${CHECK_PROXY}`)
    case 415:
      return blocked(
        status,
        `${told}. The endpoint must take protobuf; try OTEL_EXPORTER_OTLP_COMPRESSION=none.`,
      )
  }
  if (status >= 500) return unavailable(answer, told, context.nowMs)
  if (status >= 300 && status < 400) {
    const target = placeOf(answer.location)
    const to = target === undefined ? '' : ` to ${context.words(target)}`
    return blocked(
      status,
      `${context.destination} redirects${to} (${status}), which is not followed. ${CHECK_ENDPOINT}`,
    )
  }
  return blocked(status, `${told}. Check the endpoint and its log.`)
}

const CHECK_ENDPOINT =
  'Check OTEL_EXPORTER_OTLP_ENDPOINT, to which /v1/logs is added, or OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, used as it is.'

export const CHECK_PROXY = 'Check user and password of the proxy in HTTPS_PROXY or HTTP_PROXY.'

function blocked(status: number, message: string): DeliveryResult {
  return { kind: 'blocked', status, message }
}

function unavailable(answer: Answer, message: string, nowMs: number): DeliveryResult {
  return { kind: 'unavailable', retryAfterMs: retryAfterMs(answer.retryAfter, nowMs), message }
}

function accepted(answer: Answer, { records, words }: AnswerContext): DeliveryResult {
  const partial = partialSuccessOf(answer)
  if (partial === undefined) {
    return {
      kind: 'accepted',
      rejected: 0,
      message: 'the answer could not be read: it may have told of rejected records',
    }
  }
  const { rejectedLogRecords, errorMessage } = partial
  const rejected = typeof rejectedLogRecords === 'object' ? 0 : Number(rejectedLogRecords ?? 0)
  // A negative int64 arrives as 2^64 less something.
  const isCount = Number.isSafeInteger(rejected) && rejected > 0
  return {
    kind: 'accepted',
    rejected: isCount ? Math.min(rejected, records) : 0,
    message: words(typeof errorMessage === 'string' ? errorMessage : ''),
  }
}

interface PartialSuccess {
  readonly rejectedLogRecords?: unknown
  readonly errorMessage?: unknown
}

const OPEN_BRACE = 0x7b

/** Empty when there was nothing to tell, undefined when the body cannot be read. */
function partialSuccessOf({ contentType, body }: Answer): PartialSuccess | undefined {
  if (body.length === 0) return {}
  try {
    const isUntyped = saysNothing(contentType)
    if (isUntyped ? body[0] === OPEN_BRACE : isJson(contentType))
      return JSON.parse(utf8(body))?.partialSuccess ?? {}
    if (isUntyped || isProtobuf(contentType))
      return ProtobufLogsSerializer.deserializeResponse(body).partialSuccess ?? {}
    return {}
  } catch {
    return undefined
  }
}

/** The words of an error. */
function messageOf(answer: Answer): string {
  const { contentType, body } = answer
  if (answer.status < 300 || body.length === 0 || isWebPage(answer)) return ''
  try {
    if (isProtobuf(contentType)) return statusMessage(body)
    if (isJson(contentType)) {
      const { message } = JSON.parse(utf8(body))
      if (typeof message === 'string') return message
    }
  } catch {
    // Not what its content type says: as it is, then.
  }
  return utf8(body)
}

/**
 * `message` of a google.rpc.Status. That has its code in field 1 and its message in field 2, as the partial success
 * has its count and its message: so it is read as the partial success of a response, which is field 1 of that.
 */
function statusMessage(body: Uint8Array): string {
  const length: number[] = []
  for (let rest = body.length; ; rest >>>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80)
    if (rest < 0x80) break
  }
  const response = Buffer.concat([Buffer.from([0x0a, ...length]), body])
  return ProtobufLogsSerializer.deserializeResponse(response).partialSuccess?.errorMessage ?? ''
}

function isProtobuf(contentType: string): boolean {
  return /^application\/(x-)?protobuf\b/i.test(contentType)
}

function isJson(contentType: string): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(contentType)
}

/** Of what the body is. */
function saysNothing(contentType: string): boolean {
  return contentType.trim() === '' || /^application\/octet-stream\b/i.test(contentType)
}

function isWebPage({ contentType }: Answer): boolean {
  return /^(text\/html|application\/xhtml\+xml)\b/i.test(contentType)
}

function utf8(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
}

/** A redirect's target without its query, which may hold a key. */
function placeOf(location: string | undefined): string | undefined {
  const url = location === undefined ? null : URL.parse(location)
  return url === null ? undefined : `${url.origin}${url.pathname}`
}
