import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { startServer } from '../hub/hub-server.ts'
import { startHfAudit } from '../support/child-process.ts'
import { organization, simulatedHub } from '../support/main-job.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

/** A device on which every write fails as on a full disk. */
const FULL = '/dev/full'
const skip = existsSync(FULL) ? false : `there is no ${FULL}`

function fullDevice(t: TestContext): number {
  const device = openSync(FULL, 'w')
  t.after(() => closeSync(device))
  return device
}

for (const parameters of [
  ['schema', 'print'],
  ['config', 'reference'],
  ['completion', 'bash'],
]) {
  test(`an answer that could not be written is no success: ${parameters.join(' ')}`, { skip }, async t => {
    const printing = startHfAudit(parameters, {}, { stdout: fullDevice(t) })
    t.after(() => printing.kill('SIGKILL'))
    assert.equal(await printing.ended, 1)
    assert.match(printing.stderr(), /the output cannot be written \(ENOSPC\)/)
  })
}

test('a log that cannot be written stops no poll', { skip }, async t => {
  const { environment } = await simulatedHub(t, { events: 30 })
  const polling = startHfAudit(['run', '--once'], environment, { stderr: fullDevice(t) })
  t.after(() => polling.kill('SIGKILL'))
  assert.equal(await polling.ended, 0)
  const tail = startHfAudit(['tail', '--from-beginning', '--no-follow', '--json'], environment)
  t.after(() => tail.kill('SIGKILL'))
  assert.equal(await tail.ended, 0)
  assert.equal(tail.stdout().trimEnd().split('\n').length, 30)
})

test('check that is interrupted does not call anything ready', async t => {
  const asked = Promise.withResolvers<void>()
  const { origin } = await startServer(t, () => asked.resolve())
  const checking = startHfAudit(['check'], {
    HF_ENDPOINT: origin,
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
