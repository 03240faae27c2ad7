import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextCursor, nextLink } from '../../../src/hub/enterprise/pages.ts'
import { clientOf } from './calls.ts'
import { startDocumentedHub } from './documented-hub.ts'
import { GROUP_ID, MEMBER } from './examples.ts'

/** Three pages; their links name another origin, as behind a gateway. */
async function startPagedHub(t: Parameters<typeof startDocumentedHub>[0]) {
  const pages: Record<string, { users: string[]; next?: string }> = {
    first: { users: ['ann', 'bob'], next: 'a+b/=' },
    'a+b/=': { users: [], next: 'last' },
    last: { users: ['cid'] },
  }
  return startDocumentedHub(t, ({ query }) => {
    const page = pages[query.cursor ?? 'first']!
    const link = `<https://hub.example/api/organizations/acme/members?cursor=${encodeURIComponent(page.next ?? '')}>; rel="next"`
    return {
      status: 200,
      body: page.users.map(user => ({ ...MEMBER, user })),
      ...(page.next === undefined ? {} : { headers: { link } }),
    }
  })
}

test('members come from all pages, and every request is to the endpoint', async t => {
  const hub = await startPagedHub(t)
  const members = await clientOf(hub.endpoint).listMembers('acme', { search: 'x', pageSize: 10 })
  assert.deepEqual(
    members.map(({ user }) => user),
    ['ann', 'bob', 'cid'],
  )
  assert.deepEqual(
    hub.received.map(({ query }) => query),
    [
      { search: 'x', limit: '10' },
      { search: 'x', limit: '10', cursor: 'a+b/=' },
      { search: 'x', limit: '10', cursor: 'last' },
    ],
  )
  assert.deepEqual(hub.violations, [])
})

test('who stops reading asks for no further page', async t => {
  const hub = await startPagedHub(t)
  for await (const member of clientOf(hub.endpoint).streamMembers('acme')) {
    assert.equal(member.user, 'ann')
    break
  }
  assert.equal(hub.received.length, 1)
})

test('pages that go round in a circle end in an error', async t => {
  const hub = await startDocumentedHub(t, () => ({
    status: 200,
    body: [MEMBER],
    headers: { link: '</api/organizations/acme/members?cursor=again>; rel="next"' },
  }))
  await assert.rejects(clientOf(hub.endpoint).listMembers('acme'), {
    code: 'HUB_BODY_BROKEN',
    message: /circle/,
  })
  assert.equal(hub.received.length, 2)
})

test('the next page in all forms of a Link header', () => {
  assert.equal(nextLink('<https://a/b?cursor=1>; rel="next"'), 'https://a/b?cursor=1')
  assert.equal(nextLink('<p>; rel="prev", <n,x;y>; title="a, b"; rel=next'), 'n,x;y')
  assert.equal(nextLink('<n>;rel="last NEXT"'), 'n')
  assert.equal(nextLink('<n>; rel="nextish"'), undefined)
  assert.equal(nextLink('<p>; rel="prev"'), undefined)
  assert.equal(nextLink('<n>; title="x; rel=next"'), undefined)
  assert.equal(nextLink('<n>; title="x; rel=prev"; REL = next'), 'n')
  assert.equal(nextLink(''), undefined)
  const headers = { link: '<https://a/b?limit=1>; rel="next"' }
  assert.throws(() => nextCursor({ headers, what: 'GET /' }, new Set()), { message: /without a cursor/ })
})

test('resource groups are gathered from the members, by name', async t => {
  const other = { id: '0'.repeat(24), name: 'alpha', numUsers: 1, role: 'admin' }
  const hub = await startDocumentedHub(t, () => ({
    status: 200,
    body: [
      MEMBER,
      { ...MEMBER, user: 'ann', resourceGroups: [{ ...MEMBER.resourceGroups[0]!, role: 'write' }, other] },
      { ...MEMBER, user: 'bob', resourceGroups: undefined },
    ],
  }))
  assert.deepEqual(await clientOf(hub.endpoint).listResourceGroups('acme'), [
    { id: other.id, name: 'alpha', numUsers: 1, users: [{ user: 'ann', role: 'admin' }] },
    {
      id: GROUP_ID,
      name: 'research',
      numUsers: 3,
      users: [
        { user: 'jdoe', role: 'read' },
        { user: 'ann', role: 'write' },
      ],
    },
  ])
})
