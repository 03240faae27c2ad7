import type { IncomingMessage } from 'node:http'
import { hex32, mix32 } from './random.ts'
import type { SeenRequest } from './request-log.ts'

/** The bearer token of a request; undefined where it has none. */
export function bearerToken({ headers }: IncomingMessage): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** The whole body as text; undefined when it is longer than that. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length <= maxBytes) chunks.push(chunk)
  }
  // Read to its end all the same: to leave early would close the connection before the answer.
  if (length > maxBytes) return undefined
  return Buffer.concat(chunks).toString('utf8')
}

export interface SeenAs {
  readonly url: URL
  readonly host: string
  readonly authorization: SeenRequest['authorization']
  /** How many requests came before. */
  readonly before: number
  readonly nowMs: number
}

/** What is noted of a request that is not yet answered. */
export function seenRequest(request: IncomingMessage, as: SeenAs): SeenRequest {
  const { url, host, authorization, before, nowMs } = as
  return {
    atMs: nowMs,
    method: request.method ?? 'GET',
    path: url.pathname + url.search,
    host,
    authorization,
    userAgent: request.headers['user-agent'],
    acceptEncoding: request.headers['accept-encoding']?.toString(),
    requestId: requestId(before + 1),
    faults: [],
    status: undefined,
    bytes: 0,
    outcome: 'open',
  }
}

/** In the form of the Hub's: told apart by a number, the same in every run. */
function requestId(n: number): string {
  return `Root=1-${hex32(mix32(n))}-${hex32(n).padStart(24, '0')}`
}

export function acceptsGzip({ headers }: IncomingMessage): boolean {
  const accepted = String(headers['accept-encoding'] ?? '')
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[^,]*)?(,|$)/i.test(accepted)
}
