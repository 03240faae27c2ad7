import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { ConnectorError } from '../../../src/errors.ts'
import { endpointOf } from '../../../src/hub/enterprise/endpoint.ts'
import { HubClient } from '../../../src/hub/enterprise/hub-client.ts'
import { startDocumentedHub } from './documented-hub.ts'

const run = promisify(execFile)

test('what a call is given goes before what the client was made with; undefined is not given', async t => {
  const hub = await startDocumentedHub(t)
  const client = new HubClient({
    endpoint: 'http://127.0.0.1:1',
    accessToken: 'hf_ofclient',
    environment: {},
  })
  const { endpoint } = hub
  await client.whoAmI({ endpoint })
  await client.whoAmI({ endpoint, accessToken: undefined })
  await client.whoAmI({ endpoint, accessToken: 'hf_ofcall' })
  await client.whoAmI({ endpoint: `${endpoint}/`, accessToken: { value: 'hf_named', source: 'the vault' } })
  assert.deepEqual(
    hub.received.map(({ headers }) => headers.authorization),
    ['Bearer hf_ofclient', 'Bearer hf_ofclient', 'Bearer hf_ofcall', 'Bearer hf_named'],
  )
  assert.match(hub.received[0]!.headers['user-agent']!, /^hf-audit-connector\/\d+\.\d+\.\d+; node\//)
})

test("without a token the Hub's own conventions apply, read at every call", async t => {
  const hub = await startDocumentedHub(t)
  const directory = await mkdtemp(join(tmpdir(), 'hub-client-'))
  t.after(() => rm(directory, { recursive: true }))
  const path = join(directory, 'token')
  await writeFile(path, 'hf_first\n')
  const client = new HubClient({ environment: { HF_ENDPOINT: hub.endpoint, HF_HOME: directory } })
  await client.whoAmI()
  await writeFile(path, 'hf_second\n')
  await client.whoAmI()
  await client.whoAmI({ environment: { HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_variable' } })
  assert.deepEqual(
    hub.received.map(({ headers }) => headers.authorization),
    ['Bearer hf_first', 'Bearer hf_second', 'Bearer hf_variable'],
  )
  const none = { HF_ENDPOINT: hub.endpoint, HF_TOKEN_PATH: join(directory, 'absent') }
  await assert.rejects(client.whoAmI({ environment: none }), {
    code: 'CONFIG_INVALID',
    message: /Looked at HF_TOKEN/,
  })
  for (const accessToken of ['', 'hf_with space', 'hf_new\nline']) {
    await assert.rejects(client.whoAmI({ accessToken }), (error: Error) => {
      assert.match(error.message, /accessToken holds .* cannot be a token/)
      assert.ok(accessToken === '' || !error.message.includes(accessToken))
      return true
    })
  }
})

test('an endpoint is a URL without credentials', () => {
  assert.equal(endpointOf({ environment: {} }), 'https://huggingface.co')
  assert.equal(endpointOf({ environment: { HF_ENDPOINT: '' } }), 'https://huggingface.co')
  assert.equal(endpointOf({ endpoint: 'https://gate.example/hub/' }), 'https://gate.example/hub')
  for (const endpoint of ['huggingface.co', 'ftp://a', 'https://user:s3cret@a', '']) {
    assert.throws(
      () => endpointOf({ endpoint }),
      (error: Error & { code: string }) =>
        error.code === 'CONFIG_INVALID' &&
        /^endpoint/.test(error.message) &&
        !error.message.includes('s3cret'),
    )
  }
})

test('names cannot lead to another place', async t => {
  const hub = await startDocumentedHub(t)
  const client = new HubClient({ endpoint: hub.endpoint, accessToken: 'hf_x', environment: {} })
  for (const name of ['', '.', '..', ' ']) {
    await assert.rejects(client.listMembers(name), { code: 'CONFIG_INVALID' })
    await assert.rejects(client.revokeMemberToken('acme', name), { code: 'CONFIG_INVALID' })
  }
  assert.equal(hub.received.length, 0)
  await client.listMembers('a/../b?c#d').catch(() => {})
  assert.equal(hub.received[0]!.path, '/api/organizations/a%2F..%2Fb%3Fc%23d/members')
})

test('a program ends when its calls have, without closing anything', async t => {
  const hub = await startDocumentedHub(t)
  const script = `
    import { HubClient } from ${JSON.stringify(new URL('../../../src/library.ts', import.meta.url))}
    const client = new HubClient({ endpoint: ${JSON.stringify(hub.endpoint)}, accessToken: 'hf_x' })
    console.log(await client.myOrgRole('acme'))
    process.on('exit', () => console.log(process.getActiveResourcesInfo().filter(name => name.includes('TCP')).length))`
  const child = { env: { PATH: process.env.PATH }, timeout: 60_000 }
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], child)
  assert.equal(stdout, 'write\n0\n')
})

test('arguments of another kind than the types say are refused in words, and nothing of them is shown', async t => {
  const hub = await startDocumentedHub(t)
  const client = new HubClient({ endpoint: hub.endpoint, accessToken: 'hf_ofclient', environment: {} })
  const wrong = (value: unknown) => value as never
  const SECRET = 'inventedSecretOfNobody'
  for (const [what, call, message] of [
    [
      'createToken',
      () => client.createToken('acme', 'x', wrong(undefined)),
      /new token is missing; allowed is an/,
    ],
    [
      'createToken',
      () => client.createToken('acme', 'x', wrong({ name: undefined })),
      /name is missing; allowed/,
    ],
    [
      'createToken',
      () => client.createToken('acme', 'x', wrong({ name: 'x', repoIds: SECRET })),
      /repoIds is a text/,
    ],
    ['updateToken', () => client.updateToken('acme', 'x', wrong(null)), /is null; allowed is an object/],
    ['createServiceAccount', () => client.createServiceAccount('acme', wrong(SECRET)), /is a text; allowed/],
    ['revokeLeakedTokens', () => client.revokeLeakedTokens(wrong(SECRET)), /is a text; allowed is a list/],
    [
      'revokeLeakedTokens',
      () => client.revokeLeakedTokens(wrong(undefined)),
      /is missing; allowed is a list/,
    ],
    ['updateNetworkSecurity', () => client.updateNetworkSecurity('acme', wrong(undefined)), /is missing/],
    [
      'updateNetworkSecurity',
      () => client.updateNetworkSecurity('acme', wrong({ ipRanges: 'x' })),
      /ipRanges is a/,
    ],
    ['updateSsoConfig', () => client.updateSsoConfig('acme', wrong(undefined)), /configuration is missing/],
    [
      'setMemberRole',
      () => client.setMemberRole('acme', 'x', 'read', { resourceGroups: wrong({}) }),
      /resourceGroups is an object; allowed is a list/,
    ],
  ] as const) {
    await assert.rejects(call, (error: ConnectorError) => {
      assert.equal(error.code, 'CONFIG_INVALID', `${what}: ${error}`)
      assert.match(error.message, message, what)
      assert.ok(!error.message.includes(SECRET))
      return true
    })
  }
  assert.equal(hub.received.length, 0)
})
