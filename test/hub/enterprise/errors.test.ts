import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ConnectorError } from '../../../src/errors.ts'
import { TOKEN } from '../hub-server.ts'
import { CALLS, clientOf, LEAKED } from './calls.ts'
import { type Reply, startDocumentedHub } from './documented-hub.ts'
import { NEW_TOKEN } from './examples.ts'

/** What the Hub may answer, in each of the forms in which it says why. */
const REFUSALS: readonly (Reply & { code: string; said: RegExp; mend: RegExp; anonymousMend?: RegExp })[] = [
  {
    status: 400,
    body: { error: 'Invalid value', errors: [{ message: 'too short' }] },
    code: 'HUB_REFUSED',
    said: /^Invalid value; too short$/,
    mend: /does not take these values/,
  },
  {
    status: 401,
    body: { error: 'Invalid username or password.' },
    code: 'HUB_UNAUTHORIZED',
    said: /^Invalid username or password\.$/,
    mend: /The token from accessToken is wrong, expired or revoked/,
    anonymousMend: /needs no token/,
  },
  {
    status: 402,
    body: { error: ['Plan needed', 'Upgrade'] },
    code: 'HUB_PAYMENT_REQUIRED',
    said: /^Plan needed; Upgrade$/,
    mend: /needs an? (paid|Team or Enterprise|Enterprise|Enterprise Plus) plan/,
  },
  {
    status: 403,
    headers: {
      'x-error-code': 'TokenRevoked',
      'x-error-message': 'The token was revoked by the organization',
    },
    code: 'HUB_FORBIDDEN',
    said: /^The token was revoked by the organization; code TokenRevoked$/,
    mend: /may not .+: .+ an admin must have approved this one and not have revoked it since/,
  },
  {
    status: 404,
    body: { error_description: 'Not here' },
    code: 'HUB_NOT_FOUND',
    said: /^Not here$/,
    mend: /There is no .+ at http/,
  },
  {
    status: 409,
    body: { message: 'Exists already' },
    code: 'HUB_REFUSED',
    said: /^Exists already$/,
    mend: /conflicts/,
  },
  {
    status: 429,
    headers: { 'retry-after': '7' },
    body: 'Too many',
    code: 'HUB_RATE_LIMITED',
    said: /^Too many$/,
    mend: /Too many requests/,
  },
  { status: 500, body: { error: 'Oops' }, code: 'HUB_UNAVAILABLE', said: /^Oops$/, mend: /^/ },
]

for (const { name, operation, run } of CALLS) {
  test(`${name}: every refusal says what it was, whose words they are and what to do`, async t => {
    let refusal: Reply = { status: 500 }
    const hub = await startDocumentedHub(t, received =>
      received.operation === operation ? refusal : undefined,
    )
    const isChange = !operation.startsWith('GET')
    const isAnonymous = operation.endsWith('/credentials/revoke')
    for (const { status, code, said, mend, anonymousMend, ...reply } of REFUSALS) {
      refusal = { status, ...reply }
      hub.received.length = 0
      const error = await failureOf(run(clientOf(hub.endpoint)))
      assert.equal(error.code, code)
      assert.equal(error.status, status)
      assert.equal(error.requestId, 'Root=1-test')
      assert.match(error.hubMessage ?? '', said)
      if (status !== 500) assert.match(error.mend ?? '', (isAnonymous && anonymousMend) || mend)
      assert.ok(error.message.includes(error.mend ?? ''), 'the message has the mend')
      assert.ok(error.message.includes(operation.split(' ')[0]!), 'and what was asked')
      assert.equal(error.retryAfterMs, status === 429 ? 7000 : undefined)
      assert.equal(error.retryable, status === 429 || (status === 500 && !isChange))
      if (status === 500 && isChange) assert.match(error.message, /Whether the change was made is not known/)
      const asked = hub.received.filter(one => one.operation === operation)
      assert.equal(asked.length, 1, 'nothing is repeated by itself')
    }
  })
}

test('a secret that the Hub echoes is shown by no error', async t => {
  const hub = await startDocumentedHub(t, ({ headers, body }) => ({
    status: 400,
    body: { error: `You sent ${headers.authorization} and ${JSON.stringify(body)}` },
    headers: { 'x-request-id': `${headers.authorization} ${JSON.stringify(body)}` },
  }))
  for (const { run } of CALLS) {
    const error = await failureOf(run(clientOf(hub.endpoint)))
    const shown = inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error)
    assert.ok(!shown.includes(TOKEN) && !shown.includes(LEAKED), shown)
  }
})

test('an answer of another form is an error that names the place; of a change it says that it was made', async t => {
  const hub = await startDocumentedHub(t, ({ operation }) =>
    operation.startsWith('GET') || operation.startsWith('DELETE')
      ? undefined
      : { status: 200, body: [NEW_TOKEN] },
  )
  const client = clientOf(hub.endpoint)
  const error = await failureOf(client.createServiceAccount('acme', { name: 'CI' }))
  assert.equal(error.code, 'HUB_BODY_BROKEN')
  assert.match(error.message, /another form than known.*The change itself was made/)
  const lost = await failureOf(client.rotateToken('acme', 'deploy'))
  assert.match(lost.message, /without a token.*revoke it/)
  assert.ok(!inspect(lost).includes(NEW_TOKEN))
  assert.ok(!lost.retryable)
})

test('a page of a proxy is no success of a change', async t => {
  const hub = await startDocumentedHub(t, ({ operation }) =>
    operation.startsWith('GET')
      ? undefined
      : { status: 200, body: '<html>Sign in</html>', headers: { 'content-type': 'text/html' } },
  )
  for (const { name, operation, run } of CALLS.filter(call => !call.operation.startsWith('GET'))) {
    const error = await failureOf(run(clientOf(hub.endpoint)))
    assert.equal(error.code, 'HUB_BODY_BROKEN', name)
    assert.match(error.message, /web page/, operation)
    assert.match(error.message, /Whether the change was made is not known/, operation)
  }
})

test('a change that breaks off is sent once, and its outcome is not known; one that was never sent says nothing of it', async t => {
  const hub = await startDocumentedHub(t, ({ operation }, response) => {
    if (!operation.startsWith('GET')) response.socket!.destroy()
    return undefined
  })
  for (const { name, operation, run } of CALLS.filter(call => !call.operation.startsWith('GET'))) {
    hub.received.length = 0
    const error = await failureOf(run(clientOf(hub.endpoint)))
    assert.equal(error.code, 'HUB_UNAVAILABLE', name)
    assert.equal(error.retryable, false)
    assert.match(error.message, /Whether the change was made is not known/)
    assert.equal(hub.received.filter(one => one.operation === operation).length, 1)
  }
  // Port 1 is nobody's: the connection is refused.
  const never = await failureOf(clientOf('http://127.0.0.1:1').revokeMemberToken('acme', 'x'))
  assert.equal(never.retryable, true)
  assert.doesNotMatch(never.message, /not known/)
})

test('a change follows no redirect that makes another request of it; one that keeps it is followed on this origin', async t => {
  let location = '/api/moved'
  let status = 307
  const hub = await startDocumentedHub(t, ({ path }) =>
    path === '/api/moved' ? { status: 200 } : { status, headers: { location } },
  )
  const client = clientOf(hub.endpoint)
  for (status of [301, 302, 303]) {
    hub.received.length = 0
    const error = await failureOf(client.setMemberRole('acme', 'jdoe', 'read', { resourceGroups: [] }))
    assert.equal(error.code, 'HUB_REDIRECTED')
    assert.equal(hub.received.length, 1)
  }
  for (status of [307, 308]) {
    hub.received.length = 0
    await client.setMemberRole('acme', 'jdoe', 'read', { resourceGroups: [] })
    assert.deepEqual(
      hub.received.map(({ operation, body }) => [operation, body]),
      [
        ['PUT /api/organizations/{name}/members/{username}/role', { role: 'read', resourceGroups: [] }],
        ['PUT /api/moved', { role: 'read', resourceGroups: [] }],
      ],
    )
  }
  const elsewhere = await startDocumentedHub(t)
  for (const { name, run } of CALLS) {
    for (status of [302, 307]) {
      location = `${elsewhere.endpoint}/api/moved`
      const error = await failureOf(run(client))
      assert.deepEqual([error.code, error.status], ['HUB_REDIRECTED', status], name)
    }
  }
  assert.equal(elsewhere.received.length, 0, 'token and body stay home')
})

test('a signal stops a call, before and after it is sent', async t => {
  const stop = new AbortController()
  const hub = await startDocumentedHub(t, (_, response) => {
    stop.abort()
    // Never answered.
    response.on('close', () => {})
    return { status: 200, body: undefined, headers: { 'content-length': '5' } }
  })
  const options = { signal: stop.signal }
  const cut = await failureOf(clientOf(hub.endpoint).revokeMemberToken('acme', 'x', options))
  assert.equal(cut.code, 'STOPPED')
  assert.match(cut.message, /not known/)
  const before = await failureOf(clientOf(hub.endpoint).revokeMemberToken('acme', 'x', options))
  assert.equal(before.code, 'STOPPED')
  assert.doesNotMatch(before.message, /not known/)
  assert.equal(hub.received.length, 1)
})

async function failureOf(call: Promise<unknown>): Promise<ConnectorError> {
  const error = await call.then(
    value => assert.fail(`no error but ${inspect(value)}`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ConnectorError, inspect(error))
  return error
}
