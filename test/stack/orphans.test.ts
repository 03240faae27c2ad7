import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { requireStack } from '../support/stack/requirements.ts'

/** A process that starts Kafka, prints the server's pid and stays. */
const program = `
  const { startKafka } = await import(${JSON.stringify(new URL('../support/stack/kafka.ts', import.meta.url).href)})
  const kafka = await startKafka()
  console.log(kafka.pid + ' ' + kafka.logFile)
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

interface Started {
  readonly pid: number
  readonly logFile: string
}

async function serverAfter(t: TestContext, signal: NodeJS.Signals): Promise<Started> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const [pid, logFile] = [Number(line.split(' ')[0]), line.split(' ')[1]!]
  assert.equal(isRunning(pid), true)
  child.kill(signal)
  const [, endedBy] = await once(child, 'exit')
  assert.equal(endedBy, signal)
  return { pid, logFile }
}

async function assertGone(pid: number): Promise<void> {
  for (let tries = 0; isRunning(pid); tries += 1) {
    assert.ok(tries < 200, `server ${pid} outlived the process that started it`)
    await sleep(50)
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} to the process that started Kafka ends Kafka too, and removes its data`, {
    timeout: 600_000,
  }, async t => {
    if (!(await requireStack(t, 'kafka'))) return
    const { pid, logFile } = await serverAfter(t, signal)
    await assertGone(pid)
    assert.equal(existsSync(logFile), false)
  })
}

test('so does SIGKILL, by the kernel', { timeout: 600_000 }, async t => {
  if (!existsSync('/usr/bin/setpriv')) return t.skip('needs Linux with setpriv of util-linux')
  if (!(await requireStack(t, 'kafka'))) return
  const { pid, logFile } = await serverAfter(t, 'SIGKILL')
  t.after(() => rm(dirname(logFile), { recursive: true, force: true }))
  await assertGone(pid)
})
