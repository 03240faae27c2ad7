import assert from 'node:assert/strict'
import test from 'node:test'
import { calledSimulator } from './called.ts'
import { eventSchema, validatorOf } from './hub-schemas.ts'

const CREATE = 'POST /api/organizations/{name}/service-accounts'
const body = { name: 'Night "jobs" \u2014 caf\u00e9' }

test('what was really done is found by author, type and address, and in its place in any order', async t => {
  const { call, events, simulator } = await calledSimulator(t, { events: 200 })
  await call(CREATE, { body })
  simulator.append({ events: 2 })
  const everything = await events()
  const told = everything[2]!
  assert.equal(told.type, 'org.service_account.create')
  assert.equal(told._id, simulator.id(201))
  assert.deepEqual(await events(undefined, 'author:auditor-example'), [told])
  assert.deepEqual(await events(undefined, 'ip:127.0.0.0'), [told])
  assert.ok((await events(undefined, `type:${told.type}`)).some(({ _id }) => _id === told._id))
  simulator.setOrder('oldest-first')
  assert.deepEqual(await events(), everything.toReversed())
  const { id } = (await call('GET /api/whoami-v2')).body
  assert.equal(told.author._id, id)
})

test('an account that acts is the author, with its own token', async t => {
  const { call, told } = await calledSimulator(t)
  const account = (await call(CREATE, { body })).body
  const made = await call('POST /api/organizations/{name}/service-accounts/{serviceAccountId}/tokens', {
    path: { serviceAccountId: account._id },
    body: { permissions: ['org.serviceAccounts.write'] },
  })
  await call(CREATE, { body, token: made.body.token })
  const [, , event] = await told(
    'org.service_account.create',
    'org.service_account.token.create',
    'org.service_account.create',
  )
  assert.equal(event!.author._id, account._id)
  assert.equal(event!.author.user, account.user)
  assert.equal(event!.token!.id, made.body.tokenInfo._id)
})

test('the faults of the content change it as they change invented ones', async t => {
  const { call, events, simulator } = await calledSimulator(t)
  await call(CREATE, { body })
  const [plain] = await events()
  const fields = ['author.deleted', 'author.user', 'author.avatarUrl', 'token.deleted'] as const
  simulator.fault({ kind: 'rewrite', events: 1, fields: [...fields], times: 1 })
  const [rewritten] = await events()
  assert.deepEqual(rewritten, {
    ...plain,
    author: {
      ...plain!.author,
      user: 'auditor-example-renamed',
      avatarUrl: '/avatars/auditor-new.svg',
      deleted: true,
    },
    token: { ...plain!.token, deleted: true },
  })
  const validate = validatorOf(eventSchema())
  assert.ok(validate(rewritten), JSON.stringify(validate.errors))
  simulator.fault({ kind: 'change', events: 1, times: 1 })
  const [changed] = await events()
  assert.deepEqual(changed, { ...plain, message: `${plain!.message} (edited)` })
})

test('in a live log it carries the present time', async t => {
  const now = Date.UTC(2026, 5, 1)
  const { call, events } = await calledSimulator(t, { live: true, now: () => now })
  const made = await call(CREATE, { body })
  assert.equal(Date.parse(made.body.createdAt), now)
  assert.equal(Date.parse((await events())[0]!.createdAt), now)
})
