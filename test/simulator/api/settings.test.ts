import assert from 'node:assert/strict'
import test from 'node:test'
import { objectId } from '../../../src/simulator/random.ts'
import { calledSimulator } from '../called.ts'

const REPOSITORIES = 'GET /api/organizations/{name}/settings/repositories'
const NETWORK = '/api/organizations/{name}/settings/network-security'
const EXPORT = 'GET /api/organizations/{name}/audit-log/export'

interface ListedRepository {
  id: string
  type: 'model' | 'dataset' | 'space' | 'bucket' | 'kernel'
  updatedAt: string
  visibility: string
  storage: number
  storagePercent: number
}

const settingsOf = (type: string) => `PUT /api/${type}s/{namespace}/{repo}/settings`

test('repositories can be searched, chosen by type, sorted and limited', async t => {
  const { call } = await calledSimulator(t)
  const list = async (query: Record<string, string> = {}): Promise<ListedRepository[]> =>
    (await call(REPOSITORIES, { query })).body
  const all = await list()
  assert.deepEqual(
    new Set(all.map(({ type }) => type)),
    new Set(['dataset', 'model', 'space', 'bucket', 'kernel']),
  )
  assert.deepEqual(
    all,
    all.toSorted((x, y) => y.storage - x.storage),
  )
  assert.ok(Math.abs(all.reduce((sum, { storagePercent }) => sum + storagePercent, 0) - 100) < 1e-6)
  assert.deepEqual(await list({ limit: '3' }), all.slice(0, 3))
  assert.deepEqual(await list({ direction: 'asc' }), all.toReversed())
  assert.deepEqual(
    await list({ sort: 'updatedAt' }),
    all.toSorted((x, y) => Date.parse(y.updatedAt) - Date.parse(x.updatedAt)),
  )
  assert.deepEqual(
    await list({ type: 'space', search: 'EXAMPLE-org/' }),
    all.filter(({ type }) => type === 'space'),
  )
  assert.deepEqual(await list({ search: 'no-such-name' }), [])
  for (const query of [{ type: 'models' }, { limit: '0' }, { sort: 'name' }, { direction: 'up' }])
    assert.equal((await call(REPOSITORIES, { query: query as Record<string, string> })).status, 400)
})

test('visibility is set for each kind of repository, seen in the list, and told where it changed', async t => {
  const { call, fresh } = await calledSimulator(t)
  const listed = async (): Promise<ListedRepository[]> => (await call(REPOSITORIES)).body
  for (const type of ['model', 'dataset', 'space', 'bucket']) {
    const { id } = (await listed()).find(repository => repository.type === type)!
    const path = { repo: id.split('/')[1]! }
    const set = (isPrivate: boolean) =>
      call(settingsOf(type), {
        path,
        body: { private: isPrivate, ...(type === 'bucket' && { cdnRegions: [] }) },
      })
    const visibility = async () => (await listed()).find(repository => repository.id === id)!.visibility
    await set(true)
    await fresh()
    assert.equal((await set(false)).body.private, false)
    assert.equal(await visibility(), 'public')
    assert.equal((await set(false)).status, 200)
    assert.equal((await set(true)).body.private, true)
    assert.equal(await visibility(), 'private')
    const events = await fresh()
    assert.deepEqual(
      events.map(event => [event.type, event.data]),
      [
        ['private', 'public'],
        ['public', 'private'],
      ].map(([from, to]) => [
        'repo.update_settings',
        { repo: { type, name: id }, changes: [{ key: 'visibility', from, to }] },
      ]),
    )
  }
})

test('protected is for Spaces; the other settings are kept', async t => {
  const { call, fresh } = await calledSimulator(t)
  const repositories: ListedRepository[] = (await call(REPOSITORIES)).body
  const pathOf = (type: string) => ({
    repo: repositories.find(repository => repository.type === type)!.id.split('/')[1]!,
  })
  await call(settingsOf('space'), { path: pathOf('space'), body: { visibility: 'public' } })
  const space = await call(settingsOf('space'), { path: pathOf('space'), body: { visibility: 'protected' } })
  assert.equal(space.body.visibility, 'protected')
  for (const type of ['model', 'dataset']) {
    const answer = await call(settingsOf(type), { path: pathOf(type), body: { visibility: 'protected' } })
    assert.equal(answer.status, 400)
    assert.match(answer.body.error, /only supported for Spaces/)
  }
  await fresh()
  const model = { path: pathOf('model') }
  const body = { gated: 'manual', gatedNotificationsEmail: 'owners@mail.example' }
  await call(settingsOf('model'), { ...model, body })
  const kept = (await call(settingsOf('model'), { ...model, body: { discussionsDisabled: true } })).body
  assert.deepEqual(
    { ...kept, ...body, discussionsDisabled: true },
    kept,
    'what an update does not name stays as it was',
  )
  const [first] = await fresh()
  assert.deepEqual(first!.data.changes, [
    { key: 'gated', from: false, to: 'manual' },
    { key: 'gatedNotificationsEmail', from: null, to: 'owners@mail.example' },
  ])
  const bucket = await call(settingsOf('bucket'), {
    path: pathOf('bucket'),
    body: { cdnRegions: [{ provider: 'aws', region: 'eu' }] },
  })
  assert.deepEqual(bucket.body.cdnRegions, [{ provider: 'aws', region: 'eu' }])
})

test('a token of a repository may change that one; its rights there go before those on the organization', async t => {
  const { call, simulator } = await calledSimulator(t)
  const serviceAccountId = (await call('GET /api/organizations/{name}/service-accounts')).body[0]._id
  const [one, other]: ListedRepository[] = (await call(REPOSITORIES, { query: { type: 'model' } })).body
  // No call of the document tells the id of a repository.
  const repoIdOf = ({ id }: ListedRepository) => objectId(`model/${id}`)
  const tokenWith = async (body: object) =>
    (
      await call('POST /api/organizations/{name}/service-accounts/{serviceAccountId}/tokens', {
        path: { serviceAccountId },
        body,
      })
    ).body.token
  const status = async (token: string, { id }: ListedRepository) =>
    (await call(settingsOf('model'), { path: { repo: id.split('/')[1]! }, body: { private: true }, token }))
      .status
  const onOne = await tokenWith({ repoIds: [repoIdOf(one!)], repoPermissions: ['repo.write'] })
  assert.deepEqual([await status(onOne, one!), await status(onOne, other!)], [200, 403])
  const butOne = await tokenWith({ permissions: ['repo.write'], repoIds: [repoIdOf(one!)] })
  assert.deepEqual([await status(butOne, one!), await status(butOne, other!)], [403, 200])
  for (const [role, expected] of [
    ['write', 200],
    ['contributor', 403],
    ['read', 403],
  ] as const) {
    simulator.setAccess({ role })
    assert.equal(await status('hf_simulated', one!), expected, role)
  }
})

test('network security is read and changed; each switch is told by a type of its own', async t => {
  const { call, told } = await calledSimulator(t)
  const before = (await call(`GET ${NETWORK}`)).body
  const body = {
    enforceIpRestriction: true,
    enforceAuth: true,
    ipRanges: ['198.51.100.0/24', '2001:db8:1:0:0:0:0:0/48'],
    blockedContents: [{ resource: '*', scope: 'somebody' }],
  }
  const changed = (await call(`PATCH ${NETWORK}`, { body })).body
  assert.deepEqual(changed, { ...before, ...body })
  assert.deepEqual((await call(`GET ${NETWORK}`)).body, changed)
  assert.deepEqual((await call(`PATCH ${NETWORK}`, { body: {} })).body, changed)
  await call(`PATCH ${NETWORK}`, { body: { enforceIpRestriction: false } })
  const refused = await call(`PATCH ${NETWORK}`, { body: { ipRanges: ['192.0.2.0'] } })
  assert.match(refused.body.error, /^ipRanges\.0: must be a range such as 192\.0\.2\.0\/24/)
  const events = await told(
    'org.settings.network.ip_restriction.enable',
    'org.settings.network.auth_enforcement.enable',
    'org.settings.network',
    'org.settings.network.ip_restriction.disable',
  )
  assert.deepEqual(events.at(-1)!.data, {
    before: { enforceIpRestriction: true },
    after: { enforceIpRestriction: false },
  })
})

test("a member's token is revoked by its id: the log tells it once", async t => {
  const { call, told, events } = await calledSimulator(t, { events: 500 })
  const token = (await events()).find(event => event.token?.deleted === false)!.token!
  const revoke = (tokenId: string) =>
    call('POST /api/organizations/{name}/settings/tokens/{tokenId}/revoke', { path: { tokenId } })
  assert.equal((await revoke(token.id)).status, 204)
  assert.equal((await revoke(token.id)).status, 204)
  const unknown = await revoke('f'.repeat(24))
  assert.deepEqual([unknown.status, unknown.body], [404, { error: 'Access token not found' }])
  const [event] = await told('org.token_approval.authorization_request.revoked')
  assert.equal(event!.data.token.id, token.id)
})

test("the user's own token, once revoked, is kept out of that organization alone", async t => {
  const { call, simulator } = await calledSimulator(t, { organizations: ['example-org', 'other-example'] })
  const path = { tokenId: simulator.state().tokenId }
  const revoked = await call('POST /api/organizations/{name}/settings/tokens/{tokenId}/revoke', { path })
  assert.equal(revoked.status, 204)
  for (const operation of [EXPORT, REPOSITORIES, `GET ${NETWORK}`]) {
    const refused = await call(operation)
    assert.equal(refused.status, 403, operation)
    assert.match(refused.body.error, /revoked by an administrator/)
    assert.equal((await call(operation, { path: { name: 'other-example' } })).status, 200, operation)
  }
  const { orgs } = (await call('GET /api/whoami-v2')).body
  assert.deepEqual(orgs[0].securityRestrictions, ['token-revoked'])
  assert.equal(orgs[1].securityRestrictions, undefined)
  simulator.setAccess({ organization: 'example-org', restriction: 'none' })
  assert.equal((await call(EXPORT)).status, 200)
})

test('leaked values are refused from then on, whoever they belonged to, and nobody learns which there were', async t => {
  const { call, told, get, exportUrl } = await calledSimulator(t)
  const serviceAccountId = (await call('GET /api/organizations/{name}/service-accounts')).body[0]._id
  const made = await call('POST /api/organizations/{name}/service-accounts/{serviceAccountId}/tokens', {
    path: { serviceAccountId },
  })
  const credentials = [made.body.token, 'hf_simulated_leaked', 'no token at all']
  const revoke = (body: unknown, token: string | null = null) =>
    call('POST /api/credentials/revoke', { body, token })
  for (const token of [null, 'hf_simulated_leaked', 'hf_other']) {
    const answer = await revoke({ credentials }, token)
    assert.deepEqual([answer.status, answer.body], [202, undefined])
  }
  for (const token of credentials.slice(0, 2))
    assert.equal((await call('GET /api/whoami-v2', { token })).status, 401)
  assert.equal((await get(exportUrl())).status, 200)
  for (const wrong of [[], Array(1_001).fill('x'), [''], ['x'.repeat(201)], 'hf_x'])
    assert.equal((await revoke({ credentials: wrong })).status, 400)
  assert.equal((await revoke({ credentials: Array(1_000).fill('x'.repeat(200)) })).status, 202)
  const [, event] = await told('org.service_account.token.create', 'org.service_account.token.delete')
  assert.equal(event!.author.user, 'system-example')
  assert.ok(!JSON.stringify(event).includes(made.body.token))
})
