import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireStack } from '../support/stack/requirements.ts'

/** A process that starts Kafka, prints the server's pid and stays. */
const program = `
  const { startKafka } = await import(${JSON.stringify(new URL('../support/stack/kafka.ts', import.meta.url).href)})
  const kafka = await startKafka()
  console.log(kafka.pid)
  setInterval(() => {}, 1000)
`

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function serverPidAfter(t: TestContext, signal: NodeJS.Signals): Promise<number> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const pid = Number(line)
  assert.equal(isRunning(pid), true)
  child.kill(signal)
  const [, endedBy] = await once(child, 'exit')
  assert.equal(endedBy, signal)
  return pid
}

async function assertGone(pid: number): Promise<void> {
  for (let tries = 0; isRunning(pid); tries += 1) {
    assert.ok(tries < 200, `server ${pid} outlived the process that started it`)
    await sleep(50)
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to the process that started Kafka ends Kafka too`, { timeout: 60_000 }, async t => {
    if (!(await requireStack(t, 'kafka'))) return
    await assertGone(await serverPidAfter(t, signal))
  })
}

test('so does SIGKILL, by the kernel', { timeout: 60_000 }, async t => {
  if (!existsSync('/usr/bin/setpriv')) return t.skip('needs Linux with setpriv of util-linux')
  if (!(await requireStack(t, 'kafka'))) return
  await assertGone(await serverPidAfter(t, 'SIGKILL'))
})
