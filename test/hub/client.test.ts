import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import type { ConnectorError } from '../../src/errors.ts'
import { userAgentOf } from '../../src/hub/client.ts'
import { answer, NEVER, readAll, startClient, startServer, TOKEN } from './hub-server.ts'

const BODY = JSON.stringify(
  Array.from({ length: 2000 }, (_, i) => ({ _id: `id${i}`, message: 'é'.repeat(i % 50) })),
)
const ELEMENTS: string[] = JSON.parse(BODY).map((element: unknown) => JSON.stringify(element))

test('one export: the request, the elements, the counts', async t => {
  const hub = await startServer(t, (_, response) =>
    answer(response, 200, BODY, { 'content-length': Buffer.byteLength(BODY) }),
  )
  const client = startClient(t, { userAgent: userAgentOf('1.2.3', 'acme'), now: () => 42 })
  const organization = { ...hub.organization, name: 'a/b ü', endpoint: `${hub.origin}/hub` }
  const download = await client.exportAuditLog(organization, NEVER)
  assert.equal(download.receivedAtMs, 42)
  assert.deepEqual(await readAll(download), ELEMENTS)
  assert.equal(download.bodyBytes(), Buffer.byteLength(BODY))
  assert.equal(download.wireBytes(), Buffer.byteLength(BODY))
  assert.equal(download.expectedWireBytes, Buffer.byteLength(BODY))
  const [request] = hub.requests
  assert.equal(request!.method, 'GET')
  assert.equal(request!.url, '/hub/api/organizations/a%2Fb%20%C3%BC/audit-log/export')
  assert.equal(request!.headers.authorization, `Bearer ${TOKEN}`)
  assert.equal(request!.headers.accept, 'application/json')
  assert.match(
    request!.headers['user-agent']!,
    /^hf-audit-connector\/1\.2\.3; node\/\d+\.\d+\.\d+; origin\/acme$/,
  )
  for (const name of ['.', '..', '']) {
    await assert.rejects(client.exportAuditLog({ ...organization, name }, NEVER), { code: 'CONFIG_INVALID' })
  }
  assert.equal(hub.requests.length, 1)
})

test('compressed bodies; one that breaks off or lies is broken', async t => {
  const encoded = {
    gzip: gzipSync(BODY),
    'x-gzip': gzipSync(BODY),
    br: brotliCompressSync(BODY),
    deflate: deflateSync(BODY),
    zstd: zstdCompressSync(BODY),
    'gzip, identity, br': brotliCompressSync(gzipSync(BODY)),
  }
  let encoding = ''
  let bytes = Buffer.alloc(0)
  const hub = await startServer(t, (_, response) =>
    response.writeHead(200, { 'content-encoding': encoding }).end(bytes),
  )
  const client = startClient(t)
  const get = async (): Promise<string[]> => readAll(await client.exportAuditLog(hub.organization, NEVER))
  for (const [name, whole] of Object.entries(encoded)) {
    encoding = name
    bytes = whole
    const download = await client.exportAuditLog(hub.organization, NEVER)
    assert.deepEqual(await readAll(download), ELEMENTS, name)
    assert.equal(download.wireBytes(), whole.length)
    assert.equal(download.bodyBytes(), Buffer.byteLength(BODY))
    for (const length of [0, 5, whole.length >> 1, whole.length - 9, whole.length - 1]) {
      bytes = whole.subarray(0, length)
      await assert.rejects(get(), { code: 'HUB_BODY_BROKEN', retryable: true }, `${name} ${length}`)
    }
    bytes = Buffer.from(BODY)
    await assert.rejects(get(), { code: 'HUB_BODY_BROKEN', retryable: true }, name)
  }
  encoding = 'compress'
  await assert.rejects(get(), /a compression that was not asked for; zstd, gzip, br are understood/)
  assert.match(hub.requests[0]!.headers['accept-encoding']!, /gzip, br/)
})

test('a body that unpacks to a thousand times its size is read in bounded memory', async t => {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  const element = `"${'x'.repeat(1_000_000)}"`
  const bomb = gzipSync(`[${Array(60).fill(element)}]`)
  assert.ok(bomb.length < 100_000)
  const hub = await startServer(t, (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
  })
  const download = await startClient(t).exportAuditLog(hub.organization, NEVER)
  let count = 0
  let before = 0
  for await (const elements of download.elements) {
    count += elements.length
    collectGarbage()
    const held = process.memoryUsage().arrayBuffers
    before ||= held
    assert.ok(held - before < 10_000_000, `${held - before} bytes more after ${count} elements`)
  }
  assert.equal(count, 60)
})

const CUTS: [string, (socket: import('node:net').Socket) => void, string][] = [
  ['a reset', socket => socket.resetAndDestroy(), 'HUB_UNAVAILABLE'],
  ['an end', socket => socket.end(), 'HUB_BODY_BROKEN'],
]
for (const [name, cut, code] of CUTS) {
  for (const headers of [{ 'content-length': '100000' }, {}]) {
    test(`${name} in the middle of a body ${'content-length' in headers ? 'of announced length' : 'in chunks'}`, async t => {
      const hub = await startServer(t, (_, response) => {
        response.writeHead(200, headers).write('[{"_id":"a"},{"_id":"b"}')
        setTimeout(() => cut(response.socket!), 30)
      })
      const client = startClient(t)
      const download = await client.exportAuditLog(hub.organization, NEVER)
      await assert.rejects(readAll(download), { code, retryable: true })
    })
  }
}

test('a whole array in a body that is cut short is broken all the same', async t => {
  const hub = await startServer(t, (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('[{"_id":"a"}]')
    setTimeout(() => response.socket!.end(), 30)
  })
  const download = await startClient(t).exportAuditLog(hub.organization, NEVER)
  await assert.rejects(readAll(download), { code: 'HUB_BODY_BROKEN' })
})

test('silence before the headers and within the body', async t => {
  const hub = await startServer(t, (request, response) => {
    if (request.url!.includes('mute')) return
    response.writeHead(200).write('[1,')
  })
  const client = startClient(t, { headersTimeoutMs: 200, bodyTimeoutMs: 200 })
  await assert.rejects(client.exportAuditLog({ ...hub.organization, name: 'mute' }, NEVER), {
    code: 'HUB_UNAVAILABLE',
    retryable: true,
    message: /no answer in time/,
  })
  const download = await client.exportAuditLog(hub.organization, NEVER)
  await assert.rejects(readAll(download), {
    code: 'HUB_UNAVAILABLE',
    retryable: true,
    message: /fell silent/,
  })
})

test('a slow body is no silence, nor is a slow reader', async t => {
  const big = `[${`"${'x'.repeat(1000)}",`.repeat(5000)}1]`
  const hub = await startServer(t, async (request, response) => {
    response.writeHead(200)
    if (request.url!.includes('big')) {
      response.end(big)
      return
    }
    for (const piece of ['[', '1', ',', '2', ',', '3', ']']) {
      response.write(piece)
      await pause(300)
    }
    response.end()
  })
  const client = startClient(t, { bodyTimeoutMs: 1000 })
  assert.deepEqual(await readAll(await client.exportAuditLog(hub.organization, NEVER)), ['1', '2', '3'])
  const download = await client.exportAuditLog({ ...hub.organization, name: 'big' }, NEVER)
  let count = 0
  for await (const elements of download.elements) {
    if (count === 0) {
      await pause(2500)
      assert.ok(download.wireBytes() < 1_000_000, 'nothing is read ahead while the reader waits')
    }
    count += elements.length
  }
  assert.equal(count, 5001)
})

test('leaving the loop ends the download', async t => {
  const closed = Promise.withResolvers<void>()
  const hub = await startServer(t, (_, response) => {
    response.on('close', () => closed.resolve())
    response.writeHead(200).write(BODY.slice(0, -1))
  })
  const client = startClient(t)
  for await (const elements of (await client.exportAuditLog(hub.organization, NEVER)).elements) {
    assert.ok(elements.length > 0)
    break
  }
  await closed.promise
})

test('an abort ends everything at once', async t => {
  const hub = await startServer(t, (request, response) => {
    if (request.url!.includes('mute')) return
    if (request.url!.includes('gzip')) {
      response.writeHead(200, { 'content-encoding': 'gzip' }).write(gzipSync(BODY).subarray(0, 500))
    } else {
      response.writeHead(200).write('[1,')
    }
  })
  const client = startClient(t)
  const stopped = { code: 'STOPPED', retryable: false }
  await assert.rejects(client.exportAuditLog(hub.organization, AbortSignal.abort()), stopped)
  assert.equal(hub.requests.length, 0)
  const whileMute = new AbortController()
  const waiting = client.exportAuditLog({ ...hub.organization, name: 'mute' }, whileMute.signal)
  setTimeout(() => whileMute.abort(), 50)
  await assert.rejects(waiting, stopped)
  for (const name of ['plain', 'gzip']) {
    const whileReading = new AbortController()
    const download = await client.exportAuditLog({ ...hub.organization, name }, whileReading.signal)
    setTimeout(() => whileReading.abort(), 50)
    await assert.rejects(readAll(download), stopped)
  }
  const reading = client.exportAuditLog(hub.organization, NEVER).then(readAll)
  setTimeout(() => client.close(), 50)
  await assert.rejects(reading, stopped)
})

test('nobody listens, no connection in time', async t => {
  const hub = await startServer(t, () => {})
  const gone = { ...hub.organization, endpoint: 'http://127.0.0.1:1' }
  await assert.rejects(startClient(t).exportAuditLog(gone, NEVER), {
    code: 'HUB_UNAVAILABLE',
    retryable: true,
    message: /connection refused/,
  })
})

test('200 without an array, and other answers that are none', async t => {
  const hub = await startServer(t, (request, response) => {
    const status = Number(/status(\d+)/.exec(request.url!)?.[1] ?? 200)
    if (request.url!.includes('html'))
      return answer(response, 200, '<html>log in</html>', { 'content-type': 'text/html; charset=utf-8' })
    answer(response, status, status === 204 || status === 304 ? '' : '{"events":[]}')
  })
  const client = startClient(t)
  const get = async (name: string): Promise<string[]> =>
    readAll(await client.exportAuditLog({ ...hub.organization, name }, NEVER))
  await assert.rejects(get('html'), {
    code: 'HUB_BODY_BROKEN',
    retryable: true,
    message: /web page.*HTTPS_PROXY/,
  })
  await assert.rejects(get('object'), { code: 'HUB_BODY_BROKEN', message: /it is a JSON object/ })
  for (const status of [201, 204, 206]) {
    await assert.rejects(get(`status${status}`), { code: 'HUB_BODY_BROKEN', status, retryable: true })
  }
  for (const status of [304, 400, 409, 422]) {
    await assert.rejects(get(`status${status}`), { code: 'HUB_REFUSED', status, retryable: false })
  }
})

test('redirects: on the same origin, elsewhere, without end, to nowhere', async t => {
  const other = await startServer(t, (_, response) => answer(response, 200, '[]'))
  const locations: Record<string, string> = {
    '/api/organizations/same/audit-log/export': '/moved?x=1',
    '/moved?x=1': 'moved-again',
    '/api/organizations/elsewhere/audit-log/export': `${other.origin}/secret?code=1`,
    '/api/organizations/loop/audit-log/export': '/api/organizations/loop/audit-log/export',
    '/api/organizations/nowhere/audit-log/export': '',
  }
  const hub = await startServer(t, (request, response) => {
    const location = locations[request.url!]
    if (location === undefined) return answer(response, 200, '[1]')
    answer(response, 307, '', location === '' ? {} : { location })
  })
  const client = startClient(t)
  const get = (name: string) => client.exportAuditLog({ ...hub.organization, name }, NEVER)
  assert.deepEqual(await readAll(await get('same')), ['1'])
  assert.equal(hub.requests.at(-1)!.headers.authorization, `Bearer ${TOKEN}`)
  await assert.rejects(get('elsewhere'), (error: ConnectorError) => {
    assert.deepEqual([error.code, error.status], ['HUB_REDIRECTED', 307])
    assert.ok(error.message.includes(other.origin) && !error.message.includes('code=1'))
    return true
  })
  assert.equal(other.requests.length, 0, 'the other server is not even asked')
  await assert.rejects(get('loop'), { code: 'HUB_REDIRECTED', status: 307, message: /more than 5 times/ })
  await assert.rejects(get('nowhere'), { code: 'HUB_REDIRECTED', status: 307 })
})
