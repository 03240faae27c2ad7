import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { HubClient } from '../../../src/hub/enterprise/hub-client.ts'
import type { SimulatorOptions } from '../../../src/simulator/simulator.ts'
import { startedSimulator } from '../../simulator/started.ts'

const ORGANIZATION = 'example-org'

/** The client against a Hub that remembers what it was told. */
async function clientOf(t: TestContext, options: SimulatorOptions = {}) {
  const { simulator, url } = await startedSimulator(t, { plan: 'plus', ...options })
  const client = (accessToken: string) => new HubClient({ endpoint: url, accessToken, environment: {} })
  return { simulator, client, hub: client('hf_simulated') }
}

test('members and roles: what is set is what is listed', async t => {
  const { hub } = await clientOf(t, { members: 61 })
  assert.equal(await hub.myOrgRole(ORGANIZATION), 'admin')
  assert.equal(await hub.hasOrgRole(ORGANIZATION, 'write'), true)
  const members = await hub.listMembers(ORGANIZATION, { pageSize: 10 })
  assert.equal(new Set(members.map(({ user }) => user)).size, 61)
  const { user, resourceGroups } = members.find(member => (member.resourceGroups?.length ?? 0) > 1)!
  await hub.setMemberRole(ORGANIZATION, user, 'no_access')
  const after = (await hub.listMembers(ORGANIZATION, { search: user }))[0]!
  assert.equal(after.role, 'no_access')
  assert.deepEqual(after.resourceGroups, resourceGroups, 'the groups stay where nobody spoke of them')
  await hub.setMemberRole(ORGANIZATION, user, 'no_access', { resourceGroups: [] })
  const groups = await hub.listResourceGroups(ORGANIZATION)
  assert.ok(groups.every(({ users }) => !users.some(member => member.user === user)))
  await assert.rejects(hub.setMemberRole(ORGANIZATION, 'nobody', 'read'), { code: 'HUB_NOT_FOUND' })
  await hub.setMemberRole(ORGANIZATION, 'auditor-example', 'read')
  assert.equal(await hub.myOrgRole(ORGANIZATION), 'read')
  await assert.rejects(hub.setMemberRole(ORGANIZATION, user, 'admin'), { code: 'HUB_FORBIDDEN' })
})

test('a token from its account to its end: used, updated, rotated, revoked by name, leaked', async t => {
  const { hub, client } = await clientOf(t)
  const account = await hub.createServiceAccount(ORGANIZATION, { name: 'Night jobs' })
  const made = await hub.createToken(ORGANIZATION, account.user, { name: 'nightly', role: 'admin' })
  assert.equal((await client(made.token).whoAmI()).name, account.user)
  await client(made.token).listServiceAccounts(ORGANIZATION)
  await hub.updateToken(ORGANIZATION, 'nightly', { permissions: ['org.read'] })
  await assert.rejects(client(made.token).listServiceAccounts(ORGANIZATION), { code: 'HUB_FORBIDDEN' })

  const rotated = await hub.rotateToken(ORGANIZATION, 'nightly')
  await assert.rejects(client(made.token).whoAmI(), { code: 'HUB_UNAUTHORIZED' })
  await client(rotated.token).listMembers(ORGANIZATION)
  const [listed] = (await hub.listTokens(ORGANIZATION)).filter(({ displayName }) => displayName === 'nightly')
  assert.equal(listed!.serviceAccount.user, account.user)
  assert.equal(listed!.last4, rotated.token.slice(-4))

  const other = await hub.createToken(ORGANIZATION, account._id, { name: 'leaked' })
  await hub.revokeToken(ORGANIZATION, 'nightly')
  await assert.rejects(client(rotated.token).whoAmI(), { code: 'HUB_UNAUTHORIZED' })
  await assert.rejects(hub.revokeToken(ORGANIZATION, 'nightly'), { code: 'HUB_NOT_FOUND' })
  await hub.revokeLeakedTokens([other.token])
  await assert.rejects(client(other.token).whoAmI(), { code: 'HUB_UNAUTHORIZED' })
  assert.deepEqual((await hub.getServiceAccount(ORGANIZATION, account._id)).accessTokens, [])
  await hub.deleteServiceAccount(ORGANIZATION, account._id)
  await assert.rejects(hub.getServiceAccount(ORGANIZATION, account._id), { code: 'HUB_NOT_FOUND' })
  const log = await hub.auditLogs(ORGANIZATION, { user: 'auditor-example' })
  assert.deepEqual(log.map(({ type }) => type).toReversed(), [
    'org.service_account.create',
    ...['create', 'update', 'rotate', 'create', 'delete'].map(
      action => `org.service_account.token.${action}`,
    ),
    'org.service_account.delete',
  ])
})

test('repositories, network security and single sign-on', async t => {
  const { hub, simulator } = await clientOf(t)
  for (const type of ['model', 'dataset', 'space', 'bucket'] as const) {
    const { id } = (await hub.listRepositories(ORGANIZATION, { type }))[0]!
    for (const isPrivate of [true, false]) {
      await hub.setRepoVisibility({ type, name: id }, isPrivate, type === 'bucket' ? { cdnRegions: [] } : {})
      const [repository] = await hub.listRepositories(ORGANIZATION, { type, search: id })
      assert.equal(repository!.visibility, isPrivate ? 'private' : 'public')
    }
  }
  const before = await hub.getNetworkSecurity(ORGANIZATION)
  const after = await hub.updateNetworkSecurity(ORGANIZATION, {
    ipRanges: [...before.ipRanges, '2001:db8:1::/48'],
  })
  assert.equal(after.ipRanges.length, before.ipRanges.length + 1)
  assert.deepEqual(await hub.getNetworkSecurity(ORGANIZATION), after)

  simulator.setAccess({ restriction: 'sso' })
  const sso = await hub.getSsoConfig(ORGANIZATION)
  assert.deepEqual([sso.enabled, sso.evidence, sso.requiredOfThisToken], [true, 'whoami', true])
})

test("a member's token is revoked for the organization; what the plan lacks is told", async t => {
  const { hub, simulator } = await clientOf(t)
  simulator.setAccess({ plan: 'team' })
  const { tokenId } = simulator.state()
  await assert.rejects(hub.revokeMemberToken(ORGANIZATION, tokenId), { code: 'HUB_PAYMENT_REQUIRED' })
  simulator.setAccess({ plan: 'enterprise' })
  await assert.rejects(hub.getNetworkSecurity(ORGANIZATION), { code: 'HUB_PAYMENT_REQUIRED' })
  await hub.revokeMemberToken(ORGANIZATION, tokenId)
  await assert.rejects(hub.listMembers(ORGANIZATION), { code: 'HUB_FORBIDDEN', message: /revoked/ })
})
