import type { Setting, Signal } from './lookup.ts'

const PATHS: Readonly<Record<Signal, string>> = { LOGS: 'v1/logs', METRICS: 'v1/metrics' }

export interface Endpoint {
  /** Without user and password. */
  readonly url: URL
  /** From user and password in the URL. */
  readonly authorization: string | undefined
}

/**
 * OTEL_EXPORTER_OTLP_LOGS_ENDPOINT is used as it is; to OTEL_EXPORTER_OTLP_ENDPOINT `v1/logs` is added (for metrics
 * likewise), relative to its path (https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp).
 */
export function readEndpoint(
  signal: Signal,
  { variable, value }: Setting,
  errors: string[],
): Endpoint | undefined {
  const isOwn = variable === `OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`
  const url = URL.parse(value)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    const example = `http://localhost:4318${isOwn ? `/${PATHS[signal]}` : ''}`
    errors.push(`${variable} is "${masked(value)}": allowed is a URL with http or https, such as ${example}.`)
    return undefined
  }
  const authorization = basicAuthorization(url)
  url.username = ''
  url.password = ''
  url.hash = ''
  if (!isOwn) {
    url.pathname += url.pathname.endsWith('/') ? PATHS[signal] : `/${PATHS[signal]}`
  }
  return { url, authorization }
}

/** Origin and path: a query may hold a key. */
export function destinationOf(url: URL): string {
  return `${url.origin}${url.pathname}`
}

/** A value that should have been a URL or a word, without what may be a user, a password or a key in a query. */
export function masked(value: string): string {
  return value.replace(/^([^:/?#]*:\/\/)?.*@/s, '$1***@').replace(/\?.*$/s, '?***')
}

function basicAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
