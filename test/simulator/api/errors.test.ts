import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import type { SimulatorOptions } from '../../../src/simulator/simulator.ts'
import { type Answered, type CalledSimulator, calledSimulator, type Sent } from '../called.ts'
import { OPERATIONS } from '../hub-schemas.ts'

const ORGANIZATION = '/api/organizations/{name}'
const ACCOUNT = `${ORGANIZATION}/service-accounts/{serviceAccountId}`

/** A body that each operation takes, where it needs one. */
const BODIES: Readonly<Record<string, object>> = {
  [`PUT ${ORGANIZATION}/members/{username}/role`]: { role: 'read' },
  [`POST ${ORGANIZATION}/service-accounts`]: { name: 'Night jobs' },
  'PUT /api/buckets/{namespace}/{repo}/settings': { cdnRegions: [] },
  'POST /api/credentials/revoke': { credentials: ['hf_simulated_leaked'] },
}

/** What is not there yet exists for all: an account, a token, a member, a repository of each kind. */
async function paths(simulated: CalledSimulator): Promise<Record<string, Record<string, string>>> {
  const { call, simulator } = simulated
  const accounts = (await call(`GET ${ORGANIZATION}/service-accounts`)).body
  const serviceAccountId = accounts[0]._id
  const { accessTokens } = (await call(`GET ${ACCOUNT}`, { path: { serviceAccountId } })).body
  const repositories = (await call(`GET ${ORGANIZATION}/settings/repositories`)).body
  const own = { serviceAccountId, tokenId: accessTokens[0]._id, username: 'alice-example' }
  return Object.fromEntries(
    [...OPERATIONS.keys()].map(operation => {
      const kind = /\/api\/(model|dataset|space|bucket)s\//.exec(operation)?.[1]
      const repository = repositories.find(({ type }: { type: string }) => type === kind)
      const repo = repository === undefined ? '' : repository.id.split('/')[1]
      const tokenId = operation.includes('/settings/tokens/') ? simulator.state().tokenId : own.tokenId
      return [operation, { ...own, tokenId, repo }]
    }),
  )
}

/** Every operation with what it needs, the destructive ones last. */
async function everything(
  simulated: CalledSimulator,
  sent: Omit<Sent, 'body'> = {},
  only: (operation: string) => boolean = () => true,
): Promise<Map<string, Answered>> {
  const known = await paths(simulated)
  const answers = new Map<string, Answered>()
  const operations = [...OPERATIONS.keys()].filter(only).toSorted((x, y) => order(x) - order(y))
  for (const operation of operations) {
    const body = BODIES[operation]
    const path = { ...known[operation], ...sent.path }
    answers.set(operation, await simulated.call(operation, { ...sent, path, ...(body && { body }) }))
  }
  return answers
}

function order(operation: string): number {
  if (operation.endsWith('/revoke')) return 3
  if (operation === `DELETE ${ACCOUNT}`) return 2
  return operation.startsWith('DELETE') ? 1 : 0
}

function assertRefused(operation: string, answer: Answered, status: number, words: RegExp): void {
  assert.equal(answer.status, status, `${operation}: ${JSON.stringify(answer.body)}`)
  assert.match(answer.body.error, words, operation)
  assert.equal(answer.headers.get('x-error-message'), answer.body.error)
  assert.match(answer.headers.get('x-request-id')!, /^Root=1-/)
}

async function allRefused(
  t: TestContext,
  options: SimulatorOptions,
  prepare: (simulated: CalledSimulator) => void,
  sent: Omit<Sent, 'body'>,
  except: readonly string[],
  status: number,
  words: RegExp,
): Promise<void> {
  const simulated = await calledSimulator(t, options)
  const wanted = (operation: string) => !except.some(part => operation.includes(part))
  const known = await paths(simulated)
  prepare(simulated)
  for (const operation of [...OPERATIONS.keys()].filter(wanted)) {
    const body = BODIES[operation]
    const path = { ...known[operation], ...sent.path }
    const answer = await simulated.call(operation, { ...sent, path, ...(body && { body }) })
    assertRefused(operation, answer, status, words)
  }
  simulated.simulator.setAccess({ restriction: 'none' })
  await simulated.told()
}

const OF_NOBODY = ['whoami-v2', 'credentials']
const nothing = () => {}

test('every operation is answered well when all is as it should be', async t => {
  const simulated = await calledSimulator(t)
  for (const [operation, { status, body }] of await everything(simulated))
    assert.ok(status >= 200 && status < 300, `${operation}: ${status} ${JSON.stringify(body)}`)
})

test('401: without a token, and with a wrong one', async t => {
  const options = { token: 'hf_simulated_right' }
  await allRefused(t, options, nothing, { token: null }, ['credentials'], 401, /Invalid username or password/)
  await allRefused(t, options, nothing, { token: 'hf_wrong' }, ['credentials'], 401, /Invalid credentials/)
})

test('402: without a paid plan, or with a lower one', async t => {
  const free = [...OF_NOBODY, 'audit-log', `GET ${ORGANIZATION}/members`, 'settings/repositories', '/{repo}/']
  const lower =
    (plan: 'none' | 'team' | 'enterprise') =>
    ({ simulator }: CalledSimulator) =>
      simulator.setAccess({ plan })
  await allRefused(t, {}, lower('none'), {}, free, 402, /has no paid plan/)
  const paid = [...free, 'members', 'service-accounts']
  await allRefused(t, {}, lower('team'), {}, paid, 402, /plan team/)
  const enterprise = [...paid, 'settings/tokens']
  await allRefused(t, {}, lower('enterprise'), {}, enterprise, 402, /Enterprise Plus .* plan enterprise/)
})

test('403: the user is no admin, or has no access at all', async t => {
  const of =
    (role: 'read' | 'no_access') =>
    ({ simulator }: CalledSimulator) =>
      simulator.setAccess({ role })
  const open = [...OF_NOBODY, 'audit-log', `GET ${ORGANIZATION}/members`, 'settings/repositories']
  await allRefused(t, {}, of('read'), {}, open, 403, /must be admin.* your role is read/)
  await allRefused(t, {}, of('no_access'), {}, [...OF_NOBODY, 'audit-log'], 403, /your role is no_access/)
})

test('403: the token lacks the permission', async t => {
  const without = ({ simulator }: CalledSimulator) =>
    simulator.setAccess({ permissions: ['org.auditLog.write'] })
  await allRefused(
    t,
    {},
    without,
    {},
    [...OF_NOBODY, 'audit-log'],
    403,
    /lacks the permission [\w.]+ on this/,
  )
})

test('403: the organization keeps the token out, for each reason; the export too', async t => {
  for (const [restriction, words, name] of [
    ['pending-approval', /awaits the approval/, 'token-policy'],
    ['revoked', /was revoked by an administrator/, 'token-revoked'],
    ['sso', /single sign-on/, 'sso'],
    ['mfa', /two-factor/, 'mfa'],
    ['ip', /from this address/, 'ip'],
  ] as const) {
    const keepOut = ({ simulator }: CalledSimulator) => simulator.setAccess({ restriction })
    await allRefused(t, {}, keepOut, {}, OF_NOBODY, 403, words)
    const { call, simulator } = await calledSimulator(t)
    simulator.setAccess({ restriction })
    const { orgs } = (await call('GET /api/whoami-v2')).body
    assert.deepEqual(orgs[0].securityRestrictions, [name])
  }
})

test('404: the organization; the repository', async t => {
  const elsewhere = { path: { name: 'nobody', namespace: 'nobody' } }
  const repositories = [...OF_NOBODY, '/{repo}/']
  await allRefused(t, {}, nothing, elsewhere, repositories, 404, /Organization not found/)
  const others = [...OF_NOBODY, 'organizations']
  await allRefused(t, {}, nothing, elsewhere, others, 404, /Repository not found/)
  await allRefused(t, {}, nothing, { path: { repo: 'no-such' } }, others, 404, /Repository not found/)
})

test('404: the account, the token, the user', async t => {
  const { call } = await calledSimulator(t)
  for (const operation of [...OPERATIONS.keys()].filter(name => name.includes('{serviceAccountId}'))) {
    const answer = await call(operation, { path: { serviceAccountId: 'nobody', tokenId: 'none' } })
    assertRefused(operation, answer, 404, /^Service account not found$/)
  }
  const accounts = (await call(`GET ${ORGANIZATION}/service-accounts`)).body
  const path = { serviceAccountId: accounts[0]._id, tokenId: 'none' }
  for (const operation of [...OPERATIONS.keys()].filter(name => name.includes('{tokenId}')))
    assertRefused(operation, await call(operation, { path }), 404, /^Access token not found$/)
})

test('429: a rate limit for a family of calls leaves the others alone', async t => {
  const { call, simulator } = await calledSimulator(t)
  simulator.fault({
    kind: 'rate-limit',
    endpoint: 'service-accounts',
    quota: 1,
    windowSeconds: 300,
    retryAfter: true,
  })
  const operation = `GET ${ORGANIZATION}/service-accounts`
  const first = await call(operation)
  assert.match(first.headers.get('ratelimit')!, /"api";r=0;t=\d+/)
  const second = await call(operation)
  assertRefused(operation, second, 429, /Too many requests/)
  assert.match(second.headers.get('retry-after')!, /^\d+$/)
  assert.equal((await call(`GET ${ORGANIZATION}/members`)).status, 200)
})

test('any status can be asked for, for any family, in words that fit; nothing is done then', async t => {
  const simulated = await calledSimulator(t)
  const { call, simulator, told } = simulated
  simulator.fault({ kind: 'status', status: 503, endpoint: 'any', retryAfter: 2, times: 1 })
  const body = { name: 'Night jobs' }
  const create = `POST ${ORGANIZATION}/service-accounts`
  assert.equal((await call(create, { body })).headers.get('retry-after'), '2')
  for (const status of [402, 403, 404]) {
    simulator.fault({ kind: 'status', status, endpoint: 'service-accounts', times: 1 })
    const answer = await call(create, { body })
    assert.equal(answer.status, status)
    assert.doesNotMatch(answer.body.error, /audit log/i)
  }
  simulator.fault({ kind: 'status', status: 401, endpoint: 'credentials', organization: 'example-org' })
  const revoked = await call('POST /api/credentials/revoke', { body: { credentials: ['x'] } })
  assert.equal(revoked.status, 202, 'a fault of an organization is none of a call without one')
  await told()
})

test('an answer that is lost on its way was a change all the same', async t => {
  const { call, simulator, told } = await calledSimulator(t)
  const create = `POST ${ORGANIZATION}/service-accounts`
  for (const fault of [
    { kind: 'reset', afterBytes: 10 },
    { kind: 'truncate', afterBytes: 10, framing: 'content-length-too-long' },
  ] as const) {
    simulator.fault({ ...fault, endpoint: 'service-accounts', times: 1 })
    await assert.rejects(call(create, { body: { name: 'Night jobs' } }))
  }
  await told('org.service_account.create', 'org.service_account.create')
  simulator.fault({ kind: 'reset', afterBytes: 0, endpoint: 'service-accounts', times: 1 })
  await assert.rejects(call(create, { body: { name: 'Night jobs' } }))
  await told()
})

test('a body that is no JSON, too long, or called something else is refused', async t => {
  const { get, url } = await calledSimulator(t)
  const send = (body: string, type = 'application/json') =>
    get(`${url}/api/organizations/example-org/service-accounts`, {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
  const good = JSON.stringify({ name: 'Night jobs' })
  assert.equal((await send(good, 'application/json; charset=utf-8')).status, 201)
  for (const [body, type, status, words] of [
    [good, 'application/x-www-form-urlencoded', 400, /must be JSON/],
    ['{"name":', undefined, 400, /not well-formed/],
    ['', undefined, 400, /name: /],
    ['[]', undefined, 400, /expected object/],
    ['"x"', undefined, 400, /expected object/],
    [JSON.stringify({ name: 'x'.repeat(8 << 20) }), undefined, 413, /longer than/],
  ] as const) {
    const response = await send(body, type)
    assert.equal(response.status, status, body.slice(0, 40))
    assert.match(((await response.json()) as { error: string }).error, words)
  }
  const several = (await (await send('{"name":"","description":7}')).json()) as { error: string[] }
  assert.deepEqual(
    several.error.map(text => text.split(':')[0]),
    ['name', 'description'],
  )
})
