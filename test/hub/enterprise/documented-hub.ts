import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { listen, TOKEN } from '../hub-server.ts'
import { OPERATIONS, type Operation } from './document.ts'
import { exampleOf } from './examples.ts'

export interface Received {
  /** The documented operation's id; method and path of a request that the document does not know. */
  readonly operation: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  readonly headers: IncomingMessage['headers']
}

export interface DocumentedHub {
  readonly endpoint: string
  readonly received: Received[]
  /** What was sent against the document. */
  readonly violations: string[]
}

export interface Reply {
  readonly status: number
  /** JSON, or text as it is; nothing is sent when undefined. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A Hub that holds every request against the document and answers each operation with its documented success. `reply`
 * may answer otherwise.
 */
export async function startDocumentedHub(
  t: TestContext,
  reply: (received: Received, response: ServerResponse) => Reply | undefined = () => undefined,
): Promise<DocumentedHub> {
  const received: Received[] = []
  const violations: string[] = []
  const server = createServer(async (request, response) => {
    const text = await textOf(request)
    const url = new URL(request.url!, 'http://localhost')
    const operation = OPERATIONS.find(
      ({ method, pathPattern }) => method === request.method && pathPattern.test(url.pathname),
    )
    const one: Received = {
      operation: operation?.id ?? `${request.method} ${url.pathname}`,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      body: text === '' ? undefined : JSON.parse(text),
      headers: request.headers,
    }
    received.push(one)
    violations.push(...violationsOf(operation, one).map(what => `${one.operation}: ${what}`))
    const { status, body, headers } = reply(one, response) ?? successOf(operation)
    if (response.destroyed || response.headersSent) return
    response.writeHead(status, {
      ...(typeof body === 'object' ? { 'content-type': 'application/json' } : {}),
      'x-request-id': 'Root=1-test',
      ...headers,
    })
    response.end(typeof body === 'object' ? JSON.stringify(body) : body)
  })
  return { endpoint: `http://127.0.0.1:${await listen(t, server)}`, received, violations }
}

function successOf(operation: Operation | undefined): Reply {
  if (operation === undefined) return { status: 404, body: { error: 'not in the document' } }
  const status = operation.status ?? 200
  return status === 204 ? { status } : { status, body: exampleOf(operation.id) }
}

function violationsOf(operation: Operation | undefined, { query, body, headers }: Received): string[] {
  if (operation === undefined) return ['not in the document']
  const found: string[] = []
  for (const [name, value] of Object.entries(query)) {
    const validate = operation.query.get(name)
    if (validate === undefined) found.push(`query parameter ${name} is not in the document`)
    else if (!validate({ value })) found.push(`query parameter ${name} cannot be ${value}`)
  }
  if (operation.body === undefined && body !== undefined) found.push('a body that the document does not have')
  if (operation.body !== undefined && !operation.body(body))
    found.push(`body ${JSON.stringify(operation.body.errors)}`)
  if (body !== undefined && headers['content-type'] !== 'application/json') found.push('not sent as JSON')
  const authorization = operation.needsToken ? `Bearer ${TOKEN}` : undefined
  if (headers.authorization !== authorization) found.push('authorization')
  return found
}

async function textOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}
