import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { commandLine, deployToken, SECRETS, sharedRunner } from '../../support/hub-commands.ts'
import { changes } from './changes.ts'

/** The rules for every command that changes something at the Hub. */

after(() => sharedRunner().stop())

const COMMAND_COUNT = 10

for (const index of Array.from({ length: COMMAND_COUNT }, (_, i) => i)) {
  const NAMES = { account: '0'.repeat(24), token: '1'.repeat(24), memberToken: '2'.repeat(24) }
  const words = changes(NAMES)[index]!.parameters.slice(0, 3).join(' ')

  test(`hf-audit ${words}: refused, shown, and done exactly as shown`, async t => {
    const line = await commandLine(t)
    const memberToken = line.hub.state().tokenId
    const { parameters } = changes({ ...(await deployToken(line)), memberToken })[index]!
    const seen = () => line.hub.state().requests.total
    const before = seen()

    const { HF_AUDIT_ADMIN_TOKEN: _, ...scriptWithoutAdmin } = line.environment
    const refused: readonly [Record<string, string>, string[], RegExp][] = [
      [{ HF_AUDIT_READ_ONLY: 'true' }, ['--yes'], /Nothing was changed: HF_AUDIT_READ_ONLY is true/],
      [{ HF_AUDIT_ADMIN_TOKEN: '' }, ['--yes'], /Nothing was changed: HF_AUDIT_ADMIN_TOKEN is not set/],
      [{}, [], /Nothing was changed: there is no terminal to ask on; give --yes/],
    ]
    for (const [variables, more, reason] of refused) {
      const { code, stdout, stderr } = await line.run([...parameters, ...more], variables)
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.match(stderr, reason)
    }

    const noTokens = {
      ...scriptWithoutAdmin,
      HF_TOKEN: '',
      HF_AUDIT_ADMIN_TOKEN: '',
      HF_AUDIT_READ_ONLY: 'true',
    }
    const plain = await line.run([...parameters, '--dry-run'], noTokens)
    assert.equal(plain.code, 0, plain.stderr)
    const shown = await line.run([...parameters, '--dry-run', '--json'], noTokens)
    const { dryRun, requests } = JSON.parse(shown.stdout) as {
      dryRun: boolean
      requests: { method: string; url: string; body?: unknown }[]
    }
    assert.equal(dryRun, true)
    const last = requests.at(-1)!
    assert.notEqual(last.method, 'GET')
    assert.ok(plain.stdout.includes(`${last.method} ${last.url}\n`), plain.stdout)
    assert.equal(seen(), before, 'the Hub was asked something')

    const done = await line.run([...parameters, '--yes'])
    assert.equal(done.code, 0, done.stderr)
    assert.notEqual(done.stdout, '')
    const changing = line.hub
      .state()
      .requests.latest.slice(before)
      .filter(({ method }) => method !== 'GET')
    assert.deepEqual(
      changing.map(({ method, path, status }) => [method, line.url + path, (status ?? 0) < 300]),
      [[last.method, last.url, true]],
    )
  })
}

test('all changing commands are among those', async () => {
  const ids = { account: '0'.repeat(24), token: '1'.repeat(24), memberToken: '2'.repeat(24) }
  assert.equal(changes(ids).length, COMMAND_COUNT)
})

test('the admin token comes from a file as well, and a misspelt HF_AUDIT_READ_ONLY is told', async t => {
  const line = await commandLine(t, { token: SECRETS.admin })
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-admin-token-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'token')
  writeFileSync(file, `${SECRETS.admin}\n`)
  const { code, stderr } = await line.run(['org', 'set-role', 'carol-example', 'write', '--yes'], {
    HF_AUDIT_ADMIN_TOKEN: '',
    HF_AUDIT_ADMIN_TOKEN_FILE: file,
    HF_AUDIT_READONLY: 'true',
  })
  assert.equal(code, 0, stderr)
  assert.match(stderr, /HF_AUDIT_READONLY is not a variable .* did you mean "HF_AUDIT_READ_ONLY"\?/)
})

test('what is asked before a change is asked with the token that makes it, and a wrong one is named by its variable', async t => {
  const line = await commandLine(t, { token: SECRETS.reader })
  const { code, stderr } = await line.run(['tokens', 'revoke', 'deploy', '--yes'])
  assert.equal(code, 3)
  assert.match(stderr, /401.*HF_AUDIT_ADMIN_TOKEN is wrong, expired or revoked/)
})
