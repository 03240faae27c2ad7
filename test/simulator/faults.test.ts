import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { FaultInput } from '../../src/simulator/control.ts'
import { POISON_KINDS, poisonElement } from '../../src/simulator/poison.ts'
import { type StartedSimulator, startedSimulator } from './started.ts'

/** The export's body before a fault, with it, and after it was used up. */
async function aroundFault(
  t: TestContext,
  fault: FaultInput,
  started?: StartedSimulator,
): Promise<{ before: Buffer; response?: Response; during?: Buffer; rejected?: unknown }> {
  const { simulator, get, exportUrl } = started ?? (await startedSimulator(t))
  const before = Buffer.from(await (await get(exportUrl())).arrayBuffer())
  simulator.fault({ times: 1, ...fault })
  // A connection that breaks may do so before its headers were read.
  const download = get(exportUrl()).then(async response => ({
    response,
    during: Buffer.from(await response.arrayBuffer()),
  }))
  const [outcome] = await Promise.allSettled([download])
  const after = Buffer.from(await (await get(exportUrl())).arrayBuffer())
  assert.ok(after.equals(before), 'the next export is good again')
  if (outcome.status === 'rejected') return { before, rejected: outcome.reason }
  return { before, ...outcome.value }
}

test('status: code, headers and body as told, so many times', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t)
  simulator.fault({ kind: 'status', status: 503, retryAfter: 7, html: true, times: 2 })
  for (let i = 0; i < 2; i += 1) {
    const response = await get(exportUrl())
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '7')
    assert.match(response.headers.get('content-type')!, /html/)
    assert.match(await response.text(), /^<!DOCTYPE html>/)
  }
  assert.equal((await get(exportUrl())).status, 200)
  simulator.fault({
    kind: 'status',
    status: 429,
    headers: { RateLimit: '"api";r=0;t=3' },
    message: 'Slow down',
  })
  for (let i = 0; i < 3; i += 1) {
    const response = await get(exportUrl())
    assert.equal(response.headers.get('ratelimit'), '"api";r=0;t=3')
    assert.deepEqual(await response.json(), { error: 'Slow down' })
  }
  simulator.clearFaults()
  assert.equal((await get(exportUrl())).status, 200)
})

test('status: 402 and 403 speak as the Hub would', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t)
  for (const [status, code] of [
    [402, 'PaymentRequired'],
    [403, 'Forbidden'],
  ] as const) {
    simulator.fault({ kind: 'status', status, times: 1 })
    const response = await get(exportUrl())
    assert.equal(response.status, status)
    assert.equal(response.headers.get('x-error-code'), code)
    assert.equal(
      response.headers.get('x-error-message'),
      ((await response.json()) as { error: string }).error,
    )
  }
})

test('a fault is for one endpoint and one organization when it says so', async t => {
  const { simulator, get, exportUrl, url } = await startedSimulator(t, {
    organizations: ['example-org', 'other-example'],
  })
  const statuses = async () => [
    (await get(exportUrl('example-org'))).status,
    (await get(exportUrl('other-example'))).status,
    (await get(`${url}/api/whoami-v2`)).status,
  ]
  const status = { kind: 'status', status: 500 } as const
  const one = simulator.fault({ ...status, organization: 'other-example' })
  assert.deepEqual(await statuses(), [200, 500, 200])
  assert.equal(simulator.clearFaults(one), 1)
  simulator.fault({ ...status, endpoint: 'whoami' })
  assert.deepEqual(await statuses(), [200, 200, 500])
  simulator.clearFaults()
  simulator.fault({ ...status, endpoint: 'any' })
  assert.deepEqual(await statuses(), [500, 500, 500])
  assert.throws(() => simulator.fault({ ...status, organization: 'nobody' }), { code: 'CONFIG_INVALID' })
})

test('a status keeps the faults behind it for the next request', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t)
  simulator.fault({ kind: 'body', body: 'empty-array', times: 1 })
  simulator.fault({ kind: 'status', status: 500, times: 1 })
  assert.equal((await get(exportUrl())).status, 500)
  assert.equal(await (await get(exportUrl())).text(), '[]')
  assert.deepEqual(simulator.state().faults, [])
  assert.deepEqual(
    simulator.state().requests.latest.map(({ faults }) => faults),
    [['status'], ['body']],
  )
})

test("rate-limit: a fixed window for each token, told in the Hub's headers", async t => {
  let now = 1_000_000
  const { simulator, get, exportUrl } = await startedSimulator(t, { now: () => now })
  simulator.fault({ kind: 'rate-limit', quota: 2, windowSeconds: 60, retryAfter: true })
  const ask = async (token: string) => {
    const response = await get(exportUrl(), { headers: { authorization: `Bearer ${token}` } })
    await response.body?.cancel()
    return {
      status: response.status,
      ratelimit: response.headers.get('ratelimit'),
      policy: response.headers.get('ratelimit-policy'),
      retryAfter: response.headers.get('retry-after'),
    }
  }
  const policy = '"fixed window";"api";q=2;w=60'
  assert.deepEqual(await ask('one'), { status: 200, ratelimit: '"api";r=1;t=60', policy, retryAfter: null })
  now += 20_000
  assert.deepEqual(await ask('one'), { status: 200, ratelimit: '"api";r=0;t=40', policy, retryAfter: null })
  assert.deepEqual(await ask('one'), { status: 429, ratelimit: '"api";r=0;t=40', policy, retryAfter: '40' })
  assert.equal((await ask('other')).status, 200)
  now += 40_000
  assert.deepEqual(await ask('one'), { status: 200, ratelimit: '"api";r=1;t=60', policy, retryAfter: null })
})

test('redirect: to the same origin, to this server under another name, elsewhere', async t => {
  const { simulator, get, exportUrl, url } = await startedSimulator(t)
  const { pathname, port } = new URL(exportUrl())
  for (const [to, location] of [
    ['same-origin', pathname],
    ['other-origin', `http://localhost:${port}${pathname}`],
    ['https://elsewhere.example/', 'https://elsewhere.example/'],
  ] as const) {
    simulator.fault({ kind: 'redirect', to, status: 307, times: 1 })
    const response = await get(exportUrl())
    assert.equal(response.status, 307)
    assert.equal(response.headers.get('location'), location)
  }
  simulator.fault({ kind: 'redirect', to: 'other-origin', times: 1 })
  const followed = await get(exportUrl(), { redirect: 'follow' })
  assert.equal(followed.status, 401, 'fetch leaves the token at home')
  const seen = simulator.state().requests.latest.at(-1)!
  assert.equal(seen.authorization, 'none')
  assert.notEqual(seen.host, new URL(url).host)
})

test('body: everything that is no export, with status 200', async t => {
  const expected = { empty: '', 'empty-array': '[]', null: 'null', object: '{"events":[]}' }
  for (const body of ['empty', 'empty-array', 'null', 'object', 'not-json', 'html'] as const) {
    const { response, during } = await aroundFault(t, { kind: 'body', body })
    assert.equal(response?.status, 200)
    if (body in expected) assert.equal(String(during), expected[body as keyof typeof expected])
    else assert.throws(() => JSON.parse(String(during)))
  }
  const { during } = await aroundFault(t, { kind: 'body', body: 'text', text: '[1,2' })
  assert.equal(String(during), '[1,2')
})

test('slow: the body takes the time it must', async t => {
  const started = await startedSimulator(t, { events: 4 })
  const begun = performance.now()
  const { before, during } = await aroundFault(t, { kind: 'slow', bytesPerSecond: 10_000 }, started)
  assert.ok(during?.equals(before))
  assert.ok(performance.now() - begun >= (before.length / 10_000) * 900)
})

test('stall: silence before the headers, or within the body', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t)
  simulator.fault({ kind: 'stall', at: 'before-headers', times: 1 })
  await assert.rejects(get(exportUrl(), { signal: AbortSignal.timeout(150) }), { name: 'TimeoutError' })
  while (simulator.state().requests.latest.at(-1)!.outcome === 'open') await new Promise(setImmediate)
  assert.equal(simulator.state().requests.latest.at(-1)!.outcome, 'cut')

  simulator.fault({ kind: 'stall', at: 5_000, times: 1 })
  const given = new AbortController()
  const response = await get(exportUrl(), { signal: given.signal })
  let received = 0
  await assert.rejects(
    async () => {
      for await (const chunk of response.body!) {
        received += chunk.length
        if (received === 5_000) setTimeout(() => given.abort(), 50)
      }
    },
    { name: 'AbortError' },
  )
  assert.equal(received, 5_000)

  for (const at of ['before-headers', 5_000] as const) {
    const begun = performance.now()
    const { before, during } = await aroundFault(t, { kind: 'stall', at, forMs: 120 })
    assert.ok(during?.equals(before), 'it goes on after the silence')
    assert.ok(performance.now() - begun >= 110)
  }
})

test('reset: the connection breaks, before the headers or after so many bytes', async t => {
  const { rejected } = await aroundFault(t, { kind: 'reset', afterBytes: 5_000 })
  assert.ok(rejected instanceof Error)
  const { simulator, get, exportUrl } = await startedSimulator(t)
  simulator.fault({ kind: 'reset', afterBytes: 0, times: 1 })
  await assert.rejects(get(exportUrl()))
  simulator.fault({ kind: 'reset', afterBytes: 10_000_000, times: 1 })
  await assert.rejects(async () => (await get(exportUrl())).text(), 'also where the body is shorter')
})

test('truncate: a body that ends early in good order, or after more was promised', async t => {
  for (const framing of ['chunked', 'content-length'] as const) {
    const { before, during } = await aroundFault(t, { kind: 'truncate', afterBytes: 5_000, framing })
    assert.ok(during?.equals(before.subarray(0, 5_000)), framing)
  }
  const { rejected } = await aroundFault(t, {
    kind: 'truncate',
    afterBytes: 5_000,
    framing: 'content-length-too-long',
  })
  assert.ok(rejected instanceof Error)
})

test('truncate: compressed bytes break off too', async t => {
  const started = await startedSimulator(t, { gzip: true })
  const { rejected, during, before } = await aroundFault(t, { kind: 'truncate', afterBytes: 2_000 }, started)
  assert.ok(rejected instanceof Error || during!.length < before.length)
})

test('garbage: foreign bytes over or between those of the body', async t => {
  const foreign = Buffer.from('00ff', 'hex')
  const over = await aroundFault(t, { kind: 'garbage', afterBytes: 5_000, hex: '00ff' })
  assert.ok(
    over.during?.equals(
      Buffer.concat([over.before.subarray(0, 5_000), foreign, over.before.subarray(5_002)]),
    ),
  )
  const between = await aroundFault(t, { kind: 'garbage', afterBytes: 5_000, hex: '00ff', mode: 'insert' })
  assert.ok(
    between.during?.equals(
      Buffer.concat([between.before.subarray(0, 5_000), foreign, between.before.subarray(5_000)]),
    ),
  )
})

test('lag: the export as it was so many events ago', async t => {
  const { simulator, events } = await startedSimulator(t)
  const before = await events()
  simulator.append({ events: 10 })
  simulator.fault({ kind: 'lag', events: 10, times: 1 })
  assert.deepEqual(await events(), before)
  assert.equal((await events()).length, 60)
  simulator.fault({ kind: 'lag', events: 1_000, times: 1 })
  assert.deepEqual(await events(), [])
})

test('poison: the elements stand between the events, which stay whole', async t => {
  const { before, during } = await aroundFault(t, { kind: 'poison' })
  for (const kind of POISON_KINDS) assert.ok(during!.includes(poisonElement(kind)), kind)
  let rest = during!.toString('latin1')
  for (const kind of POISON_KINDS) rest = rest.replace(`,${poisonElement(kind).toString('latin1')}`, '')
  assert.equal(rest, before.toString('latin1'))
})

test('poison: alone, in an empty export, first and last', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t, { events: 0 })
  simulator.fault({ kind: 'poison', poison: ['number', 'null'], times: 1 })
  assert.equal(await (await get(exportUrl())).text(), '[42,null]')
})

test('duplicate: the newest events again, the same or with other content', async t => {
  for (const content of ['same', 'other'] as const) {
    const { simulator, events } = await startedSimulator(t)
    simulator.fault({ kind: 'duplicate', events: 3, content, times: 1 })
    const found = await events()
    assert.equal(found.length, 53)
    const again = found.slice(50)
    assert.deepEqual(
      again.map(({ _id }) => _id).toSorted(),
      [48, 49, 50].map(n => simulator.id(n)).toSorted(),
    )
    for (const event of again) {
      const first = found.find(({ _id }) => _id === event._id)!
      if (content === 'same') assert.deepEqual(event, first)
      else assert.deepEqual({ ...event, message: first.message }, first)
      assert.equal(event.message === first.message, content === 'same')
    }
  }
})

test('rewrite: what the Hub rewrites, and nothing else', async t => {
  const { simulator, events } = await startedSimulator(t, { events: 300 })
  const before = await events()
  const author = before.find(event => event.token?.deleted === false && event.author.deleted === undefined)!
    .author.user
  simulator.fault({
    kind: 'rewrite',
    author,
    fields: ['author.deleted', 'token.deleted', 'author.avatarUrl', 'author.user'],
  })
  const after = await events()
  let rewritten = 0
  for (const [i, was] of before.entries()) {
    const is = after[i]!
    if (was.author.user !== author) {
      assert.deepEqual(is, was)
      continue
    }
    rewritten += 1
    assert.equal(is.author.deleted, true)
    assert.notEqual(is.author.user, author)
    assert.notEqual(is.author.avatarUrl, was.author.avatarUrl)
    if (was.token !== undefined) assert.equal(is.token!.deleted, true)
    const { author: _a, token: _t, ...isRest } = is
    const { author: _b, token: _u, ...wasRest } = was
    assert.deepEqual(isRest, wasRest)
  }
  assert.ok(rewritten > 0 && rewritten < 300)
})

test('change: another message in so many of the newest events', async t => {
  const { simulator, events } = await startedSimulator(t, { order: 'shuffled' })
  const before = await events()
  simulator.fault({ kind: 'change', events: 4, times: 1 })
  const after = await events()
  const changed = after.filter((event, i) => event.message !== before[i]!.message)
  assert.deepEqual(
    changed.map(({ _id }) => _id).toSorted(),
    [47, 48, 49, 50].map(n => simulator.id(n)).toSorted(),
  )
})

test('format: a byte order mark and all kinds of white space', async t => {
  const { before, during } = await aroundFault(t, { kind: 'format', byteOrderMark: true, whiteSpace: true })
  assert.equal(during!.subarray(0, 3).toString('hex'), 'efbbbf')
  const text = during!.subarray(3).toString()
  assert.match(text, /^ \n\t\r +\[/)
  assert.deepEqual(JSON.parse(text), JSON.parse(String(before)))
})

test('faults of content and of the connection go together', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t, { gzip: true })
  simulator.fault({ kind: 'poison', poison: ['invalid-utf8'], times: 1 })
  simulator.fault({ kind: 'slow', bytesPerSecond: 1_000_000, times: 1 })
  simulator.fault({ kind: 'format', byteOrderMark: true, times: 1 })
  const body = Buffer.from(await (await get(exportUrl())).arrayBuffer())
  assert.equal(body.subarray(0, 3).toString('hex'), 'efbbbf')
  assert.ok(body.includes(poisonElement('invalid-utf8')))
})
