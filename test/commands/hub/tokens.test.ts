import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { ROLE_PERMISSIONS, TOKEN_ROLES } from '../../../src/hub/enterprise/token-permissions.ts'
import { commandLine, deployToken, linesOf, sharedRunner } from '../../support/hub-commands.ts'

after(() => sharedRunner().stop())

/** As another program would use the token. */
async function works(url: string, token: string): Promise<boolean> {
  const { status } = await fetch(`${url}/api/whoami-v2`, { headers: { authorization: `Bearer ${token}` } })
  assert.ok(status === 200 || status === 401, `whoami-v2: ${status}`)
  return status === 200
}

test('a new token is alone on stdout, works, and can do what its role stands for', async t => {
  const line = await commandLine(t)
  const { account } = await deployToken(line)
  for (const role of [undefined, ...TOKEN_ROLES]) {
    const name = `by-${role ?? 'default'}`
    const parameters = ['tokens', 'create', name, '--service-account', account, '--yes']
    const { code, stdout, stderr } = await line.run([
      ...parameters,
      ...(role === undefined ? [] : ['--role', role]),
    ])
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^hf_\w+\n$/)
    assert.match(stderr, new RegExp(`^Created the token ${name} of .* \\(id [0-9a-f]{24}\\)`))
    assert.ok(await works(line.url, stdout.trim()))
    const listed = (await line.objects('tokens', 'list')).find(({ displayName }) => displayName === name)!
    assert.deepEqual(listed.permissions, [...ROLE_PERMISSIONS[role ?? 'read']])
  }
  assert.match(
    await line.output('tokens', 'create', '--help'),
    /read +repo\.content\.read, org\.read, collection\.read/,
  )
})

test('with --json it is one object, and the permissions are those given', async t => {
  const line = await commandLine(t)
  const { account } = await deployToken(line)
  const parameters = ['tokens', 'create', 'exact', '--service-account', account, '--yes', '--json']
  const repo = 'a'.repeat(24)
  const scope = [
    '--permission',
    'job.write,org.read',
    '--permission',
    'repo.write',
    '--endpoint-pattern',
    'gpt2-*',
  ]
  const { stdout } = await line.run([
    ...parameters,
    ...scope,
    '--repo-id',
    repo,
    '--repo-permission',
    'repo.content.read',
  ])
  assert.equal(linesOf(stdout).length, 1)
  const { token, tokenInfo } = JSON.parse(stdout) as { token: string; tokenInfo: Record<string, unknown> }
  assert.ok(await works(line.url, token))
  assert.deepEqual(tokenInfo.permissions, ['job.write', 'org.read', 'repo.write'])
  assert.deepEqual([tokenInfo.repoIds, tokenInfo.repoPermissions], [[repo], ['repo.content.read']])
  assert.deepEqual(tokenInfo.endpointPatterns, ['gpt2-*'])
})

test('refused before anything is sent: expiry, a role with permissions, unknown permissions, wrong ids', async t => {
  const line = await commandLine(t)
  const before = line.hub.state().requests.total
  const create = ['tokens', 'create', 'x', '--service-account', '0'.repeat(24), '--yes']
  for (const [parameters, words] of [
    [['--expires-at', '2027-01-01'], /cannot be given an expiry: the Hub takes none/],
    [['--role', 'read', '--permission', 'org.read'], /a role or permissions, not both/],
    [['--role', 'writ'], /Allowed choices are read, write, admin; did you mean "write"\?/],
    [['--permission', 'org.raed'], /did you mean "org\.read"\?/],
    [['--repo-id', 'acme/model'], /"acme\/model" is not the id of a repository/],
    [['--endpoint-pattern', 'a?'], /"a\?" is not an endpoint pattern/],
    [['--repo-permission', 'repo.write', '--dry-run'], /no repositories: name them .*--repo-id/],
    [['--repo-id', '0'.repeat(24), '--dry-run'], /no permissions on them.*--repo-permission/],
  ] as const) {
    const { code, stdout, stderr } = await line.run([...create, ...parameters])
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, words)
  }
  const missing = await line.run(['tokens', 'create', 'x', '--yes'])
  assert.match(missing.stderr, /required option '--service-account <account>' not specified/)
  assert.equal(line.hub.state().requests.total, before)
})

test('update: repositories and the permissions on them, together with what the token has', async t => {
  const line = await commandLine(t)
  const update = (...parameters: string[]) => line.run(['tokens', 'update', 'deploy', '--yes', ...parameters])
  const repo = 'a'.repeat(24)
  const changing = () => line.hub.state().requests.latest.filter(({ method }) => method !== 'GET').length
  for (const [parameters, words] of [
    [['--repo-permission', 'repo.write'], /no repositories: name them/],
    [['--repo-id', repo], /no permissions on them/],
  ] as const) {
    const { code, stdout, stderr } = await update(...parameters)
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, words)
  }
  assert.equal(changing(), 0)
  assert.equal((await update('--repo-id', repo, '--repo-permission', 'repo.write')).code, 0)
  assert.equal((await update('--repo-permission', 'repo.content.read')).code, 0)
  assert.equal((await update('--repo-id', 'b'.repeat(24))).code, 0)
  const listed = (await line.objects('tokens', 'list')).find(({ displayName }) => displayName === 'deploy')!
  assert.deepEqual([listed.repoIds, listed.repoPermissions], [['b'.repeat(24)], ['repo.content.read']])
})

test('rotate: a new value works, the old one is dead, the permissions stay', async t => {
  const line = await commandLine(t)
  const { account } = await deployToken(line)
  const old = (await line.output('tokens', 'create', 'turn', '--service-account', account, '--yes')).trim()
  const fresh = (await line.output('tokens', 'rotate', 'turn', '--yes')).trim()
  assert.notEqual(fresh, old)
  assert.deepEqual([await works(line.url, old), await works(line.url, fresh)], [false, true])
  const listed = (await line.objects('tokens', 'list')).find(({ displayName }) => displayName === 'turn')!
  assert.deepEqual(listed.permissions, [...ROLE_PERMISSIONS.read])
  const again = await line.output('tokens', 'rotate', 'turn', '--yes', '--json')
  assert.ok(await works(line.url, (JSON.parse(again) as { token: string }).token))
})

test('revoke by name, by id; a near miss is told; then it is gone', async t => {
  const line = await commandLine(t)
  const { account, token } = await deployToken(line)
  const value = (
    await line.output('tokens', 'create', 'short-lived', '--service-account', account, '--yes')
  ).trim()
  const near = await line.run(['tokens', 'revoke', 'short-livd', '--yes'])
  assert.equal(near.code, 3)
  assert.match(near.stderr, /"short-livd".*Did you mean "short-lived"\?/)
  assert.match(
    await line.output('tokens', 'revoke', 'short-lived', '--yes'),
    /^Revoked the token short-lived \(/,
  )
  assert.equal(await works(line.url, value), false)
  const [revoked] = await line.objects('tokens', 'revoke', token, '--yes')
  assert.deepEqual([revoked!._id, revoked!.displayName, revoked!.revoked], [token, 'deploy', true])
  assert.equal((await line.run(['tokens', 'revoke', token, '--yes'])).code, 3)
})

test('two tokens of one name: refused with both ids, whatever is to be done, until one is named by its id', async t => {
  const line = await commandLine(t)
  const { account } = await deployToken(line)
  const ids: string[] = []
  for (let n = 0; n < 2; n += 1) {
    const made = await line.output(
      'tokens',
      'create',
      'twin',
      '--service-account',
      account,
      '--yes',
      '--json',
    )
    ids.push((JSON.parse(made) as { tokenInfo: { _id: string } }).tokenInfo._id)
  }
  for (const parameters of [
    ['tokens', 'revoke', 'twin'],
    ['tokens', 'rotate', 'twin'],
    ['tokens', 'update', 'twin', '--name', 'other'],
  ]) {
    const { code, stdout, stderr } = await line.run([...parameters, '--yes'])
    assert.deepEqual([code, stdout], [2, ''], stderr)
    for (const id of ids) assert.ok(stderr.includes(id), stderr)
  }
  await line.output('tokens', 'revoke', ids[0]!, '--yes')
  await line.output('tokens', 'revoke', 'twin', '--yes')
})

test('update changes the name or the permissions and nothing else', async t => {
  const line = await commandLine(t)
  const { token } = await deployToken(line)
  const before = (await line.objects('tokens', 'list')).find(({ _id }) => _id === token)!
  await line.output('tokens', 'update', 'deploy', '--name', 'deploy-2', '--yes')
  const renamed = (await line.objects('tokens', 'list')).find(({ _id }) => _id === token)!
  assert.deepEqual(renamed, { ...before, displayName: 'deploy-2' })
  await line.output('tokens', 'update', token, '--role', 'write', '--yes')
  const changed = (await line.objects('tokens', 'list')).find(({ _id }) => _id === token)!
  assert.deepEqual(changed, { ...renamed, permissions: [...ROLE_PERMISSIONS.write] })
  const nothing = await line.run(['tokens', 'update', token, '--yes'])
  assert.equal(nothing.code, 2)
  assert.match(nothing.stderr, /nothing to change/)
})

test("a member's token loses its access, by its id", async t => {
  const line = await commandLine(t)
  const { tokenId } = line.hub.state()
  assert.match(
    await line.output('tokens', 'revoke-member', tokenId, '--yes'),
    /has no access to example-org any more/,
  )
  const { code, stderr } = await line.run(['org', 'service-accounts', 'list'])
  assert.equal(code, 3)
  assert.match(stderr, /revoked by an administrator/)
})

test('the table names account, id, use and permissions; the token in use is described by its own command', async t => {
  const line = await commandLine(t)
  const [head, ...rows] = linesOf(await line.output('tokens', 'list'))
  assert.match(head!, /^service account +name +id +role +last used +expires +ends in +may$/)
  assert.match(
    rows.join('\n'),
    /deploy +[0-9a-f]{24} +fineGrained +2025-\S+ +never +\w{4} +repo\.content\.read, /,
  )
  const current = await line.output('tokens', 'current')
  assert.match(current, /^taken from +HF_TOKEN$/m)
  assert.match(current, /^role in example-org +admin$/m)
})

test('a token among the arguments is refused before anything is asked or repeated', async t => {
  const line = await commandLine(t)
  const before = line.hub.state().requests.total
  for (const command of ['revoke', 'revoke-leaked', 'rotate', 'revoke-member']) {
    const { code, stdout, stderr } = await line.run(['tokens', command, 'hf_inventedLeakOfNobody', '--yes'])
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /looks like a token.*revoke-leaked < FILE/)
  }
  assert.equal(line.hub.state().requests.total, before)
})

test('names from the Hub steer no terminal, in tables, sentences and errors', async t => {
  const line = await commandLine(t)
  const { account } = await deployToken(line)
  const name = 'a\u001b[31m\u202eb\nc'
  for (let n = 0; n < 2; n += 1)
    await line.output('tokens', 'create', name, '--service-account', account, '--yes')
  const twice = await line.run(['tokens', 'revoke', name, '--yes'])
  assert.equal(twice.code, 2)
  const renamed = await line.run(['tokens', 'update', 'deploy', '--name', name, '--yes'])
  for (const text of [twice.stderr, renamed.stdout, await line.output('tokens', 'list')])
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
})
