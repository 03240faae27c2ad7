import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type Answer, errorAnswer, WRONG_BODIES } from './answers.ts'
import { routeOf } from './api/routing.ts'
import { callerOf } from './caller.ts'
import { silence } from './delivery.ts'
import { faultAnswer } from './fault-answer.ts'
import { type FaultOf, type FaultTarget, faultOf } from './faults.ts'
import type { HubState } from './hub-state.ts'
import { RateLimiter, rateLimitHeaders } from './rate-limit.ts'
import { type ReplySettings, replyTo } from './reply.ts'
import { bearerToken, readBody, seenRequest } from './request.ts'
import type { RequestLog } from './request-log.ts'
import { send, sendBody } from './sending.ts'

export interface ServerSettings extends ReplySettings {
  /** The only token accepted beside those of service accounts; undefined: any. */
  readonly token: string | undefined
  /** Handles `/_control/…`. */
  readonly control: (method: string, name: string, body: string) => Answer
}

const CONTROL_PATH = '/_control/'
const CONTROL_BODY_BYTES = 16 << 20

/** An HTTP server that answers as the Hub would, faults included. Not yet listening. */
export function createHubServer(state: HubState, requests: RequestLog, settings: ServerSettings): Server {
  const limiters = new Map<number, RateLimiter>()

  const handle = async (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => {
    const host = request.headers.host ?? '127.0.0.1'
    const url = URL.parse(request.url ?? '/', `http://${host}`)
    if (url === null) return send(response, errorAnswer(400))
    if (url.pathname.startsWith(CONTROL_PATH)) {
      const body = await readBody(request, CONTROL_BODY_BYTES)
      const name = url.pathname.slice(CONTROL_PATH.length)
      return send(
        response,
        body === undefined
          ? errorAnswer(413, 'A control takes 16 MiB at most')
          : settings.control(request.method ?? 'GET', name, body),
      )
    }

    const token = bearerToken(request)
    const caller = token === undefined ? undefined : callerOf(state, token, settings.token)
    const authorization =
      request.headers.authorization === undefined ? 'none' : caller === undefined ? 'refused' : 'accepted'
    const seen = seenRequest(request, {
      url,
      host,
      authorization,
      before: requests.total,
      nowMs: settings.now(),
    })
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

    const match = routeOf(seen.method, url.pathname)
    if (match === undefined)
      return answer(errorAnswer(404, "Sorry, we can't find the page you are looking for."))
    const { endpoint } = match.route
    if (caller === undefined && endpoint !== 'credentials') return answer(unauthorized(token))
    const { name, namespace } = match.path
    if (name !== undefined && state.findOrganization(name) === undefined) return answer(errorAnswer(404))
    const target = { endpoint, organization: name ?? namespace }
    const tooMany = overLimit(target, token ?? '', response)
    if (tooMany !== undefined) {
      seen.faults = ['rate-limit']
      return answer(tooMany)
    }

    const faults = state.faults.take(target)
    seen.faults = faults.map(({ fault }) => fault.kind)
    const stall = faultOf(faults, 'stall')
    if (stall?.at === 'before-headers') await silence(stall.forMs, signal)
    const reset = faultOf(faults, 'reset')
    if (reset?.afterBytes === 0) {
      seen.outcome = 'cut'
      request.socket.resetAndDestroy()
      return
    }
    const instead = faultAnswer(faults, endpoint, url, host)
    if (instead !== undefined) return answer(instead)

    const wrong = faultOf(faults, 'body')
    const reply =
      wrong === undefined
        ? await replyTo(state, settings, { match, caller, url, request, faults })
        : wrongBody(wrong)
    // What went well is subject to the faults of the connection.
    if ('chunks' in reply) return sendBody(response, seen, reply, reply.chunks, faults, signal)
    if (reply.status >= 300) return answer(reply)
    return sendBody(response, seen, reply, [Buffer.from(reply.body)], faults, signal)
  }

  /** Sets the headers of the rate limit that holds, if one does; the 429 when it is used up. */
  const overLimit = (target: FaultTarget, token: string, response: ServerResponse): Answer | undefined => {
    const limit = state.faults.takeRateLimit(target)
    if (limit === undefined) return undefined
    const { quota, windowSeconds, retryAfter } = limit.fault
    const limiter = limiters.get(limit.id) ?? new RateLimiter()
    limiters.set(limit.id, limiter)
    const standing = limiter.count(token, quota, windowSeconds, settings.now())
    response.setHeaders(new Map(Object.entries(rateLimitHeaders(standing, quota, windowSeconds))))
    if (standing.allowed) return undefined
    return errorAnswer(429, undefined, retryAfter ? { 'retry-after': String(standing.resetSeconds) } : {})
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

function wrongBody({ body, text }: FaultOf<'body'>): Answer {
  const type = body === 'html' ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8'
  return {
    status: 200,
    headers: { 'content-type': type },
    body: body === 'text' ? (text ?? '') : WRONG_BODIES[body],
  }
}

/** Listens, or throws the system's error. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}
