import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientOf } from './calls.ts'
import { startDocumentedHub } from './documented-hub.ts'
import { GROUP_ID, MEMBER } from './examples.ts'

const PUT = 'PUT /api/organizations/{name}/members/{username}/role'

test('a new role keeps the member in all its resource groups, found by its exact name in any case', async t => {
  const hub = await startDocumentedHub(t, ({ operation }) =>
    operation.startsWith('GET') ? { status: 200, body: [{ ...MEMBER, user: 'jdoe2' }, MEMBER] } : undefined,
  )
  assert.deepEqual(await clientOf(hub.endpoint).setMemberRole('acme', 'JDoe', 'read'), {
    user: 'jdoe',
    role: 'read',
    previousRole: 'write',
    resourceGroups: MEMBER.resourceGroups,
  })
  const { path, body } = hub.received.at(-1)!
  assert.equal(path, '/api/organizations/acme/members/jdoe/role')
  assert.deepEqual(body, { role: 'read', resourceGroups: [{ id: GROUP_ID, role: 'read' }] })
  assert.deepEqual(hub.violations, [])
})

test('given groups replace those of the member, and nothing is asked before', async t => {
  const hub = await startDocumentedHub(t)
  const client = clientOf(hub.endpoint)
  await client.setMemberRole('acme', 'jdoe', 'admin', { resourceGroups: [{ id: GROUP_ID, role: 'write' }] })
  await client.setMemberRole('acme', 'jdoe', 'admin', { resourceGroups: [] })
  assert.deepEqual(
    hub.received.map(({ operation, body }) => [operation, body]),
    [
      [PUT, { role: 'admin', resourceGroups: [{ id: GROUP_ID, role: 'write' }] }],
      [PUT, { role: 'admin', resourceGroups: [] }],
    ],
  )
})

test('where the Hub hides the groups, with the role or without, the role is not changed blindly', async t => {
  const { role: _, resourceGroups: __, ...hidden } = MEMBER
  for (const member of [hidden, { ...hidden, role: 'write' }]) {
    const hub = await startDocumentedHub(t, ({ operation }) =>
      operation.startsWith('GET') ? { status: 200, body: [member] } : undefined,
    )
    const client = clientOf(hub.endpoint)
    await assert.rejects(client.setMemberRole('acme', 'jdoe', 'read'), {
      code: 'HUB_FORBIDDEN',
      message: /take the member out of all of them.*pass resourceGroups: \[\]/,
    })
    assert.ok(!hub.received.some(({ operation }) => operation === PUT))
  }
})

test('somebody who is no member, and what is no role or group', async t => {
  const hub = await startDocumentedHub(t)
  const client = clientOf(hub.endpoint)
  await assert.rejects(client.setMemberRole('acme', 'jd', 'read'), {
    code: 'HUB_NOT_FOUND',
    message: /jd is not a member of acme/,
  })
  assert.equal(hub.received.length, 1)
  await assert.rejects(client.setMemberRole('acme', 'jdoe', 'owner' as 'admin'), {
    code: 'CONFIG_INVALID',
    message: /"owner" is not a role.*no_access, read, contributor, write, admin/,
  })
  const wrong = [{ id: 'research', role: 'read' }]
  await assert.rejects(client.setMemberRole('acme', 'jdoe', 'read', { resourceGroups: wrong }), {
    message: /"research" is not the id/,
  })
  await assert.rejects(client.setMemberRole('acme', '..', 'read', { resourceGroups: [] }), {
    code: 'CONFIG_INVALID',
  })
  assert.equal(hub.received.length, 1, 'nothing was asked')
})
