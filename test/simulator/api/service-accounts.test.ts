import assert from 'node:assert/strict'
import test from 'node:test'
import { type CalledSimulator, calledSimulator } from '../called.ts'

const LIST = '/api/organizations/{name}/service-accounts'
const ONE = `${LIST}/{serviceAccountId}`
const TOKENS = `${ONE}/tokens`
const TOKEN = `${TOKENS}/{tokenId}`
const WHOAMI = 'GET /api/whoami-v2'

async function newAccount({ call }: CalledSimulator, name = 'Night jobs'): Promise<string> {
  return (await call(`POST ${LIST}`, { body: { name } })).body._id
}

test('an account that is created is listed, found, and gone when it is deleted', async t => {
  const simulated = await calledSimulator(t)
  const { call, told } = simulated
  const before = (await call(`GET ${LIST}`)).body
  assert.ok(before.length > 0)
  const made = await call(`POST ${LIST}`, { body: { name: 'Night jobs', description: 'Ünïcode, "quoted"' } })
  assert.equal(made.status, 201)
  assert.equal(made.body.fullname, 'Night jobs')
  const path = { serviceAccountId: made.body._id }
  const { accessTokens, ...found } = (await call(`GET ${ONE}`, { path })).body
  assert.deepEqual(accessTokens, [])
  assert.equal(found.description, 'Ünïcode, "quoted"')
  assert.deepEqual((await call(`GET ${LIST}`)).body, [...before, found])
  assert.equal((await call(`DELETE ${ONE}`, { path })).status, 204)
  assert.deepEqual((await call(`GET ${LIST}`)).body, before)
  assert.equal((await call(`GET ${ONE}`, { path })).status, 404)
  assert.equal((await call(`DELETE ${ONE}`, { path })).status, 404)
  const [created] = await told('org.service_account.create', 'org.service_account.delete')
  assert.equal(created!.data.serviceAccount._id, found._id)
})

test('a token is told once, stands for its account, and is known by its last four', async t => {
  const simulated = await calledSimulator(t)
  const { call, told } = simulated
  const serviceAccountId = await newAccount(simulated)
  const path = { serviceAccountId }
  const body = {
    displayName: 'reader',
    permissions: ['org.read', 'org.serviceAccounts.read'],
    repoIds: ['ABCDEFABCDEFABCDEFABCDEF'],
    repoPermissions: ['repo.write'],
    endpointPatterns: ['gpt2-*'],
  }
  const { status, body: made } = await call(`POST ${TOKENS}`, { path, body })
  assert.equal(status, 201)
  assert.match(made.token, /^hf_invented[A-Za-z]{26}$/)
  assert.deepEqual(made.tokenInfo.repoIds, ['abcdefabcdefabcdefabcdef'])

  const known = async () => (await call(`GET ${ONE}`, { path })).body.accessTokens[0]
  const { lastUsedAt, ...unused } = await known()
  assert.equal(lastUsedAt, undefined)
  assert.equal(unused.last4, made.token.slice(-4))
  assert.equal(unused.displayName, 'reader')
  assert.ok(!JSON.stringify(unused).includes(made.token))

  const who = (await call(WHOAMI, { token: made.token })).body
  assert.equal(who.id, serviceAccountId)
  assert.equal(who.auth.accessToken.displayName, 'reader')
  assert.equal(who.orgs[0].roleInOrg, undefined)
  assert.deepEqual(
    who.auth.accessToken.fineGrained.scoped.map((scope: { permissions: string[] }) => scope.permissions),
    [body.permissions, body.repoPermissions],
  )
  assert.notEqual((await known()).lastUsedAt, undefined)
  assert.equal((await call(`GET ${LIST}`, { token: made.token })).status, 200)
  const [, event] = await told('org.service_account.create', 'org.service_account.token.create')
  assert.deepEqual(event!.data.token, { _id: made.tokenInfo._id, displayName: 'reader' })
  assert.ok(
    !JSON.stringify([event, simulated.simulator.state()]).includes(made.token),
    'its value is kept nowhere',
  )
})

test('a token without a body has the defaults of the document', async t => {
  const simulated = await calledSimulator(t)
  const path = { serviceAccountId: await newAccount(simulated) }
  const { body } = await simulated.call(`POST ${TOKENS}`, { path })
  const { _id, createdAt, ...settings } = body.tokenInfo
  assert.deepEqual(settings, {
    displayName: 'API Token',
    permissions: [],
    repoIds: [],
    repoPermissions: [],
    endpointPatterns: [],
    skipNetworkSecurity: false,
  })
})

test('what an update names changes, the rest stays; the token may do what it says at once', async t => {
  const simulated = await calledSimulator(t)
  const { call, told } = simulated
  const serviceAccountId = await newAccount(simulated)
  const made = await call(`POST ${TOKENS}`, {
    path: { serviceAccountId },
    body: { displayName: 'first', permissions: ['org.read'] },
  })
  const path = { serviceAccountId, tokenId: made.body.tokenInfo._id }
  const { token } = made.body
  assert.equal((await call(`GET ${LIST}`, { token })).status, 403)
  const updated = await call(`PATCH ${TOKEN}`, { path, body: { permissions: ['org.serviceAccounts.read'] } })
  assert.equal(updated.body.displayName, 'first')
  assert.deepEqual(updated.body.permissions, ['org.serviceAccounts.read'])
  assert.equal((await call(`GET ${LIST}`, { token })).status, 200)
  const renamed = await call(`PATCH ${TOKEN}`, { path, body: { displayName: 'second' } })
  assert.deepEqual(renamed.body, { ...updated.body, displayName: 'second' })
  await told(
    'org.service_account.create',
    'org.service_account.token.create',
    'org.service_account.token.update',
    'org.service_account.token.update',
  )
})

test('a rotated token has the same rights, and its old value dies at once', async t => {
  const simulated = await calledSimulator(t)
  const { call, told } = simulated
  const serviceAccountId = await newAccount(simulated)
  const made = (
    await call(`POST ${TOKENS}`, { path: { serviceAccountId }, body: { permissions: ['org.read'] } })
  ).body
  const path = { serviceAccountId, tokenId: made.tokenInfo._id }
  const rotated = (await call(`POST ${TOKEN}/rotate`, { path })).body
  assert.notEqual(rotated.token, made.token)
  assert.equal(rotated.tokenInfo.last4, rotated.token.slice(-4))
  assert.equal(rotated.tokenInfo.displayName, 'API Token')
  const old = await call(WHOAMI, { token: made.token })
  assert.equal(old.status, 401)
  assert.match(old.headers.get('www-authenticate')!, /^Bearer/)
  assert.equal((await call(WHOAMI, { token: rotated.token })).status, 200)
  assert.equal((await call('GET /api/organizations/{name}/members', { token: rotated.token })).status, 200)
  const events = await told(
    'org.service_account.create',
    'org.service_account.token.create',
    'org.service_account.token.rotate',
  )
  assert.ok(!JSON.stringify(events).includes(rotated.token))
})

test('tokens that are deleted, or whose account is, are refused and stay so', async t => {
  const simulated = await calledSimulator(t)
  const { call, told } = simulated
  const serviceAccountId = await newAccount(simulated)
  const create = async () => (await call(`POST ${TOKENS}`, { path: { serviceAccountId } })).body
  const [one, other] = [await create(), await create()]
  const path = { serviceAccountId, tokenId: one.tokenInfo._id }
  assert.equal((await call(`DELETE ${TOKEN}`, { path })).status, 204)
  assert.equal((await call(WHOAMI, { token: one.token })).status, 401)
  assert.equal((await call(WHOAMI, { token: other.token })).status, 200)
  for (const operation of [`DELETE ${TOKEN}`, `PATCH ${TOKEN}`, `POST ${TOKEN}/rotate`]) {
    const answer = await call(operation, { path, ...(operation.startsWith('PATCH') && { body: {} }) })
    assert.deepEqual([answer.status, answer.body], [404, { error: 'Access token not found' }], operation)
    assert.equal(answer.headers.get('x-error-code'), null)
  }
  assert.equal((await call(`DELETE ${ONE}`, { path })).status, 204)
  assert.equal((await call(WHOAMI, { token: other.token })).status, 401)
  for (const operation of [`POST ${TOKENS}`, `DELETE ${TOKEN}`, `PATCH ${TOKEN}`, `POST ${TOKEN}/rotate`])
    assert.deepEqual(
      (await call(operation, { path })).body,
      { error: 'Service account not found' },
      operation,
    )
  await told(
    'org.service_account.create',
    'org.service_account.token.create',
    'org.service_account.token.create',
    'org.service_account.token.delete',
    'org.service_account.delete',
  )
})

test('an exemption from network security asks for its own permission and plan', async t => {
  const exemption = { skipNetworkSecurity: true }
  const status = async (options: Parameters<typeof calledSimulator>[1]) => {
    const simulated = await calledSimulator(t, options)
    const serviceAccountId = await newAccount(simulated)
    const made = await simulated.call(`POST ${TOKENS}`, { path: { serviceAccountId }, body: exemption })
    const plain = (await simulated.call(`POST ${TOKENS}`, { path: { serviceAccountId } })).body
    const path = { serviceAccountId, tokenId: plain.tokenInfo._id }
    const updated = await simulated.call(`PATCH ${TOKEN}`, { path, body: exemption })
    assert.equal(made.status === 201, updated.status === 200)
    return made.status
  }
  assert.equal(await status({ plan: 'plus' }), 201)
  assert.equal(await status({ plan: 'enterprise' }), 402)
  assert.equal(await status({ plan: 'plus', permissions: ['org.serviceAccounts.write'] }), 403)
})

test('with a token of its own, the simulator takes that and those it gave, and no other', async t => {
  const simulated = await calledSimulator(t, { token: 'hf_simulated_right' })
  const { call } = simulated
  const serviceAccountId = await newAccount(simulated)
  const { token } = (await call(`POST ${TOKENS}`, { path: { serviceAccountId } })).body
  assert.equal((await call(WHOAMI, { token })).body.id, serviceAccountId)
  assert.equal((await call(WHOAMI, { token: 'hf_simulated_wrong' })).status, 401)
  assert.equal((await call(WHOAMI)).body.name, 'auditor-example')
})

test('a token is of one organization', async t => {
  const simulated = await calledSimulator(t, { organizations: ['example-org', 'other-example'] })
  const { call } = simulated
  const serviceAccountId = await newAccount(simulated)
  const body = { permissions: ['org.read', 'org.serviceAccounts.read'] }
  const { token } = (await call(`POST ${TOKENS}`, { path: { serviceAccountId }, body })).body
  const elsewhere = { path: { name: 'other-example', serviceAccountId } }
  assert.equal((await call(`GET ${LIST}`, { ...elsewhere, token })).status, 403)
  assert.equal((await call(`GET ${ONE}`, elsewhere)).status, 404)
  const { orgs } = (await call(WHOAMI, { token })).body
  assert.deepEqual(
    orgs.map(({ name }: { name: string }) => name),
    ['example-org'],
  )
})

test('two simulators of one seed invent the same accounts and tokens; another seed, others', async t => {
  const make = async (seed: number) => {
    const simulated = await calledSimulator(t, { seed })
    const serviceAccountId = await newAccount(simulated)
    const made = await simulated.call(`POST ${TOKENS}`, { path: { serviceAccountId } })
    return [made.body, (await simulated.call(`GET ${LIST}`)).body]
  }
  assert.deepEqual(await make(1), await make(1))
  assert.notDeepEqual((await make(1))[0].token, (await make(2))[0].token)
})

test('resetting the simulator forgets what was changed', async t => {
  const simulated = await calledSimulator(t)
  const before = (await simulated.call(`GET ${LIST}`)).body
  await newAccount(simulated)
  simulated.simulator.reset(1)
  assert.deepEqual((await simulated.call(`GET ${LIST}`)).body, before)
})

test('a token is refused once it has expired', async t => {
  let now = Date.UTC(2098, 0, 1)
  const { call } = await calledSimulator(t, { live: true, now: () => now })
  for (const account of (await call(`GET ${LIST}`)).body) {
    const { accessTokens } = (await call(`GET ${ONE}`, { path: { serviceAccountId: account._id } })).body
    for (const { _id, expiration } of accessTokens) {
      const path = { serviceAccountId: account._id, tokenId: _id }
      const { token } = (await call(`POST ${TOKEN}/rotate`, { path })).body
      now = Date.UTC(2098, 0, 1)
      assert.equal((await call(WHOAMI, { token })).body.auth.expiresAt, expiration)
      now = Date.UTC(2100, 0, 1)
      assert.equal((await call(WHOAMI, { token })).status, expiration === undefined ? 200 : 401)
    }
  }
})
