import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answer, NEVER, readAll, startClient, startServer } from './hub-server.ts'

const USER = {
  type: 'user',
  id: '62f264b9f3c90f4b6514a269',
  name: 'jdoe',
  isPro: false,
  orgs: [
    { type: 'org', id: '1', name: 'acme', plan: 'enterprise', roleInOrg: 'owner-of-tomorrow', newField: 1 },
  ],
  auth: {
    type: 'access_token',
    accessToken: { displayName: 'x', role: 'fineGrained', createdAt: '2026-01-01T00:00:00Z' },
  },
}

test('the user is asked for once a token', async t => {
  const hub = await startServer(t, (_, response) => answer(response, 200, JSON.stringify(USER)))
  let token = 'one'
  const client = startClient(t, { token: () => token })
  const ask = () => client.ownUserId(hub.organization, NEVER)
  assert.deepEqual(await Promise.all([ask(), ask()]), [USER.id, USER.id])
  assert.equal(await client.ownUserId({ ...hub.organization, name: 'other' }, NEVER), USER.id)
  assert.deepEqual(
    hub.requests.map(request => request.url),
    ['/api/whoami-v2'],
  )
  token = 'two'
  assert.equal(await ask(), USER.id)
  assert.equal(hub.requests.length, 2)
  const whole = await client.whoAmI(hub.organization, NEVER)
  assert.equal(whole.orgs![0]!.newField, 1, 'new fields are kept')
})

test('a failure is no error, and asked again after an hour', async t => {
  let now = 1_700_000_000_000
  const answers: [number, string][] = [
    [429, ''],
    [200, '{"id":1}'],
    [200, '<'],
    [200, JSON.stringify(USER)],
  ]
  const hub = await startServer(t, (_, response) => answer(response, ...answers[hub.requests.length - 1]!))
  const client = startClient(t, { now: () => now })
  const ask = () => client.ownUserId(hub.organization, NEVER)
  for (let failures = 1; failures <= 3; failures++) {
    assert.equal(await ask(), undefined)
    now += 59 * 60_000
    assert.equal(await ask(), undefined)
    assert.equal(hub.requests.length, failures)
    now += 60_000
  }
  assert.equal(await ask(), USER.id)
})

test('its own rate limit says nothing about exports', async t => {
  const hub = await startServer(t, (request, response) => {
    if (request.url === '/api/whoami-v2') answer(response, 429, '', { ratelimit: '"whoami";r=0;t=3000' })
    else answer(response, 200, '[]')
  })
  const client = startClient(t)
  assert.equal(await client.ownUserId(hub.organization, NEVER), undefined)
  await readAll(await client.exportAuditLog(hub.organization, AbortSignal.timeout(5_000)))
  await readAll(await client.exportAuditLog(hub.organization, AbortSignal.timeout(5_000)))
})

test('who stops is not kept waiting', async t => {
  const hub = await startServer(t, () => {})
  const client = startClient(t)
  const stopping = new AbortController()
  const asking = client.ownUserId(hub.organization, stopping.signal)
  setTimeout(() => stopping.abort(), 20)
  assert.equal(await asking, undefined)
  assert.equal(await client.ownUserId(hub.organization, stopping.signal), undefined)
})
