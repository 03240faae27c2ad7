import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from 'node:util'
import type { NewToken } from '../../../src/hub/enterprise/create-token.ts'
import { ROLE_PERMISSIONS, TOKEN_PERMISSIONS } from '../../../src/hub/enterprise/token-permissions.ts'
import { TOKEN } from '../hub-server.ts'
import { clientOf, LEAKED } from './calls.ts'
import { type Received, startDocumentedHub } from './documented-hub.ts'
import { ACCOUNT, ACCOUNT_ID, ACCOUNT_TOKEN, NEW_TOKEN, TOKEN_ID } from './examples.ts'

const OTHER_ACCOUNT = { ...ACCOUNT, _id: 'f'.repeat(24), user: 'acme-bot', name: 'Bot' }
const TWIN = { ...ACCOUNT_TOKEN, _id: 'e'.repeat(24) }
const ONLY = { ...ACCOUNT_TOKEN, _id: 'd'.repeat(24), displayName: 'only' }

/** Two accounts, with a token `deploy` each. */
function twoAccounts({ operation, path }: Received) {
  if (operation === 'GET /api/organizations/{name}/service-accounts')
    return { status: 200, body: [ACCOUNT, OTHER_ACCOUNT] }
  if (!operation.startsWith('GET')) return undefined
  const isOther = path.endsWith(OTHER_ACCOUNT._id)
  const body = isOther
    ? { ...OTHER_ACCOUNT, accessTokens: [TWIN, ONLY] }
    : { ...ACCOUNT, accessTokens: [ACCOUNT_TOKEN] }
  return { status: 200, body }
}

test('tokens are listed with their account; an account that is gone meanwhile is passed over', async t => {
  let isGone = false
  const hub = await startDocumentedHub(t, received =>
    isGone && received.path.endsWith(ACCOUNT_ID)
      ? { status: 404, body: { error: 'gone' } }
      : twoAccounts(received),
  )
  const client = clientOf(hub.endpoint)
  const idsOf = async (serviceAccount?: string) =>
    (await client.listTokens('acme', { serviceAccount })).map(token => [token._id, token.serviceAccount.user])
  assert.deepEqual(await idsOf(), [
    [TOKEN_ID, 'acme-ci'],
    [TWIN._id, 'acme-bot'],
    [ONLY._id, 'acme-bot'],
  ])
  for (const name of ['CI', 'acme-ci', ACCOUNT_ID])
    assert.deepEqual(await idsOf(name), [[TOKEN_ID, 'acme-ci']])
  await assert.rejects(idsOf('nobody'), { code: 'HUB_NOT_FOUND', message: /it has acme-ci, acme-bot/ })
  isGone = true
  assert.equal((await idsOf()).length, 2)
  await assert.rejects(idsOf('CI'), { code: 'HUB_NOT_FOUND' })
})

test('a token is revoked by its name or its id; two of one name are refused with both ids', async t => {
  const hub = await startDocumentedHub(t, twoAccounts)
  const client = clientOf(hub.endpoint)
  const deleted = () =>
    hub.received.filter(({ operation }) => operation.startsWith('DELETE')).map(({ path }) => path)
  const pathOf = (account: string, token: string) =>
    `/api/organizations/acme/service-accounts/${account}/tokens/${token}`

  for (const change of [
    () => client.revokeToken('acme', 'deploy'),
    () => client.rotateToken('acme', 'deploy'),
    () => client.updateToken('acme', 'deploy', { name: 'x' }),
  ]) {
    await assert.rejects(change(), (error: Error & { code: string }) => {
      assert.equal(error.code, 'CONFIG_INVALID')
      assert.match(error.message, /2 tokens in acme are named "deploy"/)
      assert.ok(error.message.includes(`${TOKEN_ID} (of acme-ci), ${TWIN._id} (of acme-bot)`))
      return true
    })
  }
  await assert.rejects(client.revokeToken('acme', 'nothing'), { code: 'HUB_NOT_FOUND', message: /"nothing"/ })
  assert.ok(
    hub.received.every(({ operation }) => operation.startsWith('GET')),
    'nothing was changed',
  )

  assert.deepEqual(await client.revokeToken('acme', 'deploy', { serviceAccount: 'Bot' }), {
    _id: TWIN._id,
    displayName: 'deploy',
    serviceAccount: { _id: OTHER_ACCOUNT._id, user: 'acme-bot', name: 'Bot' },
  })
  await client.revokeToken('acme', TOKEN_ID)
  await client.revokeToken('acme', 'only')
  assert.deepEqual(deleted(), [
    pathOf(OTHER_ACCOUNT._id, TWIN._id),
    pathOf(ACCOUNT_ID, TOKEN_ID),
    pathOf(OTHER_ACCOUNT._id, ONLY._id),
  ])
  assert.deepEqual(hub.violations, [])
})

test('two service accounts of one name are refused with both ids', async t => {
  const hub = await startDocumentedHub(t, () => ({
    status: 200,
    body: [ACCOUNT, { ...OTHER_ACCOUNT, name: 'CI' }],
  }))
  await assert.rejects(clientOf(hub.endpoint).createToken('acme', 'CI', { name: 'x' }), {
    code: 'CONFIG_INVALID',
    message: new RegExp(`${ACCOUNT_ID} \\(acme-ci\\), ${OTHER_ACCOUNT._id} \\(acme-bot\\)`),
  })
})

test('a role stands for permissions; without role, permissions and repositories it is read', async t => {
  const hub = await startDocumentedHub(t)
  const client = clientOf(hub.endpoint)
  const sent = async (token: Omit<NewToken, 'name'>) => {
    await client.createToken('acme', ACCOUNT_ID, { name: 'x', ...token })
    const { displayName, ...rest } = hub.received.at(-1)!.body as { displayName: string }
    assert.equal(displayName, 'x')
    return rest
  }
  assert.deepEqual(await sent({}), { permissions: ['repo.content.read', 'org.read', 'collection.read'] })
  assert.deepEqual(await sent({ role: 'read' }), { permissions: ROLE_PERMISSIONS.read })
  assert.deepEqual(await sent({ role: 'write' }), {
    permissions: ['repo.content.read', 'repo.write', 'org.read', 'collection.read', 'collection.write'],
  })
  assert.deepEqual(await sent({ role: 'admin' }), { permissions: [...TOKEN_PERMISSIONS] })
  assert.deepEqual(await sent({ permissions: [] }), { permissions: [] })
  const repositories = { repoIds: [TOKEN_ID], repoPermissions: ['repo.write'] } as const
  assert.deepEqual(await sent(repositories), repositories, 'no more than what was chosen')
  const allButOne = { permissions: ['repo.write'], repoIds: [TOKEN_ID], repoPermissions: [] } as const
  assert.deepEqual(await sent(allButOne), allButOne, 'nothing on a repository, where somebody says so')
  assert.deepEqual(hub.violations, [])

  const asked = hub.received.length
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ expiresAt: '2027-01-01' }, /cannot be given an expiry/],
    [{ role: 'read', permissions: ['org.read'] }, /a role or permissions, not both/],
    [{ role: 'god' }, /allowed are read, write, admin/],
    [{ permissions: ['org.delete'] }, /"org.delete" is not a permission/],
    [{ repoIds: ['acme/model'] }, /not the id of a repository/],
    [{ endpointPatterns: ['a.b'] }, /not an endpoint pattern/],
    [{ repoPermissions: ['repo.write'] }, /and no repositories: name them/],
    [{ repoPermissions: ['repo.write'], repoIds: [], role: 'read' }, /and no repositories: name them/],
    [{ repoIds: [TOKEN_ID] }, /repositories and no permissions on them/],
    [{ repoIds: [TOKEN_ID], role: 'write' }, /repositories and no permissions on them/],
    [{ name: '' }, /1 to 100 characters/],
  ]
  for (const [token, message] of refused) {
    await assert.rejects(client.createToken('acme', 'CI', { name: 'x', ...token } as NewToken), {
      code: 'CONFIG_INVALID',
      message,
    })
  }
  assert.equal(hub.received.length, asked, 'refused before anything is asked')
})

test('the guide tells what each role stands for', () => {
  const guide = readFileSync(new URL('../../../docs/library.md', import.meta.url), 'utf8')
  const named = (role: string): string[] => {
    const row = new RegExp(`^\\| \`${role}\`.*`, 'm').exec(guide)?.[0] ?? ''
    return [...row.matchAll(/`([\w.]+\.[\w.]+)`/g)].map(([, permission]) => permission!)
  }
  const read = named('read')
  assert.deepEqual(read.toSorted(), ROLE_PERMISSIONS.read.toSorted())
  const write = [...read, ...named('write')]
  assert.deepEqual(write.toSorted(), ROLE_PERMISSIONS.write.toSorted())
  assert.deepEqual([...write, ...named('admin')].toSorted(), ROLE_PERMISSIONS.admin.toSorted())
})

test('a new token is in its field and in JSON, and in nothing else that is shown', async t => {
  const hub = await startDocumentedHub(t)
  const client = clientOf(hub.endpoint)
  for (const created of [
    await client.createToken('acme', ACCOUNT_ID, { name: 'x' }),
    await client.rotateToken('acme', 'deploy'),
  ]) {
    assert.equal(created.token, NEW_TOKEN)
    assert.ok(JSON.stringify(created).includes(NEW_TOKEN))
    assert.ok(!inspect(created, { showHidden: true, depth: 5 }).includes(NEW_TOKEN))
    assert.ok(inspect(created).includes(TOKEN_ID))
  }
  assert.ok(!inspect(client, { showHidden: true }).includes(TOKEN))
  assert.ok(!JSON.stringify(client).includes(TOKEN))
})

test('a new token is not lost because the rest of the answer has another form', async t => {
  const hub = await startDocumentedHub(t, ({ operation }) =>
    operation.startsWith('POST') ? { status: 200, body: { token: NEW_TOKEN } } : undefined,
  )
  const rotated = await clientOf(hub.endpoint).rotateToken('acme', 'deploy')
  assert.equal(rotated.token, NEW_TOKEN)
  assert.ok(!inspect(rotated).includes(NEW_TOKEN))
})

test('leaked tokens are revoked without a token of ours, 1 to 1,000 at once', async t => {
  const hub = await startDocumentedHub(t)
  const { endpoint } = hub
  const client = clientOf(endpoint)
  await client.revokeLeakedTokens([LEAKED, 'another'])
  assert.equal(hub.received[0]!.headers.authorization, undefined)
  assert.deepEqual(hub.received[0]!.body, { credentials: [LEAKED, 'another'] })
  for (const wrong of [[], Array(1001).fill('x'), [LEAKED, 'x'.repeat(201)], [LEAKED, '']]) {
    await assert.rejects(client.revokeLeakedTokens(wrong), (error: Error & { code: string }) => {
      assert.equal(error.code, 'CONFIG_INVALID')
      assert.ok(!error.message.includes(LEAKED))
      return true
    })
  }
  assert.equal(hub.received.length, 1)
})
