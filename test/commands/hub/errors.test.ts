import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import type { Simulator } from '../../../src/simulator/simulator.ts'
import { commandLine, deployToken, sharedRunner } from '../../support/hub-commands.ts'
import { changes } from './changes.ts'

/** Every answer that the Hub may refuse with, for every command: the exit code, and words that say what to do. */

after(() => sharedRunner().stop())

const ANSWERS: readonly [status: number, exitCode: number, words: RegExp][] = [
  [401, 3, /wrong, expired or revoked: put a valid one there/],
  [402, 3, /needs .*plan/],
  [403, 3, /may not /],
  [404, 3, /There is no .*check the names/],
  [429, 6, /Too many requests/],
  [503, 6, /answered 503/],
]

const READS: readonly (readonly [
  parameters: readonly string[],
  endpoint: 'whoami' | 'members' | 'service-accounts' | 'repositories' | 'network-security',
])[] = [
  [['org', 'role'], 'whoami'],
  [['org', 'has-role', 'read'], 'whoami'],
  [['tokens', 'current'], 'whoami'],
  [['org', 'members'], 'members'],
  [['org', 'resource-groups'], 'members'],
  [['org', 'service-accounts', 'list'], 'service-accounts'],
  [['org', 'service-accounts', 'show', 'any'], 'service-accounts'],
  [['org', 'repositories'], 'repositories'],
  [['org', 'network-security', 'show'], 'network-security'],
  [['tokens', 'list'], 'service-accounts'],
]

test('commands that read', async t => {
  const line = await commandLine(t)
  for (const [parameters, endpoint] of READS) {
    for (const [status, exitCode, words] of ANSWERS) {
      line.hub.fault({ kind: 'status', endpoint, status, times: 1, message: 'as the test says' })
      const { code, stdout, stderr } = await line.run(parameters)
      const what = `hf-audit ${parameters.join(' ')} with ${status}: ${stderr}`
      assert.deepEqual([code, stdout], [exitCode, ''], what)
      assert.match(stderr, words, what)
      assert.match(stderr, /^hf-audit: [^\n]*"as the test says[^\n]*request id [^\n]*\n$/, what)
    }
  }
})

test('commands that change', async t => {
  const line = await commandLine(t)
  const memberToken = line.hub.state().tokenId
  for (const { parameters, endpoint } of changes({ ...(await deployToken(line)), memberToken })) {
    for (const [status, exitCode, words] of ANSWERS) {
      line.hub.fault({ kind: 'status', endpoint, status, message: 'as the test says' })
      const { code, stdout, stderr } = await line.run([...parameters, '--yes'])
      line.hub.clearFaults()
      const what = `hf-audit ${parameters.join(' ')} with ${status}: ${stderr}`
      assert.deepEqual([code, stdout], [exitCode, ''], what)
      assert.match(stderr, words, what)
      assert.match(stderr, /"as the test says/, what)
    }
  }
  const made = (await line.objects('tokens', 'list')).map(({ displayName }) => displayName)
  assert.deepEqual(made, ['build', 'deploy', 'inventory'], 'nothing was changed')
})

test('429: when to try again is told', async t => {
  const line = await commandLine(t)
  line.hub.fault({ kind: 'status', endpoint: 'members', status: 429, retryAfter: 90, times: 1 })
  const { code, stderr } = await line.run(['org', 'members'])
  assert.equal(code, 6)
  assert.match(stderr, /Try again in 1 min\.\n$/)
})

test('no Hub at all: exit 6', async t => {
  const line = await commandLine(t)
  await line.hub.stop()
  for (const parameters of [
    ['org', 'members'],
    ['tokens', 'revoke', 'deploy', '--yes'],
  ]) {
    const { code, stderr } = await line.run(parameters)
    assert.equal(code, 6, stderr)
  }
})

const KEPT_OUT: readonly (readonly [
  what: string,
  access: Parameters<Simulator['setAccess']>[0],
  words: RegExp,
])[] = [
  ['not an admin', { role: 'read' }, /your role is read/],
  ['a token that lacks the permission', { permissions: [] }, /lacks the permission/],
  ['a token that awaits its approval', { restriction: 'pending-approval' }, /awaits the approval/],
  ['a token that was revoked by the organization', { restriction: 'revoked' }, /was revoked by/],
]
for (const [what, access, words] of KEPT_OUT) {
  test(`403 of the Hub itself: ${what}`, async t => {
    const line = await commandLine(t)
    line.hub.setAccess(access)
    const { code, stderr } = await line.run(['org', 'service-accounts', 'create', 'nightly', '--yes'])
    assert.equal(code, 3, stderr)
    assert.match(stderr, words)
    assert.match(stderr, /The token from HF_AUDIT_ADMIN_TOKEN may not create service accounts in example-org/)
  })
}

test('the value of an option that is unknown is not repeated: it may be a misspelt secret', async t => {
  const line = await commandLine(t)
  for (const parameters of [
    ['sso', 'update', '--provider', 'oidc', "--client-secret-value=SEKRET's=SEKRET"],
    ['tokens', 'create', 'x', '--service-account', 'ci', '--acces-token=SEKRET\nSEKRET'],
    ['events', '--acces-token=SEKRET'],
    ['--acces-token=SEKRET'],
  ]) {
    const { code, stdout, stderr } = await line.run(parameters)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /unknown option '--[a-z-]+'/)
    assert.doesNotMatch(stderr, /SEKRET/)
  }
})
