import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { ConnectorError } from '../../../src/errors.ts'
import { auditLogs } from '../../../src/hub/enterprise/audit-logs.ts'
import { HubClient } from '../../../src/hub/enterprise/hub-client.ts'
import { streamAuditLogs } from '../../../src/hub/enterprise/stream-audit-logs.ts'
import { POISON_KINDS } from '../../../src/simulator/poison.ts'
import { startedSimulator } from '../../simulator/started.ts'
import { startServer, TOKEN } from '../hub-server.ts'

const organization = 'example-org'
const event = (id: string, change: Record<string, unknown> = {}) => ({
  _id: id,
  createdAt: '2026-08-17T00:00:00Z',
  type: 'repo.create',
  message: 'm',
  author: { _id: 'u', user: 'alice', avatarUrl: '/a.svg', type: 'user' },
  ...change,
})
const json = (response: ServerResponse, body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

test('streamAuditLogs gives the objects of the export, in the order in which they come', async t => {
  const { url, events } = await startedSimulator(t, { events: 500, order: 'shuffled' })
  const client = new HubClient({ accessToken: TOKEN, endpoint: url })
  const streamed = await Array.fromAsync(client.streamAuditLogs(organization))
  assert.deepEqual(streamed, await events(organization))
})

test('auditLogs answers like a plain filter, newest first, and asks the Hub for one condition', async t => {
  const { url, events, simulator } = await startedSimulator(t, { events: 500, order: 'oldest-first' })
  const msOf = ({ createdAt }: { createdAt: string }) => Date.parse(createdAt)
  const all = (await events(organization)).toSorted((a, b) => msOf(b) - msOf(a) || (a._id < b._id ? 1 : -1))
  const client = new HubClient({ accessToken: TOKEN, endpoint: url })
  assert.deepEqual(await client.auditLogs(organization), all.slice(0, 100))
  const { user } = all[0]!.author
  assert.deepEqual(
    await client.auditLogs(organization, { user, limit: Number.POSITIVE_INFINITY, offset: 1 }),
    all.filter(({ author }) => author.user === user).slice(1),
  )
  const [start, end] = [all[400]!.createdAt, all[300]!.createdAt]
  assert.deepEqual(
    await client.auditLogs(organization, { start, end, limit: 1_000 }),
    all.filter(one => msOf(one) >= Date.parse(start) && msOf(one) < Date.parse(end)),
  )
  assert.deepEqual(await client.auditLogs(organization, { limit: 0 }), [])
  const conditions = simulator.state().requests.latest.map(({ path }) => path.split('?')[1])
  assert.deepEqual(
    conditions.filter(condition => condition !== undefined),
    [`q=author%3A${user}`],
  )
})

test('who stops reading ends the download: the connection is closed while the Hub still sends', async t => {
  const sockets: Promise<unknown>[] = []
  const { origin } = await startServer(t, (request, response) => {
    sockets.push(new Promise(resolve => request.socket.once('close', resolve)))
    response.writeHead(200, { 'content-type': 'application/json' })
    // Never ended, like an export that is not done yet.
    response.write(`[${JSON.stringify(event('a'))},${JSON.stringify(event('b'))},`)
  })
  const options = { accessToken: TOKEN, endpoint: origin }
  for await (const { _id } of streamAuditLogs('acme', options)) {
    assert.equal(_id, 'a')
    break
  }
  await sockets[0]

  const stop = new AbortController()
  const stopped = streamAuditLogs('acme', { ...options, signal: stop.signal })
  assert.equal((await stopped.next()).value?._id, 'a')
  assert.equal((await stopped.next()).value?._id, 'b')
  const waiting = stopped.next()
  stop.abort()
  await assert.rejects(waiting, { code: 'STOPPED' })
  await sockets[1]

  const query = new AbortController()
  const asked = auditLogs('acme', { ...options, signal: query.signal })
  const refused = assert.rejects(asked, { code: 'STOPPED' })
  while (sockets.length < 3) await new Promise(resolve => setImmediate(resolve))
  query.abort()
  await refused
  await sockets[2]
})

test('a body that breaks off throws, after the events that came whole', async t => {
  const { origin } = await startServer(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(`[${JSON.stringify(event('a'))},{"_id":`)
  })
  const options = { accessToken: TOKEN, endpoint: origin }
  const came: string[] = []
  await assert.rejects(
    async () => {
      for await (const { _id } of streamAuditLogs('acme', options)) came.push(_id)
    },
    { code: 'HUB_BODY_BROKEN', retryable: true },
  )
  assert.deepEqual(came, ['a'])
  await assert.rejects(auditLogs('acme', options), { code: 'HUB_BODY_BROKEN' })
})

test('poison is left out and told; new fields come through; a known field in another form is no field', async t => {
  const { simulator, url } = await startedSimulator(t, { events: 20 })
  simulator.fault({ kind: 'poison' })
  const skipped: string[] = []
  const options = { accessToken: TOKEN, endpoint: url, onSkipped: (reason: string) => skipped.push(reason) }
  const streamed = await Array.fromAsync(streamAuditLogs(organization, options))
  assert.equal(streamed.length, 20)
  assert.equal(skipped.length, POISON_KINDS.length)

  const odd = event('a', { author: 7, ip: null, token: { id: 1, more: true }, later: { x: 1 } })
  const { origin } = await startServer(t, (_, response) => json(response, [odd]))
  const expected = { ...odd, author: undefined, token: { id: undefined, more: true } }
  assert.deepEqual(await auditLogs('acme', { accessToken: TOKEN, endpoint: origin }), [expected])
})

test('a condition that the Hub refuses is left away', async t => {
  const { origin, requests } = await startServer(t, (request, response) => {
    if (request.url!.includes('?')) json(response, { error: 'no such query' }, 400)
    else json(response, [event('a'), event('b', { author: { user: 'bob' } })])
  })
  const found = await auditLogs('acme', { accessToken: TOKEN, endpoint: origin, user: 'bob' })
  assert.deepEqual(
    found.map(({ _id }) => _id),
    ['b'],
  )
  const path = '/api/organizations/acme/audit-log/export'
  assert.deepEqual(
    requests.map(({ url }) => url),
    [`${path}?q=author%3Abob`, path],
  )
  assert.ok(requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`))
})

test('what the Hub refuses is an error with its words, request id and the mend', async t => {
  let status = 401
  const { origin } = await startServer(t, (_, response) => {
    response.setHeader('x-request-id', 'Root=1-2-3')
    json(response, { error: 'said the Hub' }, status)
  })
  const options = { accessToken: TOKEN, endpoint: origin }
  for (const [answer, code, mend] of [
    [401, 'HUB_UNAUTHORIZED', /accessToken/],
    [402, 'HUB_PAYMENT_REQUIRED', /plan/],
    [403, 'HUB_FORBIDDEN', /org\.auditLog\.write/],
    [404, 'HUB_NOT_FOUND', /organization acme/],
    [429, 'HUB_RATE_LIMITED', /Too many requests/],
    [503, 'HUB_UNAVAILABLE', /503/],
    [400, 'HUB_REFUSED', /400/],
  ] as const) {
    status = answer
    for (const ask of [() => auditLogs('acme', options), () => streamAuditLogs('acme', options).next()]) {
      await assert.rejects(ask, (error: unknown) => {
        assert.ok(error instanceof ConnectorError)
        assert.deepEqual([error.code, error.status, error.requestId], [code, answer, 'Root=1-2-3'])
        assert.match(error.message, mend)
        assert.match(error.message, /said the Hub/)
        assert.ok(!error.message.includes(TOKEN))
        return true
      })
    }
  }
})

test('options that make no sense are refused before anything is sent', async t => {
  const { origin, requests } = await startServer(t, (_, response) => json(response, []))
  const options = { accessToken: TOKEN, endpoint: origin }
  for (const [wrong, message] of [
    [{ limit: -1 }, /limit is -1/],
    [{ limit: 1.5 }, /limit is 1\.5/],
    [{ offset: Number.POSITIVE_INFINITY }, /offset is Infinity/],
    [{ start: 'soon' }, /start is "soon"/],
    [{ start: '2026-08-17', end: '2026-08-16' }, /later than the start/],
    [{ resourceType: 'kernel' as 'model' }, /model, dataset, space, bucket/],
    [{ ip: 'here' }, /ip is "here"/],
  ] as const) {
    await assert.rejects(auditLogs('acme', { ...options, ...wrong }), { code: 'CONFIG_INVALID', message })
  }
  const all = { limit: Number.NaN, offset: 1.5, start: 'x', end: new Date(Number.NaN), ip: 'zz' }
  const everyOne =
    /limit is NaN.*offset is 1\.5.*ip is "zz".*start is "x".*end is Invalid Date.*resourceType is "foo"/s
  await assert.rejects(auditLogs('acme', { ...options, ...all, resourceType: 'foo' as 'model' }), {
    code: 'CONFIG_INVALID',
    message: everyOne,
  })
  await assert.rejects(auditLogs('..', options), { code: 'CONFIG_INVALID' })
  assert.equal(requests.length, 0)
})
