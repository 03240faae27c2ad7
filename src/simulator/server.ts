import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Answer, errorAnswer, htmlAnswer, WRONG_BODIES } from './answers.ts'
import type { AuditLog } from './audit-log.ts'
import { deliver, type Ending, silence } from './delivery.ts'
import type { ExportSource } from './export-source.ts'
import { type ActiveFault, type FaultTarget, faultOf } from './faults.ts'
import type { HubState } from './hub-state.ts'
import { parseQuery, type Query } from './query.ts'
import { hex32, mix32 } from './random.ts'
import { RateLimiter, rateLimitHeaders } from './rate-limit.ts'
import type { RequestLog, SeenRequest } from './request-log.ts'

export interface ServerSettings {
  /** The only token accepted; undefined: any. */
  readonly token: string | undefined
  readonly gzip: boolean
  readonly exportEvents: boolean
  readonly now: () => number
  readonly whoami: () => object
  /** Handles `/_control/…`. */
  readonly control: (method: string, name: string, body: string) => Answer
  readonly source: ExportSource
}

const EXPORT_PATH = /^\/api\/organizations\/([^/]+)\/audit-log\/export$/
const CONTROL_PATH = '/_control/'
const CONTROL_BODY_BYTES = 16 << 20

/** An HTTP server that answers as the Hub would, faults included. Not yet listening. */
export function createHubServer(state: HubState, requests: RequestLog, settings: ServerSettings): Server {
  const limiters = new Map<number, RateLimiter>()
  const { source } = settings

  const handle = async (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
    const host = request.headers.host ?? '127.0.0.1'
    const url = URL.parse(request.url ?? '/', `http://${host}`)
    if (url === null) return send(response, errorAnswer(400))
    if (url.pathname.startsWith(CONTROL_PATH)) {
      const body = await readBody(request)
      const name = url.pathname.slice(CONTROL_PATH.length)
      return send(
        response,
        body === undefined
          ? errorAnswer(413, 'A control takes 16 MiB at most')
          : settings.control(request.method ?? 'GET', name, body),
      )
    }

    const token = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const accepted = token !== undefined && (settings.token === undefined || settings.token === token)
    const seen: SeenRequest = {
      atMs: settings.now(),
      method: request.method ?? 'GET',
      path: url.pathname + url.search,
      host,
      authorization: request.headers.authorization === undefined ? 'none' : accepted ? 'accepted' : 'refused',
      userAgent: request.headers['user-agent'],
      acceptEncoding: request.headers['accept-encoding']?.toString(),
      requestId: requestId(requests.total + 1),
      faults: [],
      status: undefined,
      bytes: 0,
      outcome: 'open',
    }
    requests.add(seen)
    response.setHeader('x-request-id', seen.requestId)
    const answer = (value: Answer) => {
      seen.status = value.status
      seen.bytes = Buffer.byteLength(value.body)
      seen.outcome = 'complete'
      send(response, value)
    }

    const route = routeOf(seen.method, url.pathname)
    if (route === undefined)
      return answer(errorAnswer(404, "Sorry, we can't find the page you are looking for."))
    if (!accepted) {
      const message = token === undefined ? 'Invalid username or password.' : undefined
      return answer(
        errorAnswer(401, message, { 'www-authenticate': 'Bearer realm="Authentication required"' }),
      )
    }
    const log = route.organization === undefined ? undefined : state.find(route.organization)
    if (route.endpoint === 'export' && log === undefined) return answer(errorAnswer(404))

    const limit = state.faults.takeRateLimit(route)
    if (limit !== undefined) {
      const { quota, windowSeconds, retryAfter } = limit.fault
      const limiter = limiters.get(limit.id) ?? new RateLimiter()
      limiters.set(limit.id, limiter)
      const standing = limiter.count(token, quota, windowSeconds, settings.now())
      const headers = rateLimitHeaders(standing, quota, windowSeconds)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      if (!standing.allowed) {
        seen.faults = ['rate-limit']
        return answer(
          errorAnswer(429, undefined, retryAfter ? { 'retry-after': String(standing.resetSeconds) } : {}),
        )
      }
    }

    const faults = state.faults.take(route)
    seen.faults = faults.map(({ fault }) => fault.kind)
    const stall = faultOf(faults, 'stall')
    if (stall?.at === 'before-headers') await silence(stall.forMs, signal)
    const reset = faultOf(faults, 'reset')
    if (reset?.afterBytes === 0) {
      seen.outcome = 'cut'
      request.socket.resetAndDestroy()
      return
    }
    const instead = answerOf(faults, url, host)
    if (instead !== undefined) return answer(instead)

    const wrong = faultOf(faults, 'body')
    if (wrong !== undefined) {
      const body = wrong.body === 'text' ? (wrong.text ?? '') : WRONG_BODIES[wrong.body]
      const type = wrong.body === 'html' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
      return sendBody(response, seen, { 'content-type': type }, [Buffer.from(body)], faults, signal)
    }
    if (log === undefined) {
      const headers = { 'content-type': 'application/json; charset=utf-8' }
      return sendBody(
        response,
        seen,
        headers,
        [Buffer.from(JSON.stringify(settings.whoami()))],
        faults,
        signal,
      )
    }

    const q = url.searchParams.get('q')
    const query = q === null || q === '' ? undefined : parseQuery(q)
    if (query === undefined && q !== null && q !== '') {
      return answer(
        errorAnswer(400, 'Invalid query: q must be author:<name>, ip:<address> or type:<event type>'),
      )
    }
    await sendExport(response, seen, route.organization!, log, query, faults, request, signal)
  }

  const sendExport = async (
    response: ServerResponse,
    seen: SeenRequest,
    organization: string,
    log: AuditLog,
    query: Query | undefined,
    faults: readonly ActiveFault[],
    request: IncomingMessage,
    signal: AbortSignal,
  ) => {
    const gzip = settings.gzip && acceptsGzip(request.headers['accept-encoding'])
    const { chunks, size } = await source.open({ log, query, faults, gzip })
    if (settings.exportEvents) state.appendExportEvent(log)
    const day = new Date(settings.now()).toISOString().slice(0, 10)
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="${organization}-audit-log-${day}.json"`,
      ...(settings.gzip && { vary: 'Accept-Encoding' }),
      ...(gzip && { 'content-encoding': 'gzip' }),
      ...(size !== undefined && { 'content-length': String(size) }),
    }
    await sendBody(response, seen, headers, chunks, faults, signal)
  }

  return createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    const closed = new AbortController()
    response.once('close', () => closed.abort())
    handle(request, response, closed.signal).catch((error: unknown) => {
      // A client that went away, or a stop: nobody is left to tell.
      if (closed.signal.aborted || response.headersSent) response.destroy()
      else send(response, errorAnswer(500, error instanceof Error ? error.message : String(error)))
    })
  })
}

function routeOf(method: string, path: string): FaultTarget | undefined {
  if (method !== 'GET') return undefined
  if (path === '/api/whoami-v2') return { endpoint: 'whoami', organization: undefined }
  const name = EXPORT_PATH.exec(path)?.[1]
  if (name === undefined) return undefined
  try {
    return { endpoint: 'export', organization: decodeURIComponent(name) }
  } catch {
    return undefined
  }
}

function answerOf(faults: readonly ActiveFault[], url: URL, host: string): Answer | undefined {
  const status = faultOf(faults, 'status')
  if (status !== undefined) {
    const plain = status.html
      ? htmlAnswer(status.status, status.message ?? 'The service is unavailable')
      : errorAnswer(status.status, status.message)
    const retryAfter = status.retryAfter === undefined ? {} : { 'retry-after': String(status.retryAfter) }
    return { ...plain, headers: { ...plain.headers, ...retryAfter, ...lowerCased(status.headers ?? {}) } }
  }
  const redirect = faultOf(faults, 'redirect')
  if (redirect === undefined) return undefined
  const location =
    redirect.to === 'same-origin'
      ? url.pathname + url.search
      : redirect.to === 'other-origin'
        ? `http://${otherName(host)}${url.pathname}${url.search}`
        : redirect.to
  return { status: redirect.status, headers: { location, 'content-type': 'text/plain' }, body: 'Moved' }
}

/** The same server under a name that makes it another origin. */
function otherName(host: string): string {
  const port = /:(\d+)$/.exec(host)?.[0] ?? ''
  return host.startsWith('localhost') ? `127.0.0.1${port}` : `localhost${port}`
}

async function sendBody(
  response: ServerResponse,
  seen: SeenRequest,
  headers: Record<string, string>,
  chunks: Iterable<Buffer> | AsyncIterable<Buffer>,
  faults: readonly ActiveFault[],
  signal: AbortSignal,
): Promise<void> {
  const truncate = faultOf(faults, 'truncate')
  const promised = truncate === undefined || truncate.framing === 'chunked' ? undefined : truncate
  const { 'content-length': size, ...rest } = headers
  const length =
    promised === undefined
      ? truncate === undefined
        ? size
        : undefined
      : String(promised.afterBytes + (promised.framing === 'content-length-too-long' ? 1_000 : 0))
  response.writeHead(200, length === undefined ? rest : { ...rest, 'content-length': length })
  response.flushHeaders()
  seen.status = 200

  const wire = deliver(chunks, faults, signal)
  let ending: Ending = 'end'
  try {
    for (;;) {
      const step = await wire.next()
      if (step.done === true) {
        ending = step.value
        break
      }
      await written(response, step.value, signal)
      seen.bytes += step.value.length
    }
  } finally {
    seen.outcome = 'cut'
    await wire.return('close')
  }
  if (promised !== undefined && seen.bytes < promised.afterBytes) ending = 'close'
  if (ending === 'reset') response.socket?.resetAndDestroy()
  else if (ending === 'close') response.destroy()
  else {
    seen.outcome = 'complete'
    response.end()
  }
}

/** Resolves when the connection has taken the chunk, so that it may be used again: backpressure in one place. */
function written(response: ServerResponse, chunk: Buffer, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(signal.reason)
    if (signal.aborted) return gone()
    signal.addEventListener('abort', gone, { once: true })
    response.write(chunk, error => {
      signal.removeEventListener('abort', gone)
      if (error) reject(error)
      else resolve()
    })
  })
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > CONTROL_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** In the form of the Hub's: told apart by a number, the same in every run. */
function requestId(n: number): string {
  return `Root=1-${hex32(mix32(n))}-${hex32(n).padStart(24, '0')}`
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /(^|,)\s*(gzip|\*)\s*(;\s*q=(?!0(\.0*)?\s*(,|$))[^,]*)?(,|$)/i.test(String(header ?? ''))
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Listens, or throws the system's error. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
