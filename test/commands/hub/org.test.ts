import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ORG_ROLES } from '../../../src/hub/enterprise/org-role.ts'
import { commandLine, linesOf, organization, sharedRunner } from '../../support/hub-commands.ts'

after(() => sharedRunner().stop())

test('role and has-role: every role against every other, 0 for yes and 9 for no', async t => {
  const line = await commandLine(t)
  for (const role of ORG_ROLES) {
    line.hub.setAccess({ role })
    assert.equal(await line.output('org', 'role'), `${role}\n`)
    const answers: boolean[] = []
    for (const least of ORG_ROLES) {
      const { code, stdout } = await line.run(['org', 'has-role', least])
      assert.equal(stdout, code === 0 ? 'yes\n' : 'no\n')
      assert.ok(code === 0 || code === 9, `${code}`)
      answers.push(code === 0)
    }
    const rank = ORG_ROLES.indexOf(role)
    assert.deepEqual(
      answers,
      ORG_ROLES.map((_, other) => other <= rank),
      role,
    )
  }
})

test('role in an organization without us is none, has-role is no, and why is on stderr', async t => {
  const line = await commandLine(t)
  const role = await line.run(['org', 'role', '--organization', 'somebody-else'])
  assert.deepEqual([role.code, role.stdout], [0, 'none\n'])
  assert.match(role.stderr, /is no member of somebody-else/)
  const hasRole = await line.run([
    'org',
    'has-role',
    'no_access',
    '--organization',
    'somebody-else',
    '--json',
  ])
  assert.equal(hasRole.code, 9)
  const { hasRole: answer, least, role: told } = JSON.parse(hasRole.stdout) as Record<string, unknown>
  assert.deepEqual([answer, least, told], [false, 'no_access', null])
})

test('several organizations: --organization must name one, and the only one is the default', async t => {
  const line = await commandLine(t, { organizations: [organization, 'second-example'] })
  const both = { HF_AUDIT_ORGANIZATIONS: `${organization},second-example` }
  const { code, stderr } = await line.run(['org', 'members'], both)
  assert.equal(code, 2)
  assert.match(stderr, /several organizations are configured \(example-org, second-example\)/)
  assert.equal((await line.run(['org', 'members', '--organization', 'second-example'], both)).code, 0)
  const none = await line.run(['org', 'members'], { HF_AUDIT_ORGANIZATIONS: '' })
  assert.match(none.stderr, /no organization is named; give --organization/)
})

test('members: all pages, with role and 2FA; searched; limited', async t => {
  const line = await commandLine(t, { members: 1_234 })
  const members = await line.objects('org', 'members')
  assert.equal(new Set(members.map(({ user }) => user)).size, 1_234)
  assert.ok(
    members.every(({ twoFaEnabled, role }) => typeof twoFaEnabled === 'boolean' && role !== undefined),
  )
  const table = linesOf(await line.output('org', 'members', '--search', 'carol'))
  assert.match(table[0]!, /^user +role +2FA +name/)
  assert.match(table[1]!, /^carol-example +read +(on|off) +Carol/)
  assert.equal((await line.objects('org', 'members', '--limit', '7')).length, 7)
  const found = await line.objects('org', 'members', '--email', 'alice-example@mail.example')
  assert.deepEqual(
    found.map(({ user }) => user),
    ['alice-example'],
  )
})

test('what only admins are told is empty in the table, not off', async t => {
  const line = await commandLine(t)
  line.hub.setAccess({ role: 'read' })
  const table = linesOf(await line.output('org', 'members', '--search', 'carol'))
  assert.doesNotMatch(table[1]!, / off | on /)
})

test('set-role --no-resource-groups: out of all of them, and the dry run shows it', async t => {
  const line = await commandLine(t)
  const grouped = (await line.objects('org', 'members')).find(
    ({ resourceGroups }) => (resourceGroups as unknown[]).length > 0,
  )!
  const setRole = ['org', 'set-role', grouped.user as string, 'read', '--no-resource-groups']
  const shown = JSON.parse(await line.output(...setRole, '--dry-run', '--json')) as {
    requests: { body?: object }[]
  }
  assert.deepEqual(shown.requests.at(-1)!.body, { role: 'read', resourceGroups: [] })
  const [change] = await line.objects(...setRole, '--yes')
  assert.deepEqual([change!.role, change!.previousRole], ['read', grouped.role])
  const [after] = await line.objects('org', 'members', '--search', grouped.user as string)
  assert.deepEqual(after!.resourceGroups, [])
})

test('set-role: the role changes, the resource groups stay; in any case of the name', async t => {
  const line = await commandLine(t)
  const carol = async () => (await line.objects('org', 'members', '--search', 'carol'))[0]!
  const before = await carol()
  assert.ok((before.resourceGroups as unknown[]).length > 0)
  assert.equal(
    await line.output('org', 'set-role', 'Carol-Example', 'contributor', '--yes'),
    'The role of carol-example in example-org is contributor now, and was read.\n',
  )
  assert.deepEqual(await carol(), { ...before, role: 'contributor' })
  const nobody = await line.run(['org', 'set-role', 'carol', 'write', '--yes'])
  assert.equal(nobody.code, 3)
  assert.match(nobody.stderr, /carol is not a member of example-org/)
})

test('resource groups, from the members', async t => {
  const line = await commandLine(t)
  const groups = await line.objects('org', 'resource-groups')
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['Platform', 'Research', 'Safety', 'Équipe données'],
  )
  assert.match(await line.output('org', 'resource-groups'), /^Research .*alice-example \(write\)/m)
})

test('service accounts: created, listed, shown and deleted, by name and by id', async t => {
  const line = await commandLine(t)
  const created = await line.objects(
    'org',
    'service-accounts',
    'create',
    'nightly',
    '--description',
    'for a test',
    '--yes',
  )
  const { _id, user } = created[0] as { _id: string; user: string }
  const listed = await line.objects('org', 'service-accounts', 'list')
  assert.ok(listed.some(account => account._id === _id && account.description === 'for a test'))
  for (const name of ['nightly', user, _id])
    assert.match(await line.output('org', 'service-accounts', 'show', name), /^tokens +0$/m)
  const near = await line.run(['org', 'service-accounts', 'show', 'nigthly'])
  assert.equal(near.code, 3)
  assert.match(near.stderr, /has no service account "nigthly".*Did you mean "nightly"\?/)
  assert.match(
    await line.output('org', 'service-accounts', 'delete', 'nightly', '--yes'),
    /has no service account/,
  )
  assert.equal((await line.objects('org', 'service-accounts', 'list')).length, listed.length - 1)
  const long = await line.run(['org', 'service-accounts', 'create', 'x'.repeat(51), '--yes'])
  assert.equal(long.code, 2)
  assert.match(long.stderr, /51 characters long; allowed are 1 to 50/)
})

test('repositories: by type, sorted and limited as the Hub does it', async t => {
  const line = await commandLine(t)
  const models = await line.objects(
    'org',
    'repositories',
    '--type',
    'model',
    '--sort',
    'updatedAt',
    '--direction',
    'asc',
  )
  assert.ok(models.length > 1 && models.every(({ type }) => type === 'model'))
  const times = models.map(({ updatedAt }) => String(updatedAt))
  assert.deepEqual(times, times.toSorted())
  assert.equal((await line.objects('org', 'repositories', '--limit', '2')).length, 2)
  assert.match(await line.output('org', 'repositories', '--search', 'atlas-7b-instruct'), /model +public/)
})

test('network security: shown and changed, the rest stays; none empties a list', async t => {
  const line = await commandLine(t)
  const show = async () => (await line.objects('org', 'network-security', 'show'))[0]!
  const before = await show()
  const update = (...parameters: string[]) =>
    line.output('org', 'network-security', 'update', ...parameters, '--yes')
  await update(
    '--ip-range',
    '192.0.2.0/25,2001:db8::/48',
    '--blocked-content',
    'model:some-org',
    '--enforce-ip-restriction',
    'true',
  )
  assert.deepEqual(await show(), {
    ...before,
    ipRanges: ['192.0.2.0/25', '2001:db8:0:0:0:0:0:0/48'],
    blockedContents: [{ resource: 'model', scope: 'some-org' }],
    enforceIpRestriction: true,
  })
  await update('--ip-range', 'none', '--blocked-content', 'none')
  const { ipRanges, blockedContents } = await show()
  assert.deepEqual([ipRanges, blockedContents], [[], []])
  for (const [parameters, words] of [
    [['--ip-range', '192.0.2.1'], /not a range of IP addresses.*192\.0\.2\.1\/32/],
    [['--blocked-content', 'modle:x'], /"modle:x" is no content/],
    [['--high-rate-limits', 'tru'], /Allowed choices are true, false; did you mean "true"\?/],
    [[], /nothing to change/],
  ] as const) {
    const { code, stderr } = await line.run(['org', 'network-security', 'update', ...parameters, '--yes'])
    assert.equal(code, 2)
    assert.match(stderr, words)
  }
})
