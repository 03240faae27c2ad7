import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HubClient } from '../../../src/hub/enterprise/hub-client.ts'
import { startedSimulator } from '../../simulator/started.ts'

const ORG = 'example-org'

test('the life of a service account and its token, as it shows in the Hub and in its audit log', async t => {
  const { url } = await startedSimulator(t)
  const client = new HubClient({ endpoint: url, accessToken: 'hf_simulated', environment: {} })
  const account = await client.createServiceAccount(ORG, { name: 'Builds', description: 'of models' })
  const created = await client.createToken(ORG, 'Builds', { name: 'nightly', role: 'write' })
  assert.deepEqual(created.tokenInfo.permissions, [
    'repo.content.read',
    'repo.write',
    'org.read',
    'collection.read',
    'collection.write',
  ])
  assert.equal((await client.whoAmI({ accessToken: created.token })).name, account.user, 'it can be used')
  const updated = await client.updateToken(ORG, 'nightly', { name: 'weekly' })
  assert.equal(updated.displayName, 'weekly')

  const rotated = await client.rotateToken(ORG, 'weekly')
  await assert.rejects(client.whoAmI({ accessToken: created.token }), { code: 'HUB_UNAUTHORIZED' })
  assert.equal((await client.whoAmI({ accessToken: rotated.token })).name, account.user)
  await client.createToken(ORG, 'Builds', { name: 'weekly' })
  await assert.rejects(client.revokeToken(ORG, 'weekly'), { code: 'CONFIG_INVALID' })
  await client.revokeToken(ORG, rotated.tokenInfo._id)
  await assert.rejects(client.whoAmI({ accessToken: rotated.token }), { code: 'HUB_UNAUTHORIZED' })

  await client.deleteServiceAccount(ORG, 'Builds')
  await assert.rejects(client.getServiceAccount(ORG, account._id), { code: 'HUB_NOT_FOUND' })
  const events = await client.auditLogs(ORG, { action: 'org.service_account.*', limit: 7 })
  // Two of one millisecond come in the order of their ids.
  assert.deepEqual(events.map(({ type }) => type.replace('org.service_account.', '')).toSorted(), [
    'create',
    'delete',
    'token.create',
    'token.create',
    'token.delete',
    'token.rotate',
    'token.update',
  ])
})

test('a new role shows among the members, whose resource groups stay', async t => {
  const { url } = await startedSimulator(t)
  const client = new HubClient({ endpoint: url, accessToken: 'hf_simulated', environment: {} })
  const members = await client.listMembers(ORG, { pageSize: 10 })
  assert.ok(members.length > 10, 'more than a page')
  const grouped = members.find(({ resourceGroups = [] }) => resourceGroups.length > 0)!
  const role = grouped.role === 'read' ? 'contributor' : 'read'
  const change = await client.setMemberRole(ORG, grouped.user, role)
  assert.equal(change.previousRole, grouped.role)
  const [after] = (await client.listMembers(ORG, { search: grouped.user })).filter(
    ({ user }) => user === grouped.user,
  )
  assert.equal(after!.role, role)
  const idsOf = (groups: readonly { id: string; role: string }[] = []) =>
    groups.map(({ id, role }) => [id, role])
  assert.deepEqual(idsOf(after!.resourceGroups), idsOf(grouped.resourceGroups))
  assert.equal(await client.myOrgRole(ORG), 'admin')
})

test('repositories and network security take what they are sent', async t => {
  const { url } = await startedSimulator(t, { plan: 'plus' })
  const client = new HubClient({ endpoint: url, accessToken: 'hf_simulated', environment: {} })
  const repositories = await client.listRepositories(ORG)
  for (const type of ['model', 'dataset', 'space'] as const) {
    const repository = repositories.find(one => one.type === type)!
    const repo = { type, name: repository.id }
    assert.equal((await client.setRepoVisibility(repo, true)).private, true)
    await client.setRepoInternalVisibility(repo, 'public')
    const [listed] = (await client.listRepositories(ORG, { type })).filter(({ id }) => id === repository.id)
    assert.equal(listed!.visibility, 'public')
  }
  const ipRanges = ['192.0.2.0/24', '2001:db8::/32']
  const security = await client.updateNetworkSecurity(ORG, { ipRanges })
  assert.deepEqual(security.ipRanges, ['192.0.2.0/24', '2001:db8:0:0:0:0:0:0/32'])
  assert.deepEqual(await client.getNetworkSecurity(ORG), security)
  const { derived, settingsUrl } = await client.getSsoConfig(ORG)
  assert.deepEqual([derived, settingsUrl], [true, `${url}/organizations/${ORG}/settings`])
})
