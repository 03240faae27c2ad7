import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import test from 'node:test'
import { ORIGIN_MS } from '../../src/simulator/generator.ts'
import { createSimulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { answerValidator } from './hub-schemas.ts'
import { startedSimulator } from './started.ts'

test('an export is what the Hub documents, header and body', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t, { events: 1_500 })
  const response = await get(exportUrl())
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type')!, /^application\/json/)
  assert.match(
    response.headers.get('content-disposition')!,
    /^attachment; filename="example-org-audit-log-[\d-]{10}\.json"$/,
  )
  assert.match(response.headers.get('x-request-id')!, /^Root=1-/)
  const events = (await response.json()) as { _id: string }[]
  const validate = answerValidator('/api/organizations/{name}/audit-log/export')
  assert.ok(validate(events), JSON.stringify(validate.errors?.slice(0, 3)))
  assert.deepEqual(events.map(({ _id }) => _id).toReversed(), simulator.exportedIds())
  assert.equal(simulator.exportedIds().length, 1_500)
  assert.equal(simulator.id(1), simulator.exportedIds()[0])
})

test('two simulators of one seed send the same bytes; the element is known without asking', async t => {
  const one = await startedSimulator(t, { order: 'shuffled' })
  const other = await startedSimulator(t, { order: 'shuffled' })
  const text = await (await one.get(one.exportUrl())).text()
  assert.equal(text, await (await other.get(other.exportUrl())).text())
  assert.equal(text, await (await one.get(one.exportUrl())).text(), 'an unchanged log is sent unchanged')
  for (const n of [1, 17, 50]) assert.ok(text.includes(one.simulator.element(n).toString()))
})

test('the three orders and the cap', async t => {
  const { simulator, events } = await startedSimulator(t, { events: 300, cap: 100 })
  const ids = async () => (await events()).map(({ _id }) => _id)
  const newest = Array.from({ length: 100 }, (_, i) => simulator.id(300 - i))
  assert.deepEqual(await ids(), newest)
  simulator.setOrder('oldest-first')
  assert.deepEqual(await ids(), newest.toReversed())
  simulator.setOrder('shuffled')
  const shuffled = await ids()
  assert.deepEqual(shuffled.toSorted(), newest.toSorted())
  simulator.setOrder('shuffled', 5)
  assert.notDeepEqual(await ids(), shuffled)
  simulator.setCap(1_000)
  assert.equal((await ids()).length, 300)
})

test('an empty log is an empty array', async t => {
  const { get, exportUrl } = await startedSimulator(t, { events: 0 })
  assert.equal(await (await get(exportUrl())).text(), '[]')
})

test('q takes one condition, and says so when it is another thing', async t => {
  const { events, get, exportUrl } = await startedSimulator(t, { events: 1_000 })
  const everything = await events()
  const { type, author, ip } = everything.find(event => event.ip !== undefined)!
  assert.deepEqual(
    await events(undefined, `type:${type}`),
    everything.filter(event => event.type === type),
  )
  assert.deepEqual(
    await events(undefined, `author:${author.user}`),
    everything.filter(event => event.author.user === author.user),
  )
  assert.deepEqual(
    await events(undefined, `ip:${ip}`),
    everything.filter(event => event.ip === ip),
  )
  assert.deepEqual(await events(undefined, 'type:no.such'), [])
  assert.equal(
    (await get(`${exportUrl()}?q=${encodeURIComponent('type:repo.create author:alice')}`)).status,
    400,
  )
})

test('the log grows with time, without a timer', async t => {
  let now = 1_000_000
  const { simulator, events } = await startedSimulator(t, { rate: 2, now: () => now })
  assert.equal((await events()).length, 50)
  now += 1_900
  assert.equal((await events()).length, 53)
  now += 100
  const grown = await events()
  assert.equal(grown.length, 54)
  assert.equal(grown[0]!._id, simulator.id(54))
  simulator.setRate(0)
  now += 60_000
  assert.equal((await events()).length, 54)
})

test('a live log stamps what arrives with the present time', async t => {
  let now = Date.UTC(2026, 5, 1)
  const { simulator, events } = await startedSimulator(t, { rate: 1, live: true, now: () => now })
  now += 3_000
  const [newest] = await events()
  assert.equal(Date.parse(newest!.createdAt), now)
  simulator.append({})
  assert.equal(Date.parse((await events())[0]!.createdAt), now)
  assert.equal(simulator.state().organizations[0]!.events, 54)
})

test('late events are new ids with an old time, in the place of their time', async t => {
  const { simulator, events } = await startedSimulator(t)
  const before = await events()
  const ids = simulator.append({
    events: 3,
    createdAt: ORIGIN_MS + 10_000,
    stepMs: 5_000,
    type: 'repo.invented',
  })
  const after = await events()
  assert.equal(after.length, 53)
  const late = after.filter(event => !before.some(({ _id }) => _id === event._id))
  assert.deepEqual(late.map(({ _id }) => _id).toSorted(), ids.toSorted())
  assert.deepEqual(
    late.map(({ type }) => type),
    Array(3).fill('repo.invented'),
  )
  const times = after.map(({ createdAt }) => Date.parse(createdAt))
  assert.deepEqual(
    times,
    times.toSorted((x, y) => y - x),
  )
  assert.deepEqual(
    ids,
    [51, 52, 53].map(n => simulator.id(n)),
  )
})

test('elements can be given byte by byte', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t, { events: 2 })
  const element = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
  simulator.appendRaw({ elements: [element, '{"_id":"x","_id":"y"}'] })
  const body = Buffer.from(await (await get(exportUrl())).arrayBuffer())
  assert.ok(body.includes(element))
  assert.ok(body.includes('{"_id":"x","_id":"y"}'))
})

test('an export records itself when told to, for the next one to show', async t => {
  const { simulator, events, get, url } = await startedSimulator(t, { exportEvents: true })
  assert.equal((await events()).length, 50)
  const [own, ...others] = await events()
  assert.equal(others.length, 50)
  assert.equal(own!.type, 'org.audit_log.export')
  const whoami = (await (await get(`${url}/api/whoami-v2`)).json()) as { id: string; name: string }
  assert.equal(own!.author._id, whoami.id)
  assert.equal((await events(undefined, `author:${whoami.name}`)).length, 2)
  simulator.fault({ kind: 'status', status: 503, times: 1 })
  const count = simulator.state().organizations[0]!.events
  await events()
  assert.equal(simulator.state().organizations[0]!.events, count, 'an export that failed is none')
})

test('organizations have logs of their own', async t => {
  const { simulator, events } = await startedSimulator(t, { organizations: ['example-org', 'other-example'] })
  const [one, other] = [await events('example-org'), await events('other-example')]
  assert.equal(new Set([...one, ...other].map(({ _id }) => _id)).size, 100)
  simulator.setEvents(60, 'other-example')
  assert.equal((await events('example-org')).length, 50)
  assert.equal((await events('other-example')).length, 60)
  assert.throws(() => simulator.setEvents(60), { code: 'CONFIG_INVALID' })
  assert.throws(() => simulator.append({ organization: 'nobody' }), { code: 'CONFIG_INVALID' })
})

test('whoami-v2 is what the Hub documents, with role, plan and expiry as told', async t => {
  const validate = answerValidator('/api/whoami-v2')
  const variants: SimulatorOptions[] = [
    {},
    { role: 'read', plan: 'none' },
    { plan: 'plus', tokenExpiresAtMs: Date.UTC(2027, 0, 1) },
  ]
  for (const options of variants) {
    const { get, url } = await startedSimulator(t, options)
    const answer = (await (await get(`${url}/api/whoami-v2`)).json()) as {
      orgs: { name: string; roleInOrg: string; plan?: string }[]
      auth: { expiresAt?: string }
    }
    assert.ok(validate(answer), JSON.stringify(validate.errors?.slice(0, 3)))
    assert.equal(answer.orgs[0]!.name, 'example-org')
    assert.equal(answer.orgs[0]!.roleInOrg, options.role ?? 'admin')
    assert.equal(answer.orgs[0]!.plan, options.plan === 'none' ? undefined : (options.plan ?? 'enterprise'))
    assert.equal(answer.auth.expiresAt, options.tokenExpiresAtMs && '2027-01-01T00:00:00.000Z')
  }
})

test("tokens, organizations and paths that are wrong get the Hub's errors", async t => {
  const { get, exportUrl, url, simulator } = await startedSimulator(t, { token: 'hf_simulated_right' })
  const cases: [string, RequestInit, number][] = [
    [exportUrl(), {}, 200],
    [exportUrl(), { headers: { authorization: 'Bearer hf_simulated_wrong' } }, 401],
    [exportUrl(), { headers: { authorization: 'Basic eDp5' } }, 401],
    [`${url}/api/whoami-v2`, { headers: { authorization: '' } }, 401],
    [exportUrl('nobody'), {}, 404],
    [exportUrl('%E0%A4%A'), {}, 404],
    [`${url}/api/models`, {}, 404],
    [exportUrl(), { method: 'POST' }, 404],
  ]
  for (const [address, init, status] of cases) {
    const response = await get(address, init)
    assert.equal(response.status, status, address)
    assert.ok(response.headers.get('x-request-id'))
    if (status === 200) {
      await response.body?.cancel()
      continue
    }
    const { error } = (await response.json()) as { error: string }
    assert.equal(response.headers.get('x-error-message'), error)
  }
  assert.ok(!JSON.stringify(simulator.state()).includes('hf_simulated_'), 'no token is kept')
})

test('gzip is used when both sides want it', async t => {
  const plain = await startedSimulator(t)
  const gzip = await startedSimulator(t, { gzip: true })
  const body = await (await plain.get(plain.exportUrl())).text()
  const compressed = await gzip.get(gzip.exportUrl())
  assert.equal(compressed.headers.get('content-encoding'), 'gzip')
  assert.equal(await compressed.text(), body)
  const seen = gzip.simulator.state().requests.latest.at(-1)!
  assert.ok(seen.bytes < body.length / 2, `${seen.bytes} of ${body.length} bytes`)
  for (const encoding of ['identity', 'br', 'gzip;q=0', 'deflate, gzip; q=0.0']) {
    const response = await gzip.get(gzip.exportUrl(), { headers: { 'accept-encoding': encoding } })
    assert.equal(response.headers.get('content-encoding'), null, encoding)
    assert.equal(await response.text(), body)
  }
})

test('a prepared export is the same bytes, and follows every change', async t => {
  for (const gzip of [false, true]) {
    const plain = await startedSimulator(t, { events: 3_000 })
    const prepared = await startedSimulator(t, { events: 3_000, prepared: true, gzip })
    const both = async () => {
      const [one, other] = await Promise.all([
        prepared.get(prepared.exportUrl()).then(response => response.text()),
        plain.get(plain.exportUrl()).then(response => response.text()),
      ])
      assert.equal(one, other)
    }
    await Promise.all([both(), both()])
    for (const { simulator } of [plain, prepared]) simulator.append({ createdAt: ORIGIN_MS })
    await both()
    for (const { simulator } of [plain, prepared]) simulator.setOrder('oldest-first')
    await both()
    for (const { simulator } of [plain, prepared]) simulator.fault({ kind: 'poison', times: 1 })
    await both()
    await both()
    for (const { simulator } of [plain, prepared]) simulator.reset(9)
    await both()
  }
})

test('prepared exports that are being read outlive the changes of the log', async t => {
  const { simulator, events } = await startedSimulator(t, { events: 3_000, prepared: true })
  const downloads = Array.from({ length: 12 }, async (_, i) => {
    if (i % 3 === 0) simulator.append({})
    return (await events()).length
  })
  for (const length of await Promise.all(downloads))
    assert.ok(length > 3_000 && length <= 3_004, `${length} events`)
})

test('a reader that is slow holds the simulator back, and one that goes away ends it', async t => {
  const { simulator, url } = await startedSimulator(t, { events: 100_000 })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write(
    'GET /api/organizations/example-org/audit-log/export HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\n\r\n',
  )
  await once(socket, 'readable')
  const seen = () => simulator.state().requests.latest.at(-1)!
  let before = -1
  while (seen().bytes !== before) {
    before = seen().bytes
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  assert.equal(seen().outcome, 'open')
  assert.ok(before < 30_000_000, `${before} bytes were taken with nobody reading`)
  socket.destroy()
  while (seen().outcome === 'open') await new Promise(resolve => setTimeout(resolve, 10))
  assert.equal(seen().outcome, 'cut')
})

test('a request in absolute form, as a proxy gets it, is answered too', async t => {
  const { url, exportUrl } = await startedSimulator(t)
  const request = httpRequest(url, { path: exportUrl(), headers: { authorization: 'Bearer t' } }).end()
  const [response] = await once(request, 'response')
  assert.equal(response.statusCode, 200)
  response.resume()
})

test('a port in use and a host for others are refused in clear words', async t => {
  const { url } = await startedSimulator(t)
  const port = Number(new URL(url).port)
  await assert.rejects(createSimulator({ port }).start(), {
    code: 'CONFIG_INVALID',
    message: new RegExp(`Port ${port} is in use`),
  })
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'hub.example']) {
    assert.throws(() => createSimulator({ host }), {
      code: 'CONFIG_INVALID',
      message: /host: must be a loopback address/,
    })
  }
  assert.throws(() => createSimulator({ organizations: ['a', 'a'], events: -1 }), {
    code: 'CONFIG_INVALID',
    message: /organizations: .*events: /,
  })
})

test('stop ends open downloads at once and may be called twice', async t => {
  const { simulator, get, exportUrl } = await startedSimulator(t, { events: 20_000 })
  simulator.fault({ kind: 'stall', at: 1_000 })
  const response = await get(exportUrl())
  const body = assert.rejects(response.text())
  await simulator.stop()
  await body
  await simulator.stop()
})
