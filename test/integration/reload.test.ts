import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type RunningProcess, startHfAudit } from '../support/child-process.ts'
import { simulatedHub, until } from '../support/main-job.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'

/** SIGHUP to a connector that runs: organizations and tokens change, and nothing else does. */

interface Deployment {
  readonly running: RunningProcess
  readonly tokenFile: string
  write(lines: readonly string[]): void
  polled(organization: string): number
  reloaded(): number
  hangUp(): void
}

async function deployment(
  t: TestContext,
  lines: readonly string[],
  more: Record<string, string> = {},
  token = 'hf_right',
): Promise<Deployment> {
  const { environment } = await simulatedHub(t, {
    organizations: ['alpha', 'beta', 'gamma'],
    events: 20,
    token: 'hf_right',
  })
  const directory = environment.HF_AUDIT_DATA_DIR!
  const [file, tokenFile] = [join(directory, 'connector.yaml'), join(directory, 'token')]
  writeFileSync(tokenFile, token)
  writeFileSync(file, lines.join('\n'))
  const { HF_ENDPOINT, HF_AUDIT_DATA_DIR } = environment as Record<string, string>
  const running = startHfAudit(['run', '--config', file], {
    HF_ENDPOINT: HF_ENDPOINT!,
    HF_AUDIT_DATA_DIR: HF_AUDIT_DATA_DIR!,
    HF_TOKEN_FILE: tokenFile,
    HF_AUDIT_POLL_INTERVAL: '1s',
    HF_AUDIT_BLOCKED_RETRY: '24h',
    HF_AUDIT_ADMIN_ADDRESS: 'off',
    ...more,
  })
  t.after(async () => {
    running.kill('SIGKILL')
    await running.ended
  })
  const count = (satisfies: (line: Record<string, unknown>) => boolean): number =>
    running.logLines().filter(satisfies).length
  return {
    running,
    tokenFile,
    write: content => writeFileSync(file, content.join('\n')),
    polled: organization => count(line => line.msg === 'polled' && line.organization === organization),
    reloaded: () => count(line => /^configuration read again/.test(String(line.msg))),
    hangUp: () => running.kill('SIGHUP'),
  }
}

async function addedAndRemoved(t: TestContext, more: Record<string, string>): Promise<void> {
  const { running, write, polled, reloaded, hangUp } = await deployment(
    t,
    ['organizations: [alpha, beta]'],
    more,
  )
  await until('both to be polled', () => polled('alpha') > 0 && polled('beta') > 0)

  write(['organizations: [beta, gamma]', 'pollInterval: 2s', 'shutdownGrace: 5s'])
  hangUp()
  await until('the new one to be polled', () => polled('gamma') > 0)
  assert.equal(reloaded(), 1)
  const [alpha, beta] = [polled('alpha'), polled('beta')]
  await until('the others to go on', () => polled('beta') > beta + 1 && polled('gamma') > 2)
  assert.ok(polled('alpha') <= alpha + 1, 'the removed one is still polled')
  const differ = running.logLines().find(line => /count at the next start/.test(String(line.msg)))
  assert.deepEqual(
    differ?.settings,
    ['shutdownGraceMs'],
    'the environment comes before the file, so only this differs',
  )

  running.kill('SIGTERM')
  assert.equal(await running.ended, 0)
  assert.deepEqual(
    running.logLines().filter(line => line.level === 'error'),
    [],
  )
}

test('what is added is polled, what is removed is not, with the embedded journal', t =>
  addedAndRemoved(t, {}))

test('what is added is polled, what is removed is not, with Kafka', async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const kafka = await startKafka()
  t.after(() => kafka.stop())
  await addedAndRemoved(t, { KAFKA_BROKERS: kafka.brokers, KAFKA_TOPIC: 'reload' })
})

test('a new token in its file mends a blocked organization at once', async t => {
  const { running, tokenFile, polled, hangUp } = await deployment(
    t,
    ['organizations: [alpha]'],
    {},
    'hf_wrong',
  )
  await running.logLine(line => line.code === 'HUB_UNAUTHORIZED')
  assert.equal(polled('alpha'), 0)
  writeFileSync(tokenFile, 'hf_right')
  hangUp()
  await until('it to be polled', () => polled('alpha') > 0)
})

test('an organization that gets a token of its own uses it', async t => {
  const { tokenFile, running, write, polled, hangUp } = await deployment(
    t,
    ['organizations: [alpha]'],
    {},
    'hf_wrong',
  )
  await running.logLine(line => line.code === 'HUB_UNAUTHORIZED')
  const own = `${tokenFile}-of-alpha`
  writeFileSync(own, 'hf_right')
  write(['organizations:', `  - {name: alpha, tokenFile: ${own}}`])
  hangUp()
  await until('it to be polled', () => polled('alpha') > 0)
})

test('a configuration with mistakes is told, and the one in use stays', async t => {
  const { running, write, polled, reloaded, hangUp } = await deployment(t, ['organizations: [alpha]'])
  await until('it to be polled', () => polled('alpha') > 0)
  const wrong: readonly [lines: string[], words: RegExp][] = [
    [['organizations: [alpha'], /not valid YAML/],
    [['organisations: [alpha, beta]'], /there is no key "organisations"; did you mean "organizations"/],
    [
      ['organizations: [{name: beta, tokenFile: /nowhere/token}]'],
      /names \/nowhere\/token, which does not exist/,
    ],
    [[''], /HF_AUDIT_ORGANIZATIONS is not set/],
  ]
  for (const [lines, words] of wrong) {
    write(lines)
    hangUp()
    const line = await running.logLine(({ msg }) => words.test(String(msg)))
    assert.equal(line.level, 'error')
    assert.match(String(line.msg), /The configuration in use stays\.$/)
  }
  assert.equal(reloaded(), 0)
  const before = polled('alpha')
  await until('it to be polled on', () => polled('alpha') > before)
  assert.equal(polled('beta'), 0)
})
