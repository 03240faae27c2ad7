import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { type Dispatcher, EnvHttpProxyAgent, Pool } from 'undici'
import { ConnectorError } from '../errors.ts'
import type { DeliveryResult, JournalEntry, LogSink } from '../ports.ts'
import { proxySecrets } from '../secrets.ts'
import { createEncoder } from './encode.ts'
import { otlpResource, SERVICE_NAME } from './resource.ts'
import { type Answer, CHECK_PROXY, readAnswer } from './response.ts'
import type { OtlpSettings } from './settings.ts'
import { wordsWithout } from './words.ts'

const compress = promisify(gzip)
/** The fastest: audit events shrink to a tenth even so. */
const GZIP_LEVEL = 1
/** An answer says little; what is beyond is not read. */
const MAX_ANSWER_BYTES = 64 * 1024

/**
 * Delivers to an OTLP endpoint by HTTP and protobuf. One call is one request (of no more than the caller hands over),
 * confirmed by its own answer.
 * `deliver` throws `STOPPED` when its signal is aborted, and nothing else for what the network may do.
 */
export function createLogSink(settings: OtlpSettings, { version }: { readonly version: string }): LogSink {
  const { url, destination, timeoutMs, compression, tls, proxy } = settings
  const encoder = createEncoder(otlpResource(version), version)
  const words = wordsWithout([...Object.values(settings.headers), ...proxySecrets([proxy.https, proxy.http])])
  const connect = { ...tls, timeout: timeoutMs }
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: proxy.http,
    httpsProxy: proxy.https,
    noProxy: proxy.none,
    allowH2: false,
    connect,
    requestTls: connect,
    connectTimeout: timeoutMs,
    // Of a proxy that takes the connection and never answers CONNECT: no signal reaches a request that waits for that.
    clientFactory: (origin, options) => new Pool(origin, { ...options, headersTimeout: timeoutMs }),
  })
  const headers = {
    'user-agent': `${SERVICE_NAME}/${version}`,
    ...settings.headers,
    'content-type': 'application/x-protobuf',
    ...(compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  }

  async function deliver(entries: readonly JournalEntry[], signal: AbortSignal): Promise<DeliveryResult> {
    throwIfStopped(signal)
    const request = encoder.encode(entries)
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const body = compression === 'gzip' ? await compress(request, { level: GZIP_LEVEL }) : request
      const answer = await post(body, AbortSignal.any([signal, deadline]))
      const result = readAnswer(answer, { destination, records: entries.length, nowMs: Date.now(), words })
      // Only then: of a refused or failed request a part may still be on its way to the socket.
      if (result.kind === 'accepted') encoder.recycle(request)
      return result
    } catch (error) {
      throwIfStopped(signal)
      const message = deadline.aborted ? `no answer within ${timeoutMs} ms` : networkMessage(error)
      return { kind: 'unavailable', retryAfterMs: undefined, message: `${destination}: ${words(message)}` }
    }
  }

  async function post(body: Buffer, signal: AbortSignal): Promise<Answer> {
    const response = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers,
      body,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
    return {
      status: response.statusCode,
      contentType: firstOf(response.headers['content-type']) ?? '',
      retryAfter: firstOf(response.headers['retry-after']),
      location: firstOf(response.headers.location),
      body: await firstBytes(response.body),
    }
  }

  return { destination, deliver, close: () => dispatcher.destroy() }
}

function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new ConnectorError('STOPPED', 'stopped while delivering to OTLP')
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header
}

async function firstBytes(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= MAX_ANSWER_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_ANSWER_BYTES)
}

/** Node's words, and the mend where it is known. */
function networkMessage(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  const said = [code, message].filter(text => text !== undefined && text !== '').join(': ')
  const mend = MENDS.find(([pattern]) => pattern.test(`${code} ${message}`))?.[1]
  return mend === undefined ? said : `${said}. ${mend}`
}

const MENDS: readonly (readonly [RegExp, string])[] = [
  [/CERT_HAS_EXPIRED/, "The endpoint's certificate must be renewed."],
  [/CERT_NOT_YET_VALID/, "The endpoint's certificate is not valid yet: compare the clocks of both machines."],
  [/ALTNAME_INVALID/, 'Give the endpoint by a name that stands in its certificate.'],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/,
    "The certificate is not trusted: set OTEL_EXPORTER_OTLP_CERTIFICATE to its authority's.",
  ],
  [/\b407\b/, CHECK_PROXY],
]
