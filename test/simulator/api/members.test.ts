import assert from 'node:assert/strict'
import test from 'node:test'
import { calledSimulator } from '../called.ts'

const LIST = 'GET /api/organizations/{name}/members'
const SET_ROLE = 'PUT /api/organizations/{name}/members/{username}/role'

interface Listed {
  user: string
  fullname: string
  role: string
  verifiedEmail?: string | null
  twoFaEnabled?: boolean
  resourceGroups: { id: string; name: string; numUsers: number; role: string }[]
}

test('members come in pages that Link leads through, each member once', async t => {
  const { call, get } = await calledSimulator(t, { members: 47 })
  const all: Listed[] = (await call(LIST)).body
  assert.equal(all.length, 47)
  let answer = await call(LIST, { query: { limit: '10' } })
  const pages: Listed[][] = [answer.body]
  for (;;) {
    const next = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
    if (next === undefined) break
    const response = await get(next)
    answer = { status: response.status, headers: response.headers, body: await response.json() }
    pages.push(answer.body)
  }
  assert.deepEqual(
    pages.map(page => page.length),
    [10, 10, 10, 10, 7],
  )
  assert.deepEqual(pages.flat(), all)
})

test('a page that ends with the list has no next one, and a filter goes on through the pages', async t => {
  const { call, get } = await calledSimulator(t, { members: 40 })
  const whole = await call(LIST, { query: { limit: '40' } })
  assert.equal(whole.headers.get('link'), null)
  const first = await call(LIST, { query: { limit: '10', search: 'MEMBER-000' } })
  assert.equal(first.body.length, 10)
  const next = new URL(/<([^>]+)>/.exec(first.headers.get('link')!)![1]!)
  assert.equal(next.searchParams.get('search'), 'MEMBER-000')
  const second = (await (await get(next.href)).json()) as Listed[]
  assert.ok(second.length > 0)
  assert.ok([...first.body, ...second].every(({ user }) => user.startsWith('member-000')))
})

test('search is by name, email by the verified address; what is none of these is refused', async t => {
  const { call } = await calledSimulator(t)
  const users = async (query: Record<string, string>) =>
    ((await call(LIST, { query })).body as Listed[]).map(({ user }) => user)
  assert.deepEqual(await users({ search: 'aLiCe' }), ['alice-example'])
  assert.deepEqual(await users({ search: 'Example Auditor' }), ['auditor-example'])
  assert.deepEqual(await users({ search: 'nobody' }), [])
  assert.deepEqual(await users({ email: 'auditor@mail.example' }), ['auditor-example'])
  assert.deepEqual(await users({ email: 'nobody@mail.example' }), [])
  for (const query of [
    { email: 'auditor' },
    { limit: '9' },
    { limit: '10001' },
    { limit: 'ten' },
    { cursor: 'x' },
  ]) {
    const answer = await call(LIST, { query })
    assert.equal(answer.status, 400, JSON.stringify(query))
    assert.match(answer.body.error, new RegExp(`^${Object.keys(query)[0]}: `))
  }
})

test('only an admin of a paid organization sees addresses and second factors', async t => {
  for (const [options, seen] of [
    [{}, true],
    [{ role: 'write' }, false],
    [{ plan: 'none' }, false],
  ] as const) {
    const { call } = await calledSimulator(t, options)
    const [member]: Listed[] = (await call(LIST)).body
    assert.equal('verifiedEmail' in member!, seen)
    assert.equal('twoFaEnabled' in member!, seen)
    const byEmail = await call(LIST, { query: { email: 'auditor@mail.example' } })
    assert.equal(byEmail.body.length, seen ? 1 : 0)
  }
})

test('a role that is set shows in members and in the log; the groups are replaced, absent ones left', async t => {
  const { call, fresh } = await calledSimulator(t)
  const members = async (): Promise<Listed[]> => (await call(LIST)).body
  const before = await members()
  const { user, role, resourceGroups } = before.find(member => member.resourceGroups.length > 1)!
  const other = before
    .flatMap(member => member.resourceGroups)
    .find(({ id }) => !resourceGroups.some(group => group.id === id))!
  const target = role === 'admin' ? 'write' : 'admin'
  const [kept] = resourceGroups
  const keptRole = kept!.role === 'read' ? 'write' : 'read'
  const groups = [
    { id: kept!.id.toUpperCase(), role: keptRole },
    { id: other.id, role: 'admin' },
  ]
  const set = await call(SET_ROLE, {
    path: { username: user },
    body: { role: target, resourceGroups: groups },
  })
  assert.equal(set.status, 204)
  const after = (await members()).find(member => member.user === user)!
  assert.equal(after.role, target)
  assert.deepEqual(
    new Map(after.resourceGroups.map(group => [group.id, group.role])),
    new Map([
      [kept!.id, keptRole],
      [other.id, 'admin'],
    ]),
  )
  assert.equal(after.resourceGroups.find(({ id }) => id === other.id)!.numUsers, other.numUsers + 1)

  const gone = await call(SET_ROLE, { path: { username: user }, body: { role: target } })
  assert.equal(gone.status, 204)
  assert.deepEqual((await members()).find(member => member.user === user)!.resourceGroups, [])

  const again = await call(SET_ROLE, { path: { username: user }, body: { role: target } })
  assert.equal(again.status, 204)
  const [changed, ...ofGroups] = await fresh()
  assert.equal(changed!.message, `auditor-example changed the role of ${user} from ${role} to ${target}`)
  assert.deepEqual(changed!.data.role, { from: role, to: target })
  assert.equal(changed!.data.user.name, user)
  const did = ofGroups.map(({ type, data }) => `${type} ${data.resourceGroup._id}`)
  const removed = (id: string) => `resource_group.remove_users ${id}`
  const first = [
    `resource_group.change_role ${kept!.id}`,
    `resource_group.add_users ${other.id}`,
    ...resourceGroups.slice(1).map(({ id }) => removed(id)),
  ]
  assert.deepEqual(did.slice(0, first.length).toSorted(), first.toSorted())
  assert.deepEqual(did.slice(first.length).toSorted(), [removed(kept!.id), removed(other.id)].toSorted())
})

test("the user's own role counts from then on, in whoami-v2 too", async t => {
  const { call, told } = await calledSimulator(t)
  const own = { path: { username: 'auditor-example' } }
  assert.equal((await call(SET_ROLE, { ...own, body: { role: 'read' } })).status, 204)
  const { orgs } = (await call('GET /api/whoami-v2')).body
  assert.equal(orgs[0].roleInOrg, 'read')
  const refused = await call(SET_ROLE, { ...own, body: { role: 'admin' } })
  assert.equal(refused.status, 403)
  assert.match(refused.body.error, /must be admin.*your role is read/)
  await told('org.change_role')
})

test('users and resource groups that are not there', async t => {
  const { call, told } = await calledSimulator(t)
  const nobody = await call(SET_ROLE, { path: { username: 'nobody' }, body: { role: 'read' } })
  assert.deepEqual([nobody.status, nobody.body], [404, { error: 'User not found' }])
  const resourceGroups = [{ id: 'f'.repeat(24), role: 'read' }]
  const noGroup = await call(SET_ROLE, {
    path: { username: 'alice-example' },
    body: { role: 'read', resourceGroups },
  })
  assert.deepEqual([noGroup.status, noGroup.body], [404, { error: 'Resource group not found' }])
  await told()
})
