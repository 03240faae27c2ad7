import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { ConnectorError } from '../../src/errors.ts'
import { serverWords } from '../../src/hub/response-error.ts'
import { answer, NEVER, startClient, startServer, TOKEN } from './hub-server.ts'

test('the answers that block an organization say what to do', async t => {
  const hub = await startServer(t, (request, response) => {
    const status = Number(/status(\d+)/.exec(request.url!)![1])
    answer(response, status, '{"error":"No."}', { 'x-request-id': 'Root=1-abc', 'x-error-code': 'Nope' })
  })
  const client = startClient(t)
  const expected: [number, string, RegExp][] = [
    [401, 'HUB_UNAUTHORIZED', /The token from HF_TOKEN is wrong, expired or revoked/],
    [402, 'HUB_PAYMENT_REQUIRED', /Team or Enterprise plan/],
    [403, 'HUB_FORBIDDEN', /permission org\.auditLog\.write .* admin .* approved/],
    [404, 'HUB_NOT_FOUND', /no organization status404 at .* HF_AUDIT_ORGANIZATIONS/],
  ]
  for (const [status, code, mend] of expected) {
    await assert.rejects(
      client.exportAuditLog({ ...hub.organization, name: `status${status}` }, NEVER),
      (error: ConnectorError) => {
        assert.equal(error.code, code)
        assert.equal(error.status, status)
        assert.equal(error.requestId, 'Root=1-abc')
        assert.equal(error.retryable, false)
        assert.match(error.message, /"No\.; code Nope" \(request id Root=1-abc\)/)
        assert.match(error.message, mend)
        return true
      },
    )
  }
})

test('a token that the server echoes is not shown, however it comes', async t => {
  const bodies: [string, Record<string, string>][] = [
    [JSON.stringify({ error: `bad token ${TOKEN}` }), {}],
    ['', { 'x-error-message': `bad ${TOKEN}`, 'x-error-code': TOKEN, 'x-request-id': TOKEN }],
    [`you sent Authorization: Bearer ${TOKEN}`, { 'content-type': 'text/plain' }],
    // Cut off within the token where reading ends.
    [`${' '.repeat(4096 - 15)}bad ${TOKEN}`, { 'content-type': 'text/plain' }],
  ]
  let turn = 0
  const hub = await startServer(t, (_, response) => answer(response, 401, bodies[turn]![0], bodies[turn]![1]))
  const client = startClient(t)
  for (; turn < bodies.length; turn++) {
    await assert.rejects(client.exportAuditLog(hub.organization, NEVER), (error: ConnectorError) => {
      assert.match(error.message + error.requestId, /\[redacted\]/)
      assert.ok(!`${error.stack} ${error.requestId} ${String(error.cause)}`.includes(TOKEN.slice(0, 8)))
      return true
    })
  }
})

test('retryable answers and how long they ask to wait', async t => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')
  const answers: [number, Record<string, string>, string, number | undefined][] = [
    [503, { 'retry-after': '7' }, 'HUB_UNAVAILABLE', 7000],
    [500, {}, 'HUB_UNAVAILABLE', undefined],
    [408, { 'retry-after': 'soon' }, 'HUB_UNAVAILABLE', undefined],
    [502, { 'retry-after': 'Wed, 21 Oct 2026 07:28:09 GMT' }, 'HUB_UNAVAILABLE', 9000],
    [429, { 'retry-after': '3' }, 'HUB_RATE_LIMITED', 3000],
    [429, { ratelimit: '"api";r=0;t=55' }, 'HUB_RATE_LIMITED', 55_000],
    [429, { ratelimit: '"api";r=0;t=55', 'retry-after': '3' }, 'HUB_RATE_LIMITED', 55_000],
    [429, { ratelimit: '"api";r=200;t=55' }, 'HUB_RATE_LIMITED', undefined],
    [429, { 'retry-after': '999999999' }, 'HUB_RATE_LIMITED', 3_600_000],
    [429, {}, 'HUB_RATE_LIMITED', undefined],
  ]
  let turn = 0
  const hub = await startServer(t, (_, response) =>
    answer(response, answers[turn]![0], '', answers[turn]![1]),
  )
  for (; turn < answers.length; turn++) {
    const [status, headers, code, retryAfterMs] = answers[turn]!
    const asking = startClient(t, { now: () => now }).exportAuditLog(hub.organization, NEVER)
    await assert.rejects(
      asking,
      { code, status, retryable: true, retryAfterMs },
      JSON.stringify([status, headers]),
    )
  }
})

test('organizations that share a token wait together after a 429', async t => {
  const hub = await startServer(t, (_, response) =>
    hub.requests.length === 1
      ? answer(response, 429, '', { 'retry-after': '0.3' })
      : answer(response, 200, '[]'),
  )
  const client = startClient(t)
  await assert.rejects(client.exportAuditLog(hub.organization, NEVER), { code: 'HUB_RATE_LIMITED' })
  const stopping = new AbortController()
  const stopped = client.exportAuditLog({ ...hub.organization, name: 'third' }, stopping.signal)
  stopping.abort()
  await assert.rejects(stopped, { code: 'STOPPED' }, 'the wait can be aborted')
  const startedAt = performance.now()
  await client.exportAuditLog({ ...hub.organization, name: 'second' }, NEVER)
  assert.ok(performance.now() - startedAt > 150, 'it waited')
  assert.equal(hub.requests.length, 2)
})

test('endless, compressed and broken error bodies', async t => {
  const hub = await startServer(t, (request, response) => {
    if (request.url!.includes('gzip')) {
      return response.writeHead(400, { 'content-encoding': 'gzip' }).end(gzipSync('{"error":"packed"}'))
    }
    if (request.url!.includes('cut')) {
      response.writeHead(400, { 'content-length': '50' }).write('half a')
      return setTimeout(() => response.socket!.end(), 20)
    }
    response.writeHead(400, { 'content-type': 'text/plain' })
    const more = (): void => {
      while (!response.destroyed && response.write('more '.repeat(1000)));
      if (!response.destroyed) response.once('drain', more)
    }
    return more()
  })
  const client = startClient(t)
  const messageOf = (name: string): Promise<string> =>
    client.exportAuditLog({ ...hub.organization, name }, NEVER).then(
      () => 'no error',
      (error: ConnectorError) => error.message,
    )
  assert.match(await messageOf('gzip'), /"packed"/)
  assert.match(await messageOf('cut'), /answered 400/)
  const endless = await messageOf('endless')
  assert.match(endless, /more more/)
  assert.ok(endless.length < 1000)
})

test('what the Hub says, in all its forms', () => {
  const words = (body: unknown, headers = {}): string =>
    serverWords(headers, typeof body === 'string' ? body : JSON.stringify(body))
  assert.equal(words({ error: 'a' }), 'a')
  assert.equal(words({ error: ['a', 'b', 'a'] }), 'a; b')
  assert.equal(words({ error: 'invalid_token', error_description: 'b' }), 'invalid_token; b')
  assert.equal(words({ errors: [{ message: 'a' }, { message: 'b' }, {}] }), 'a; b')
  assert.equal(words({ message: 'a' }), 'a')
  assert.equal(words({ error: { message: 'a' } }), 'a')
  assert.equal(words({ error: 'a' }, { 'x-error-message': 'a', 'x-error-code': 'C' }), 'a; code C')
  assert.equal(words('plain'), 'plain')
  assert.equal(words('"text"'), 'text')
  assert.equal(words('<html>x</html>'), '')
  assert.equal(words('x', { 'content-type': 'text/html' }), '')
  for (const nothing of ['', 'null', '1', '[]', '{}', '{"error":null}']) assert.equal(words(nothing), '')
})
