import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'

const STOP_SIGNALS = new URL('../../src/commands/stop-signals.ts', import.meta.url)

/** A process with a thread that waits for a pipe's writer, who never comes. */
async function stuckProcess(t: TestContext, graceMs: number) {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-stop-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const pipe = join(directory, 'pipe')
  execFileSync('mkfifo', [pipe])
  const program = `
    import { open } from 'node:fs/promises'
    import { stopSignals } from ${JSON.stringify(STOP_SIGNALS.href)}
    const stop = stopSignals()
    stop.limitTo(${graceMs})
    stop.signal.addEventListener('abort', () => console.log('stopping'))
    process.on('exit', code => console.log('exit ' + code))
    setInterval(() => {}, 1000)
    setTimeout(() => console.log('stuck'), 100)
    await open(${JSON.stringify(pipe)})
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const hasSaid = async (word: string): Promise<void> => {
    while (!said.includes(word)) await once(child.stdout, 'data')
  }
  await hasSaid('stuck')
  return { child, hasSaid, said: () => said, ended: once(child, 'close') }
}

test('the end of the grace period ends the process even if a thread of it never ends', {
  timeout: 60_000,
}, async t => {
  const { child, said, ended } = await stuckProcess(t, 200)
  child.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null])
  assert.match(said(), /stopping\nexit 0\n/)
})

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`a second ${signal} ends it with ${code} even if a thread of it never ends`, {
    timeout: 60_000,
  }, async t => {
    const { child, hasSaid, said, ended } = await stuckProcess(t, 600_000)
    child.kill(signal)
    await hasSaid('stopping')
    child.kill(signal)
    assert.deepEqual(await ended, [code, null])
    assert.match(said(), new RegExp(`exit ${code}\\n$`))
  })
}
