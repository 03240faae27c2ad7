import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type OtlpSettings, otlpSettings } from '../../../src/otlp/settings.ts'
import { type DecodedRequest, decodeExportRequest } from './decode.ts'

export interface ReceivedRequest extends DecodedRequest {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  /** As it came, compressed if it was. */
  readonly bytes: Buffer
}

export interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}

/** Undefined: the handler answers by itself, or never. */
export type Handler = (request: ReceivedRequest, response: ServerResponse) => Reply | undefined

export interface OtlpServer {
  /** `http://127.0.0.1:<port>` or with https. */
  readonly origin: string
  readonly requests: ReceivedRequest[]
  /** Settings for this server, with more variables if given. */
  settings(env?: Record<string, string>): OtlpSettings
}

/** A real server on loopback that decodes what it gets. */
export async function startOtlpServer(
  t: TestContext,
  handle: Handler,
  tls?: ServerOptions,
): Promise<OtlpServer> {
  const requests: ReceivedRequest[] = []
  const listener = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming) chunks.push(chunk)
    } catch {
      return // The client went away.
    }
    const bytes = Buffer.concat(chunks)
    const plain = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
    const request = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      bytes,
      ...decodeExportRequest(plain),
    }
    requests.push(request)
    const reply = handle(request, response)
    if (reply !== undefined) response.writeHead(reply.status ?? 200, reply.headers).end(reply.body)
  }
  const server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener)
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const origin = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`
  return {
    origin,
    requests,
    settings: env => otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: origin, ...env })!,
  }
}

/** Protobuf of an ExportLogsServiceResponse with a partial success. */
export function partialSuccess(rejected: number, message: string): Reply {
  const text = Buffer.from(message)
  const inner = Buffer.concat([
    Buffer.from([0x08, ...varint(BigInt(rejected)), 0x12, ...varint(BigInt(text.length))]),
    text,
  ])
  const body = Buffer.concat([Buffer.from([0x0a, ...varint(BigInt(inner.length))]), inner])
  return { headers: { 'content-type': 'application/x-protobuf' }, body }
}

/** Protobuf of a google.rpc.Status, the body of an error. */
export function errorStatus(status: number, message: string, headers: Record<string, string> = {}): Reply {
  const text = Buffer.from(message)
  const body = Buffer.concat([Buffer.from([0x08, 3, 0x12, ...varint(BigInt(text.length))]), text])
  return { status, headers: { 'content-type': 'application/x-protobuf', ...headers }, body }
}

function varint(value: bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return [...bytes, Number(rest)]
}
