import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Answer, errorAnswer, WRONG_BODIES } from './answers.ts'
import type { AuditLog } from './audit-log.ts'
import { silence } from './delivery.ts'
import type { ExportSource } from './export-source.ts'
import { faultAnswer } from './fault-answer.ts'
import { type ActiveFault, type FaultTarget, faultOf } from './faults.ts'
import type { HubState } from './hub-state.ts'
import { parseQuery, type Query } from './query.ts'
import { hex32, mix32 } from './random.ts'
import { RateLimiter, rateLimitHeaders } from './rate-limit.ts'
import type { RequestLog, SeenRequest } from './request-log.ts'
import { send, sendBody } from './sending.ts'

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
    const seen = seenRequest(request, url, host, accepted)
    requests.add(seen)
    response.once('close', () => {
      if (seen.outcome === 'open') seen.outcome = 'cut'
    })
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
    if (token === undefined || !accepted) return answer(unauthorized(token))
    const log = route.organization === undefined ? undefined : state.find(route.organization)
    if (route.endpoint === 'export' && log === undefined) return answer(errorAnswer(404))
    const tooMany = overLimit(route, token, response)
    if (tooMany !== undefined) {
      seen.faults = ['rate-limit']
      return answer(tooMany)
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
    const instead = faultAnswer(faults, url, host)
    if (instead !== undefined) return answer(instead)

    const wrong = faultOf(faults, 'body')
    if (wrong !== undefined) {
      const body = wrong.body === 'text' ? (wrong.text ?? '') : WRONG_BODIES[wrong.body]
      const type = wrong.body === 'html' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
      return sendBody(response, seen, { 'content-type': type }, [Buffer.from(body)], faults, signal)
    }
    if (log === undefined) {
      const body = Buffer.from(JSON.stringify(settings.whoami()))
      return sendBody(
        response,
        seen,
        { 'content-type': 'application/json; charset=utf-8' },
        [body],
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

  const seenRequest = (request: IncomingMessage, url: URL, host: string, accepted: boolean): SeenRequest => ({
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
  })

  /** Sets the headers of the rate limit that holds, if one does; the 429 when it is used up. */
  const overLimit = (route: FaultTarget, token: string, response: ServerResponse): Answer | undefined => {
    const limit = state.faults.takeRateLimit(route)
    if (limit === undefined) return undefined
    const { quota, windowSeconds, retryAfter } = limit.fault
    const limiter = limiters.get(limit.id) ?? new RateLimiter()
    limiters.set(limit.id, limiter)
    const standing = limiter.count(token, quota, windowSeconds, settings.now())
    response.setHeaders(new Map(Object.entries(rateLimitHeaders(standing, quota, windowSeconds))))
    if (standing.allowed) return undefined
    return errorAnswer(429, undefined, retryAfter ? { 'retry-after': String(standing.resetSeconds) } : {})
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

function unauthorized(token: string | undefined): Answer {
  const message = token === undefined ? 'Invalid username or password.' : undefined
  return errorAnswer(401, message, { 'www-authenticate': 'Bearer realm="Authentication required"' })
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

/** Listens, or throws the system's error. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
