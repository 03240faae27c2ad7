import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { asConnectorError, ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { type Asker, isLoopbackAddress, type Refusal, refusedHost, refusedStatus } from './access.ts'
import { type Answer, plainText, type Route } from './route.ts'

export interface AdminServerSettings {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** A secret. */
  readonly statusPassword: string | undefined
}

export interface AdminServer {
  /** With the port that it has: `http://127.0.0.1:9464/`. */
  readonly url: string
  close(): Promise<void>
}

const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 5_000
const MAX_CONNECTIONS = 200

const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

/** Serves the routes, to whom they may be shown. Throws `CONFIG_INVALID` when it cannot listen. */
export async function startAdminServer(
  settings: AdminServerSettings,
  routes: readonly Route[],
  log: Logger,
): Promise<AdminServer> {
  const byPath = new Map(routes.map(route => [route.path, route]))
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (request, response) => {
      void answerTo(request)
        .catch((error: unknown) => {
          log.error({ path: pathOf(request) }, `admin server: ${asConnectorError(error).message}`)
          return plainText(500, 'This could not be answered; the log of the connector says why.')
        })
        .then(answer => send(request, response, answer))
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  await listen(settings)

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return { ...plainText(405, 'Only GET and HEAD are answered here.'), headers: { allow: 'GET, HEAD' } }
    }
    const route = byPath.get(pathOf(request))
    if (route === undefined)
      return plainText(404, `Nothing is here. There are ${[...byPath.keys()].join(', ')}.`)
    const refusal = refusalFor(route, askerOf(request), settings.statusPassword)
    if (refusal === undefined) return route.answer()
    const challenge = { 'www-authenticate': 'Basic realm="hf-audit", charset="UTF-8"' }
    return {
      ...plainText(refusal.status, refusal.message),
      ...(refusal.status === 401 ? { headers: challenge } : {}),
    }
  }

  function listen({ host, port }: AdminServerSettings): Promise<void> {
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)))
      server.listen({ host, port }, resolve)
    })
  }

  return {
    url: urlOf(server.address() as AddressInfo),
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

function refusalFor({ access }: Route, asker: Asker, password: string | undefined): Refusal | undefined {
  if (access === 'anyone') return undefined
  return access === 'status' ? refusedStatus(asker, password) : refusedHost(asker)
}

function askerOf({ headers, socket }: IncomingMessage): Asker {
  return {
    host: headers.host,
    isLoopback: isLoopbackAddress(socket.remoteAddress),
    authorization: headers.authorization,
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0]!
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, contentType, body, headers = {} } = answer
  response.writeHead(status, {
    ...COMMON_HEADERS,
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): ConnectorError {
  const place = `HF_AUDIT_ADMIN_ADDRESS: ${host} port ${port}`
  const mend = 'Set another address, port 0 for any free one, or off.'
  const words: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is in use by another program, perhaps another worker on this machine',
    EACCES: 'may not be opened by this user',
    EADDRNOTAVAIL: 'is no address of this machine',
    ENOTFOUND: 'is a name that is not known here',
  }
  const what = words[error.code ?? ''] ?? `cannot be opened (${error.code ?? error.message})`
  return new ConnectorError('CONFIG_INVALID', `${place} ${what}. ${mend}`, { cause: error })
}
