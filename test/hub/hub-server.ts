import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { createPollingHub, DEFAULT_TIMEOUTS, type PollingHub } from '../../src/hub/client.ts'
import type { HttpSettings } from '../../src/hub/http.ts'
import { silentLogger } from '../../src/log.ts'
import type { AuditLogExport } from '../../src/ports.ts'

export const TOKEN = 'hf_testtesttesttesttest'

export interface TestServer {
  readonly origin: string
  readonly organization: Organization
  readonly requests: IncomingMessage[]
}

/** A server on a free port of 127.0.0.1 that notes its requests; closed after the test with all its connections. */
export async function startServer(t: TestContext, listener: RequestListener): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  const origin = `http://127.0.0.1:${await listen(t, server)}`
  return { origin, organization: { name: 'acme', identity: 'acme', endpoint: origin }, requests }
}

export async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

export interface ClientOptions extends Partial<HttpSettings> {
  readonly token?: () => string
  readonly now?: () => number
}

export function startClient(t: TestContext, { token, now, ...settings }: ClientOptions = {}): PollingHub {
  const client = createPollingHub(
    {
      ...DEFAULT_TIMEOUTS,
      userAgent: 'test',
      proxy: { http: '', https: '', none: '' },
      ...settings,
    },
    {
      tokenOf: async () => ({ value: token?.() ?? TOKEN, source: 'HF_TOKEN' }),
      now: now ?? Date.now,
      log: silentLogger,
    },
  )
  t.after(() => client.close())
  return client
}

export function answer(response: ServerResponse, status: number, body: string, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

/** Every element's text. */
export async function readAll(download: AuditLogExport): Promise<string[]> {
  const texts: string[] = []
  for await (const elements of download.elements) texts.push(...elements.map(({ bytes }) => bytes.toString()))
  return texts
}

export const NEVER = new AbortController().signal
