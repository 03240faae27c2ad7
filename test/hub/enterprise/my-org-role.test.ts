import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { includesRole, ORG_ROLES } from '../../../src/hub/enterprise/org-role.ts'
import { clientOf } from './calls.ts'
import { startDocumentedHub } from './documented-hub.ts'
import { WHO_AM_I } from './examples.ts'

test('each role includes those below it', () => {
  assert.deepEqual([...ORG_ROLES], ['no_access', 'read', 'contributor', 'write', 'admin'])
  const rank = fc.nat(ORG_ROLES.length - 1)
  fc.assert(
    fc.property(
      rank,
      rank,
      (role, least) => includesRole(ORG_ROLES[role], ORG_ROLES[least]!) === role >= least,
    ),
  )
  assert.equal(includesRole(undefined, 'no_access'), false)
  assert.equal(includesRole('owner', 'no_access'), false)
})

test('the role in an organization, in any case of its name; undefined outside and where it is not told', async t => {
  let orgs: unknown = WHO_AM_I.orgs
  const hub = await startDocumentedHub(t, () => ({ status: 200, body: { ...WHO_AM_I, orgs } }))
  const client = clientOf(hub.endpoint)
  assert.equal(await client.myOrgRole('acme'), 'write')
  assert.equal(await client.myOrgRole('ACME'), 'write')
  assert.equal(await client.myOrgRole('other'), undefined)
  assert.equal(await client.hasOrgRole('acme', 'contributor'), true)
  assert.equal(await client.hasOrgRole('acme', 'admin'), false)
  assert.equal(await client.hasOrgRole('other', 'no_access'), false)
  const [{ roleInOrg: _, ...unnamed }] = WHO_AM_I.orgs as [(typeof WHO_AM_I.orgs)[0]]
  orgs = [unnamed]
  assert.equal(await client.myOrgRole('acme'), undefined)
  orgs = undefined
  assert.equal(await client.myOrgRole('acme'), undefined)
  const asked = hub.received.length
  await assert.rejects(client.hasOrgRole('acme', 'owner' as 'admin'), {
    code: 'CONFIG_INVALID',
    message: /allowed are no_access, read, contributor, write, admin/,
  })
  await assert.rejects(client.myOrgRole('..'), { code: 'CONFIG_INVALID' })
  assert.equal(hub.received.length, asked)
})
