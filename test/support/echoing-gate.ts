import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import type { TestContext } from 'node:test'

/** How a refusal repeats what it was sent. */
export const ECHOES: Readonly<Record<string, (text: string) => string>> = {
  'as it is': text => text,
  'for a URL': encodeURIComponent,
  'in base64': text => Buffer.from(text).toString('base64'),
  'in base64, one further': text => Buffer.from(`"${text}"`).toString('base64'),
  'in base64, two further': text => Buffer.from(`{"${text}"}`).toString('base64url'),
}

export interface Gate {
  readonly port: number
  /** Whatever it is sent, it is refused with this status; undefined: what has the right header goes through. */
  refuseWith: number | undefined
  echo: keyof typeof ECHOES
  refusals(): number
}

export interface GateOptions {
  /** `http://127.0.0.1:<port>`; what goes through goes there. */
  readonly target: string
  /** Header and value that open it. */
  readonly header: string
  readonly value: string
  /** PEM, for a gate that speaks TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer }
}

/** Stands before a real server and asks for a header. What it refuses it repeats, decoded too, as some servers do. */
export async function startEchoingGate(t: TestContext, options: GateOptions): Promise<Gate> {
  const { target, header, value, tls } = options
  let refusals = 0
  const answer: RequestListener = (incoming, response) => {
    if (gate.refuseWith === undefined && incoming.headers[header] === value)
      return passOn(incoming, response, new URL(incoming.url!, target))
    refusals += 1
    return refuse(incoming, response, gate.refuseWith ?? 401, gate.echo)
  }
  const server = tls === undefined ? createServer(answer) : createHttpsServer(tls, answer)
  const gate: Gate = {
    port: await listenOn(t, server),
    refuseWith: undefined,
    echo: 'as it is',
    refusals: () => refusals,
  }
  return gate
}

/** A proxy for CONNECT and for absolute URLs that wants a login, and repeats what it was sent where it is wrong. */
export async function startEchoingProxy(t: TestContext, username: string, password: string): Promise<Gate> {
  let refusals = 0
  const right = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const isRight = ({ headers }: IncomingMessage) =>
    gate.refuseWith === undefined && headers['proxy-authorization'] === right
  const server = createServer((incoming, response) => {
    if (isRight(incoming)) return passOn(incoming, response, new URL(incoming.url!))
    refusals += 1
    return refuse(incoming, response, gate.refuseWith ?? 407, gate.echo)
  })
  server.on('connect', (incoming, client) => {
    client.on('error', () => {})
    if (!isRight(incoming)) {
      refusals += 1
      const words = wordsFor(incoming, gate.echo)
      return client.end(
        `HTTP/1.1 ${gate.refuseWith ?? 407} ${words.replace(/[^\x20-\x7e]/g, '')}\r\nx-echo: ${encodeURIComponent(words)}\r\ncontent-length: ${Buffer.byteLength(words)}\r\n\r\n${words}`,
      )
    }
    const [host, port] = incoming.url!.split(':')
    const onward = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(client).pipe(onward)
    })
    t.after(() => onward.destroy())
    return onward.on('error', () => client.destroy())
  })
  const gate: Gate = {
    port: await listenOn(t, server),
    refuseWith: undefined,
    echo: 'as it is',
    refusals: () => refusals,
  }
  return gate
}

function passOn(incoming: IncomingMessage, response: ServerResponse, target: URL): void {
  const { method, headers } = incoming
  const onward = request(target, { method, headers: { ...headers, host: target.host } }, answer => {
    response.writeHead(answer.statusCode!, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  response.on('close', () => onward.destroy())
  incoming.pipe(onward)
}

/** In the form in which the Hub, registries and collectors word their errors. */
function refuse(incoming: IncomingMessage, response: ServerResponse, status: number, echo: string): void {
  const message = wordsFor(incoming, echo)
  incoming.resume()
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-error-message': message.replace(/[^\x20-\x7e]/g, '?'),
    'x-request-id': message.replace(/[^\x20-\x7e]/g, '?').slice(0, 200),
  })
  response.end(JSON.stringify({ error: message, error_code: status * 100 + 1, message }))
}

function wordsFor({ headers }: IncomingMessage, echo: string): string {
  const sent = ['authorization', 'proxy-authorization', 'api-key'].flatMap(name => {
    const value = headers[name]
    if (typeof value !== 'string') return []
    const [scheme, basic] = value.split(' ')
    return scheme === 'Basic' ? [value, Buffer.from(basic!, 'base64').toString('utf8')] : [value]
  })
  return `no entry with ${sent.map(ECHOES[echo]!).join(' or ')}`
}

async function listenOn(t: TestContext, server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}
