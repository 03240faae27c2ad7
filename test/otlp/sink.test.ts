import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, request } from 'node:http'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { OtlpSettings } from '../../src/otlp/settings.ts'
import { createLogSink } from '../../src/otlp/sink.ts'
import type { DeliveryResult, LogSink } from '../../src/ports.ts'
import { makeCertificates } from './support/certificates.ts'
import { uidsOf } from './support/decode.ts'
import { auditRecord, eventEntries } from './support/entries.ts'
import { errorStatus, partialSuccess, type Reply, startOtlpServer } from './support/otlp-server.ts'

const never = new AbortController().signal

function sinkOf(t: TestContext, settings: OtlpSettings): LogSink {
  const sink = createLogSink(settings, { version: '1.2.3' })
  t.after(() => sink.close())
  return sink
}

/** What the sink makes of one answer to five records. */
async function resultOf(t: TestContext, reply: Reply, env?: Record<string, string>): Promise<DeliveryResult> {
  const server = await startOtlpServer(t, () => reply)
  return sinkOf(t, server.settings(env)).deliver(eventEntries(5), never)
}

test('one call is one request with all records', async t => {
  const server = await startOtlpServer(t, () => ({}))
  const sink = sinkOf(t, server.settings())
  const entries = eventEntries(300)
  assert.equal(sink.destination, `${server.origin}/v1/logs`)
  assert.deepEqual(await sink.deliver(entries, never), { kind: 'accepted', rejected: 0, message: '' })
  const [request] = server.requests
  assert.equal(server.requests.length, 1)
  assert.equal(request!.path, '/v1/logs')
  assert.equal(request!.headers['content-type'], 'application/x-protobuf')
  assert.equal(request!.headers['user-agent'], 'hf-audit-connector/1.2.3')
  assert.deepEqual(
    uidsOf(request!),
    entries.map((_, index) => auditRecord(index + 1).id),
  )
  assert.deepEqual(request!.scope, { name: 'hf-audit-connector', version: '1.2.3' })
  assert.deepEqual(request!.resource.get('service.name'), { string: 'hf-audit-connector' })
  assert.deepEqual(request!.resource.get('service.version'), { string: '1.2.3' })
})

test('no entries are an empty request', async t => {
  const server = await startOtlpServer(t, () => ({}))
  const result = await sinkOf(t, server.settings()).deliver([], never)
  assert.equal(result.kind, 'accepted')
  assert.equal(server.requests[0]!.bytes.length, 0)
  assert.equal(server.requests[0]!.headers['content-length'], '0')
})

test('headers and gzip as configured', async t => {
  const server = await startOtlpServer(t, () => ({}))
  const sink = sinkOf(
    t,
    server.settings({
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20abc,X-Tenant=one',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-tenant=two',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    }),
  )
  await sink.deliver(eventEntries(50), never)
  await sink.deliver([], never)
  const { headers, records, bytes } = server.requests[0]!
  assert.equal(headers.authorization, 'Bearer abc')
  assert.equal(headers['x-tenant'], 'two')
  assert.equal(headers['content-encoding'], 'gzip')
  assert.equal(records.length, 50)
  assert.ok(bytes.length < 10_000)
  assert.equal(server.requests[1]!.records.length, 0)
})

const classes: [Reply, Partial<DeliveryResult>][] = [
  [{ status: 202 }, { kind: 'accepted', rejected: 0 }],
  [{ status: 204 }, { kind: 'accepted', rejected: 0 }],
  [partialSuccess(2, 'two were too old'), { kind: 'accepted', rejected: 2, message: 'two were too old' }],
  [partialSuccess(99, ''), { kind: 'accepted', rejected: 5 }],
  [partialSuccess(-3, 'odd'), { kind: 'accepted', rejected: 0, message: 'odd' }],
  [
    {
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"in JSON"}}',
    },
    { kind: 'accepted', rejected: 3, message: 'in JSON' },
  ],
  [
    { headers: { 'content-type': 'application/json' }, body: '{}' },
    { kind: 'accepted', rejected: 0, message: '' },
  ],
  [
    { headers: { 'content-type': 'text/plain' }, body: 'OK' },
    { kind: 'accepted', rejected: 0, message: '' },
  ],
  [
    { ...partialSuccess(2, 'untyped'), headers: {} },
    { kind: 'accepted', rejected: 2, message: 'untyped' },
  ],
  [
    {
      headers: { 'content-type': 'application/json' },
      body: '{"partialSuccess":{"rejectedLogRecords":{},"errorMessage":{"toString":1,"valueOf":2}}}',
    },
    { kind: 'accepted', rejected: 0, message: '' },
  ],
  [
    {
      headers: { 'content-type': 'application/octet-stream' },
      body: '{"partialSuccess":{"rejectedLogRecords":"1"}}',
    },
    { kind: 'accepted', rejected: 1 },
  ],
  [
    { headers: { 'content-type': 'application/x-protobuf' }, body: Buffer.from([0x0a, 0x7f, 0x00]) },
    { kind: 'accepted', rejected: 0 },
  ],
  [
    { headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' },
    { kind: 'blocked', status: 200 },
  ],
  [errorStatus(400, 'bad record'), { kind: 'refused', status: 400, message: 'bad record' }],
  [errorStatus(413, 'too large'), { kind: 'refused', status: 413, message: 'too large' }],
  [{ status: 422 }, { kind: 'refused', status: 422, message: 'status 422' }],
  [errorStatus(429, 'slow', { 'retry-after': '7' }), { kind: 'unavailable', retryAfterMs: 7_000 }],
  [{ status: 502 }, { kind: 'unavailable', retryAfterMs: undefined }],
  [errorStatus(503, 'later', { 'retry-after': '0' }), { kind: 'unavailable', retryAfterMs: 0 }],
  [{ status: 504 }, { kind: 'unavailable' }],
  [{ status: 500, body: 'oops' }, { kind: 'unavailable' }],
  [{ status: 401 }, { kind: 'blocked', status: 401 }],
  [{ status: 403 }, { kind: 'blocked', status: 403 }],
  [
    { status: 404, body: 'no such page' },
    { kind: 'blocked', status: 404 },
  ],
  [{ status: 418 }, { kind: 'blocked', status: 418 }],
  [
    { status: 302, headers: { location: 'https://other.example/v1/logs?key=hidden' } },
    { kind: 'blocked', status: 302 },
  ],
]
for (const [reply, expected] of classes) {
  test(`${reply.status ?? 200} ${JSON.stringify(reply.headers ?? {})} is ${expected.kind}`, async t => {
    const result = await resultOf(t, reply)
    for (const [key, value] of Object.entries(expected)) {
      assert.deepEqual(result[key as keyof DeliveryResult], value, JSON.stringify(result))
    }
  })
}

test('Retry-After may be a date', async t => {
  const date = new Date(Date.now() + 60_000).toUTCString()
  const result = await resultOf(t, { status: 503, headers: { 'retry-after': date } })
  assert.ok(result.kind === 'unavailable' && result.retryAfterMs !== undefined)
  assert.ok(result.retryAfterMs > 50_000 && result.retryAfterMs <= 60_000)
})

test('a redirect is not followed: headers stay with the configured endpoint', async t => {
  const other = await startOtlpServer(t, () => ({}))
  const result = await resultOf(t, {
    status: 307,
    headers: { location: `${other.origin}/v1/logs?key=hidden` },
  })
  assert.equal(other.requests.length, 0)
  assert.ok(
    result.kind === 'blocked' && result.message.includes(`redirects to ${other.origin}/v1/logs (307)`),
  )
  assert.ok(!result.message.includes('hidden'))
})

test('a message is one short line without our secrets', async t => {
  const env = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20s3cret%2Btoken,x-org=1' }
  const body = `no\r\nentry \u001b[31mfor\u202e "Bearer s3cret+token" s3cret%2Btoken of org 1 at 2101 ${'x'.repeat(1_000_000)}`
  const result = await resultOf(t, { status: 401, headers: { 'content-type': 'text/plain' }, body }, env)
  assert.ok(result.kind === 'blocked')
  assert.match(result.message, /answered 401: no entry \[31mfor "\*\*\*" \*\*\* of org \*\*\* at 2101 x+…/)
  assert.doesNotMatch(result.message, /s3cret|\p{C}/u)
  assert.ok(result.message.length < 1_000)
})

test('a reset, a refused connection and a broken answer are unavailable', async t => {
  const reset = await startOtlpServer(t, (_, response) => void response.socket!.resetAndDestroy())
  assert.equal((await sinkOf(t, reset.settings()).deliver(eventEntries(1), never)).kind, 'unavailable')
  const cut = await startOtlpServer(t, (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('abc', () => response.socket!.destroy())
    return undefined
  })
  assert.equal((await sinkOf(t, cut.settings()).deliver(eventEntries(1), never)).kind, 'unavailable')
  const listener = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => listener.once('listening', resolve))
  const { port } = listener.address() as { port: number }
  await new Promise(resolve => listener.close(resolve))
  const settings = { ...cut.settings(), url: new URL(`http://127.0.0.1:${port}/v1/logs`) }
  const refused = await sinkOf(t, settings).deliver(eventEntries(1), never)
  assert.ok(refused.kind === 'unavailable' && refused.message.includes('ECONNREFUSED'))
})

test('silence is unavailable after the time-out', async t => {
  const server = await startOtlpServer(t, () => undefined)
  const sink = sinkOf(t, server.settings({ OTEL_EXPORTER_OTLP_TIMEOUT: '150' }))
  const result = await sink.deliver(eventEntries(1), never)
  assert.ok(result.kind === 'unavailable' && result.message.includes('no answer within 150 ms'))
})

test('an answer that trickles without end is cut off by the time-out', async t => {
  const server = await startOtlpServer(t, (_, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('.'), 20)
    response.once('close', () => clearInterval(timer))
    return undefined
  })
  const sink = sinkOf(t, server.settings({ OTEL_EXPORTER_OTLP_TIMEOUT: '200' }))
  assert.equal((await sink.deliver(eventEntries(1), never)).kind, 'unavailable')
})

test('an abort ends a request at once with STOPPED', async t => {
  const abort = new AbortController()
  const server = await startOtlpServer(t, () => void abort.abort())
  const delivery = sinkOf(t, server.settings()).deliver(eventEntries(1), abort.signal)
  await assert.rejects(delivery, { code: 'STOPPED' })
  await assert.rejects(sinkOf(t, server.settings()).deliver([], abort.signal), { code: 'STOPPED' })
})

test('an own authority and a client certificate', async t => {
  const { ca, server: serverPair, client } = makeCertificates()
  const folder = mkdtempSync(join(tmpdir(), 'otlp-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const server = await startOtlpServer(t, () => ({}), {
    ...serverPair,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const authority = { OTEL_EXPORTER_OTLP_CERTIFICATE: file('ca.pem', ca) }
  const identity = {
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem', client.cert),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('client.key', client.key),
  }
  const both = await sinkOf(t, server.settings({ ...authority, ...identity })).deliver(eventEntries(2), never)
  assert.deepEqual(both, { kind: 'accepted', rejected: 0, message: '' })

  const anonymous = await sinkOf(t, server.settings(authority)).deliver(eventEntries(2), never)
  assert.equal(anonymous.kind, 'unavailable')
  const distrustful = await sinkOf(t, server.settings(identity)).deliver(eventEntries(2), never)
  assert.ok(
    distrustful.kind === 'unavailable' && distrustful.message.includes('OTEL_EXPORTER_OTLP_CERTIFICATE'),
  )
  assert.equal(server.requests.length, 1)
})

/** A forward proxy on loopback that tunnels and relays, and the targets it was asked for. */
async function startProxy(t: TestContext): Promise<{ readonly url: string; readonly targets: string[] }> {
  const targets: string[] = []
  const proxy = createHttpServer((incoming, response) => {
    targets.push(`${incoming.method} ${incoming.url} ${incoming.headers['proxy-authorization']}`)
    const onward = request(incoming.url!, { method: incoming.method!, headers: incoming.headers }, answer => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    incoming.pipe(onward)
  })
  proxy.on('connect', (incoming, socket: Socket, head) => {
    targets.push(`CONNECT ${incoming.url} ${incoming.headers['proxy-authorization']}`)
    const [host, port] = incoming.url!.split(':')
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.write(head)
      onward.pipe(socket).pipe(onward)
    })
    for (const end of [socket, onward]) end.on('error', () => {})
    t.after(() => void onward.destroy())
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    proxy.closeAllConnections()
    proxy.close()
  })
  return { url: `http://user:pass@127.0.0.1:${(proxy.address() as AddressInfo).port}`, targets }
}

test('through the proxy of the environment, with TLS to the endpoint behind it', async t => {
  const proxy = await startProxy(t)
  const basic = `Basic ${Buffer.from('user:pass').toString('base64')}`
  const plain = await startOtlpServer(t, () => ({}))
  const viaHttp = plain.settings({ HTTP_PROXY: proxy.url })
  assert.equal((await sinkOf(t, viaHttp).deliver(eventEntries(1), never)).kind, 'accepted')
  const { ca, server: pair } = makeCertificates()
  const secure = await startOtlpServer(t, () => ({}), pair)
  const viaTunnel = { ...secure.settings({ HTTPS_PROXY: proxy.url }), tls: { ca } }
  assert.equal((await sinkOf(t, viaTunnel).deliver(eventEntries(1), never)).kind, 'accepted')
  assert.deepEqual(proxy.targets, [
    `POST ${plain.origin}/v1/logs ${basic}`,
    `CONNECT ${secure.origin.replace('https://', '')} ${basic}`,
  ])
  const direct = plain.settings({ HTTP_PROXY: proxy.url, NO_PROXY: '127.0.0.1' })
  assert.equal((await sinkOf(t, direct).deliver(eventEntries(1), never)).kind, 'accepted')
  assert.equal(proxy.targets.length, 2)
})

test('a proxy that takes the connection and never answers holds a delivery no longer than the time-out', async t => {
  const mute = createServer(socket => socket.on('error', () => {}))
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  const sockets = new Set<Socket>()
  mute.on('connection', socket => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    mute.close()
  })
  const server = await startOtlpServer(t, () => ({}))
  const settings = server.settings({ OTEL_EXPORTER_OTLP_TIMEOUT: '1000' })
  const url = new URL('https://127.0.0.1:1/v1/logs')
  const proxy = {
    ...settings.proxy,
    https: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    none: '',
  }
  const result = await sinkOf(t, { ...settings, url, proxy }).deliver(eventEntries(1), never)
  assert.equal(result.kind, 'unavailable')
  assert.match((result as { message: string }).message, /no answer within 1000 ms/)
})
