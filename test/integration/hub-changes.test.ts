import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { projectFolder } from '../support/child-process.ts'
import { organization, SECRETS } from '../support/hub-commands.ts'
import { requireStack } from '../support/stack/requirements.ts'

/** What is about the process itself: standard input and output, a terminal and its questions. */

const terminalProgram = fileURLToPath(new URL('../support/terminal.py', import.meta.url))
const ENTER = '\r'
const CTRL_C = '\u0003'
const CTRL_D = '\u0004'

interface World {
  readonly hub: Simulator
  readonly url: string
  readonly environment: Readonly<Record<string, string>>
}

async function world(t: TestContext): Promise<World> {
  const hub = createSimulator({ organizations: [organization], events: 10, plan: 'plus' })
  const { url } = await hub.start()
  t.after(() => hub.stop())
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: '/nonexistent',
    TERM: 'xterm',
    HF_ENDPOINT: url,
    HF_TOKEN: SECRETS.reader,
    HF_AUDIT_ADMIN_TOKEN: SECRETS.admin,
    HF_AUDIT_ORGANIZATIONS: organization,
  }
  return { hub, url, environment }
}

async function run(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  input = '',
): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn(command[0]!, command.slice(1), { cwd: projectFolder, env: environment })
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.on('exit', killWithUs)
  const written = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text
    })
  child.stdin.on('error', () => {}).end(input)
  const [code] = (await once(child, 'close')) as [number]
  process.off('exit', killWithUs)
  return { code, ...written }
}

const hfAudit = (...parameters: string[]): string[] => [process.execPath, 'src/cli.ts', ...parameters]

/** On a terminal of its own: waits for each text, then types. */
function onTerminal(
  steps: readonly (readonly [waitFor: string, type: string])[],
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
) {
  return run(['python3', terminalProgram, JSON.stringify(steps), ...command], environment)
}

async function tokenNames({ url }: World): Promise<string[]> {
  const ask = async (path: string) => {
    const headers = { authorization: `Bearer ${SECRETS.admin}` }
    return (
      await fetch(`${url}/api/organizations/${organization}/service-accounts${path}`, { headers })
    ).json()
  }
  const accounts = (await ask('')) as { _id: string }[]
  const details = await Promise.all(accounts.map(({ _id }) => ask(`/${_id}`)))
  return (details as { accessTokens: { displayName: string }[] }[])
    .flatMap(({ accessTokens }) => accessTokens)
    .map(({ displayName }) => displayName)
}

async function works(url: string, token: string): Promise<boolean> {
  const { status } = await fetch(`${url}/api/whoami-v2`, { headers: { authorization: `Bearer ${token}` } })
  return status === 200
}

function assertSecretsHidden(text: string, ...more: string[]): void {
  for (const secret of [...Object.values(SECRETS), ...more])
    assert.ok(!text.includes(secret), 'a token is shown')
}

function without(environment: Readonly<Record<string, string>>, ...names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)))
}

suite('changes at the Hub, as a process', { concurrency: 2 }, () => {
  test('a created token is alone on stdout; leaked, it is revoked by its value from standard input, without any token of ours', async t => {
    const { hub, url, environment } = await world(t)
    const account = 'CI pipeline (example)'
    const create = hfAudit('tokens', 'create', 'leak', '--service-account', account, '--yes')
    const created = await run(create, environment)
    assert.equal(created.code, 0, created.stderr)
    const token = created.stdout.trim()
    assert.equal(created.stdout, `${token}\n`)
    assertSecretsHidden(created.stderr, token)
    assert.ok(await works(url, token))

    const bare = without(environment, 'HF_TOKEN', 'HF_AUDIT_ADMIN_TOKEN', 'HF_AUDIT_ORGANIZATIONS')
    const leaked = hfAudit('tokens', 'revoke-leaked')
    const input = `\n${token}\r\n  hf_inventedOther\n${token}\n`
    for (const [more, variables, words] of [
      [[], {}, /no terminal to ask on; give --yes/],
      [['--yes'], { HF_AUDIT_READ_ONLY: 'true' }, /HF_AUDIT_READ_ONLY is true/],
    ] as const) {
      const refused = await run([...leaked, ...more], { ...bare, ...variables }, input)
      assert.deepEqual([refused.code, refused.stdout], [2, ''])
      assert.match(refused.stderr, words)
      assertSecretsHidden(refused.stderr, token)
    }
    const shown = await run([...leaked, '--dry-run'], bare, input)
    assert.match(shown.stdout, /^POST http:\/\/\S+\/api\/credentials\/revoke\n[\s\S]*2 values, not shown/)
    assertSecretsHidden(shown.stdout + shown.stderr, token)
    assert.ok(await works(url, token), 'nothing was sent so far')

    const done = await run([...leaked, '--yes', '--json'], bare, input)
    assert.deepEqual([done.code, done.stdout], [0, '{"sent":2}\n'], done.stderr)
    assert.equal(await works(url, token), false)
    const sent = hub.state().requests.latest.filter(({ path }) => path === '/api/credentials/revoke')
    assert.deepEqual(
      sent.map(({ authorization }) => authorization),
      ['none'],
    )
  })

  test('a new token that nobody reads is not taken for printed: exit 1, and what to do', async t => {
    const { environment } = await world(t)
    const create = hfAudit(
      'tokens',
      'create',
      'unread',
      '--service-account',
      'CI pipeline (example)',
      '--yes',
    )
    // As `hf-audit tokens create … | true`: whoever should have read has ended.
    const command = ['bash', '-c', 'set -o pipefail; "$@" | true', 'bash', ...create]
    for (const more of [[], ['--json']]) {
      const { code, stdout, stderr } = await run([...command, ...more], environment)
      assert.deepEqual([code, stdout], [1, ''], stderr)
      assert.match(
        stderr,
        /could not be written and is lost\. Rotate the token \(id [0-9a-f]{24}\) again, or revoke it\./,
      )
      assert.doesNotMatch(stderr, /hf_[A-Za-z0-9]/)
    }
  })

  test('what is no token on standard input: exit 2, the line is named, nothing of it is shown', async t => {
    const { hub, environment } = await world(t)
    const leaked = hfAudit('tokens', 'revoke-leaked', '--yes')
    const wrong = await run(leaked, environment, 'hf_inventedOne\nsecret words of somebody\n')
    assert.deepEqual([wrong.code, wrong.stdout], [2, ''])
    assert.match(wrong.stderr, /line 2 of standard input \(24 characters\) cannot be a token/)
    assertSecretsHidden(wrong.stderr, 'hf_inventedOne', 'secret words')
    const empty = await run(leaked, environment, '\n\n')
    assert.equal(empty.code, 2)
    assert.match(empty.stderr, /standard input holds no token/)
    assert.equal(hub.state().requests.total, 0)
  })

  test('a client secret comes from standard input and is shown nowhere', async t => {
    const { environment } = await world(t)
    const oidc = ['--provider', 'oidc', '--sso-url', 'https://idp.example', '--client-id', 'hub']
    const secret = 'inventedClientSecretOfNobody'
    const { code, stdout, stderr } = await run(
      hfAudit('sso', 'validate', ...oidc, '--client-secret-file', '-'),
      environment,
      `${secret}\n`,
    )
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^Valid\. Nothing was sent/m)
    assertSecretsHidden(stdout + stderr, secret)
  })
})

suite('changes at the Hub, at a terminal', { concurrency: 2 }, () => {
  test('asks before it revokes: Enter changes nothing, Ctrl-C and Ctrl-D are no answer, y revokes', async t => {
    if (!(await requireStack(t, 'python'))) return
    const place = await world(t)
    const revoke = hfAudit('tokens', 'revoke', 'deploy')
    for (const [answer, expected] of [
      [ENTER, 0],
      [`no${ENTER}`, 0],
      [CTRL_C, 1],
      [CTRL_D, 1],
    ] as const) {
      const { code, stdout } = await onTerminal([['for good? [y/N]', answer]], revoke, place.environment)
      assert.equal(code, expected, stdout)
      assert.match(stdout, /Nothing was changed\./)
      assertSecretsHidden(stdout)
    }
    assert.ok((await tokenNames(place)).includes('deploy'))
    const { code, stdout } = await onTerminal([['for good? [y/N]', `y${ENTER}`]], revoke, place.environment)
    assert.equal(code, 0, stdout)
    assert.match(
      stdout,
      /It was last used \S+\.\s+Revoke the token deploy \([0-9a-f]{24}\) of \S+ in example-org/,
    )
    assert.match(stdout, /Revoked the token deploy/)
    assert.ok(!(await tokenNames(place)).includes('deploy'))
  })

  test('a token file is not replaced by nothing: create and rotate end with 1 unless they print a token', async t => {
    if (!(await requireStack(t, 'python'))) return
    const { hub, url, environment } = await world(t)
    const directory = mkdtempSync(join(tmpdir(), 'hf-audit-kept-token-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'token')
    writeFileSync(file, 'the old one')
    const account = 'CI pipeline (example)'
    const reader = without(environment, 'HF_AUDIT_ADMIN_TOKEN')
    for (const [words, question, answer, variables] of [
      [['rotate', 'deploy'], 'stops working at once. [y/N]', CTRL_C, environment],
      [['rotate', 'deploy'], 'stops working at once. [y/N]', `n${ENTER}`, environment],
      [['rotate', 'deploy'], 'which is meant for reading? [y/N]', `n${ENTER}`, reader],
      [['create', 'new', '--service-account', account], 'in example-org? [y/N]', ENTER, environment],
    ] as const) {
      const command = hfAudit('tokens', ...words).map(word => `'${word}'`)
      const { code, stdout } = await onTerminal(
        [[question, answer]],
        ['sh', '-c', `${command.join(' ')} > '${file}.new' && mv '${file}.new' '${file}'`],
        variables,
      )
      assert.equal(code, 1, stdout)
      assert.match(stdout, /Nothing was changed\./)
      assert.equal(readFileSync(file, 'utf8'), 'the old one')
    }
    assert.ok(hub.state().requests.latest.every(({ method }) => method === 'GET'))
    assert.ok(await works(url, SECRETS.reader))
  })

  test('without HF_AUDIT_ADMIN_TOKEN it asks whether HF_TOKEN may serve, also with --yes', async t => {
    if (!(await requireStack(t, 'python'))) return
    const place = await world(t)
    const environment = without(place.environment, 'HF_AUDIT_ADMIN_TOKEN')
    const revoke = hfAudit('tokens', 'revoke', 'deploy', '--yes')
    const question = 'HF_AUDIT_ADMIN_TOKEN is not set. Make this change with the token from HF_TOKEN'
    const declined = await onTerminal([[question, ENTER]], revoke, environment)
    assert.equal(declined.code, 0, declined.stdout)
    assert.match(declined.stdout, /Nothing was changed\./)
    assert.equal(place.hub.state().requests.total, 0)
    const done = await onTerminal([[question, `y${ENTER}`]], revoke, environment)
    assert.equal(done.code, 0, done.stdout)
    assert.match(done.stdout, /Revoked the token deploy/)
    const twice = hfAudit('tokens', 'revoke', 'build')
    const steps = [
      [question, `y${ENTER}`],
      ['for good? [y/N]', `yes${ENTER}`],
    ] as const
    assert.match((await onTerminal(steps, twice, environment)).stdout, /Revoked the token build/)
    assert.deepEqual(await tokenNames(place), ['inventory'])
  })

  test('HF_AUDIT_READ_ONLY is not asked about', async t => {
    if (!(await requireStack(t, 'python'))) return
    const { hub, environment } = await world(t)
    const { code, stdout } = await onTerminal([], hfAudit('tokens', 'revoke', 'deploy'), {
      ...environment,
      HF_AUDIT_READ_ONLY: '1',
    })
    assert.equal(code, 2)
    assert.match(stdout, /HF_AUDIT_READ_ONLY is true/)
    assert.equal(hub.state().requests.total, 0)
  })

  test('a new token goes to where stdout goes, and the terminal does not show it', async t => {
    if (!(await requireStack(t, 'python'))) return
    const { url, environment } = await world(t)
    const directory = mkdtempSync(join(tmpdir(), 'hf-audit-new-token-'))
    t.after(() => rmSync(directory, { recursive: true }))
    const file = join(directory, 'token')
    const rotate = hfAudit('tokens', 'rotate', 'deploy').map(word => `'${word}'`)
    const { code, stdout } = await onTerminal(
      [['stops working at once. [y/N]', `y${ENTER}`]],
      ['sh', '-c', `${rotate.join(' ')} > '${file}'`],
      environment,
    )
    assert.equal(code, 0, stdout)
    const token = readFileSync(file, 'utf8').trim()
    assert.ok(await works(url, token))
    assertSecretsHidden(stdout, token)
    assert.match(stdout, /Its value is on standard output/)
  })

  test('a leaked token that is typed is not shown', async t => {
    if (!(await requireStack(t, 'python'))) return
    const { hub, environment } = await world(t)
    const token = 'hf_inventedLeakOfNobody'
    const steps = [
      ['The leaked token', `${token}${ENTER}`],
      ['Invalidate 1 leaked token for good? [y/N]', `y${ENTER}`],
    ] as const
    const { code, stdout } = await onTerminal(steps, hfAudit('tokens', 'revoke-leaked'), environment)
    assert.equal(code, 0, stdout)
    assertSecretsHidden(stdout, token)
    assert.equal(hub.state().requests.latest.at(-1)?.path, '/api/credentials/revoke')
  })

  test('Ctrl-D instead of a leaked token: nothing is sent', async t => {
    if (!(await requireStack(t, 'python'))) return
    const { hub, environment } = await world(t)
    const steps = [['The leaked token', '\u0004']] as const
    const { code, stdout } = await onTerminal(steps, hfAudit('tokens', 'revoke-leaked'), environment)
    assert.equal(code, 1, stdout)
    assert.match(stdout, /Nothing was sent/)
    assert.doesNotMatch(stdout, /Warning/)
    assert.equal(hub.state().requests.total, 0)
  })

  test('NO_COLOR', async t => {
    if (!(await requireStack(t, 'python'))) return
    const { environment } = await world(t)
    const members = hfAudit('org', 'members')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
    const bold = /\u001b\[1m/
    assert.match((await onTerminal([], members, environment)).stdout, bold)
    assert.doesNotMatch((await onTerminal([], members, { ...environment, NO_COLOR: '1' })).stdout, bold)
  })
})
