import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { projectFolder, startHfAudit } from '../support/child-process.ts'
import { organization, simulatedHub } from '../support/main-job.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

/** A device on which every write fails as on a full disk. */
const FULL = '/dev/full'
const skip = existsSync(FULL) ? false : `there is no ${FULL}`

/** Runs `hf-audit` with one of its outputs on the full device; resolves with its exit code and what the other one got. */
async function runOnFull(
  t: TestContext,
  full: 'stdout' | 'stderr',
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) {
  const device = openSync(FULL, 'w')
  t.after(() => closeSync(device))
  const child = spawn(process.execPath, ['src/cli.ts', ...parameters], {
    cwd: projectFolder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      HF_AUDIT_ADMIN_ADDRESS: 'off',
      ...environment,
    },
    stdio: full === 'stdout' ? ['ignore', device, 'pipe'] : ['ignore', 'pipe', device],
  })
  t.after(() => child.kill('SIGKILL'))
  let other = ''
  const stream = full === 'stdout' ? child.stderr : child.stdout
  stream?.setEncoding('utf8').on('data', (text: string) => {
    other += text
  })
  const [code] = await once(child, 'close')
  return { code, other }
}

for (const parameters of [
  ['schema', 'print'],
  ['config', 'reference'],
  ['completion', 'bash'],
]) {
  test(`an answer that could not be written is no success: ${parameters.join(' ')}`, { skip }, async t => {
    const { code, other } = await runOnFull(t, 'stdout', parameters)
    assert.equal(code, 1)
    assert.match(other, /the output cannot be written \(ENOSPC\)/)
  })
}

test('a log that cannot be written stops no poll', { skip }, async t => {
  const { environment: ofHub } = await simulatedHub(t, { events: 30 })
  const environment = {
    ...ofHub,
    HF_AUDIT_DATA_DIR: join(temporaryDirectory(t), 'data'),
  }
  assert.equal((await runOnFull(t, 'stderr', ['run', '--once'], environment)).code, 0)
  const tail = startHfAudit(['tail', '--from-beginning', '--no-follow', '--json'], environment)
  t.after(() => tail.kill('SIGKILL'))
  assert.equal(await tail.ended, 0)
  assert.equal(tail.stdout().trimEnd().split('\n').length, 30)
})

test('check that is interrupted does not call anything ready', async t => {
  const asked = Promise.withResolvers<void>()
  const mute = createServer(() => asked.resolve())
  await new Promise<void>(resolve => mute.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    mute.closeAllConnections()
    mute.close()
  })
  const checking = startHfAudit(['check'], {
    HF_ENDPOINT: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`,
    HF_TOKEN: 'hf_invented',
    HF_AUDIT_ORGANIZATIONS: organization,
    HF_AUDIT_DATA_DIR: temporaryDirectory(t),
  })
  t.after(() => checking.kill('SIGKILL'))
  await asked.promise
  checking.kill('SIGINT')
  assert.equal(await checking.ended, 1)
  assert.doesNotMatch(checking.stdout(), /Ready/)
  assert.match(checking.stderr(), /Stopped on request/)
})

test('status asked of a place that cannot be asked says which', async t => {
  const asking = startHfAudit(['status', '--address', '127.0.0.1:1'], {})
  t.after(() => asking.kill('SIGKILL'))
  assert.equal(await asking.ended, 2)
  assert.match(
    asking.stderr(),
    /127\.0\.0\.1:1\/status\.json does not answer: .*Is this the address of a connector\?/,
  )
})
