import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import avsc from 'avsc'
import { avroContainer, type FileFormat, jsonLines } from '../../src/file/formats.ts'
import { createFileTarget } from '../../src/file/replay-target.ts'
import { advanced, newState } from '../../src/replay/start.ts'
import type { ReplayCursor, ReplayRecord, ReplayState, ReplayTarget } from '../../src/replay-ports.ts'
import { eventEntry } from '../otlp/support/entries.ts'

const never = new AbortController().signal
const lines = jsonLines(entry =>
  JSON.stringify({ sequence: (entry.record as { sequence: number }).sequence }),
)
const fresh = newState('words', 1, [{ partition: 0, from: 0, to: 100 }])

class MemoryCursor implements ReplayCursor {
  state: ReplayState | undefined
  async resume() {
    return this.state
  }
  async save(state: ReplayState) {
    this.state = state
  }
  async close() {}
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hf-audit-file-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function records(from: number, count: number): ReplayRecord[] {
  const stored = { key: null, value: Buffer.alloc(0), headers: {}, timestampMs: 0 }
  return Array.from({ length: count }, (_, index) => ({ entry: eventEntry(from + index), stored }))
}

/** Begins, writes two parts, and ends without a word, as a kill does. */
async function twoParts(target: ReplayTarget): Promise<ReplayState> {
  await target.resume(never)
  let state = await target.begin(fresh, never)
  state = await target.write(records(1, 3), advanced(state, 0, 3, 3), 0, never)
  return target.write(records(4, 2), advanced(state, 0, 5, 2), 0, never)
}

const sequencesOf: Record<string, (path: string) => Promise<number[]>> = {
  json: async path =>
    readFileSync(path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line).sequence),
  avro: async path => {
    const found: number[] = []
    for await (const record of avsc.createFileDecoder(path) as AsyncIterable<{ sequence: number }>)
      found.push(record.sequence)
    return found
  },
}

for (const [kind, format] of Object.entries<FileFormat>({ json: lines, avro: avroContainer('events') })) {
  test(`${kind}: a file that was cut anywhere behind the cursor goes on whole`, async t => {
    const path = join(folder(t), 'out')
    const cursor = new MemoryCursor()
    await twoParts(createFileTarget({ path, format, cursor }))
    const whole = readFileSync(path)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const kept = cursor.state!
    for (const garbage of [Buffer.alloc(0), Buffer.from('half a rec'), whole]) {
      writeFileSync(path, Buffer.concat([whole, garbage]))
      cursor.state = kept
      const target = createFileTarget({ path, format, cursor })
      const { state, lost } = await target.resume(never)
      assert.equal(lost, false)
      const next = await target.write(records(6, 4), advanced(state!, 0, 9, 4), 0, never)
      await target.write([], advanced(next, 0, 100, 0), 0, never)
      await target.close()
      assert.deepEqual(await sequencesOf[kind]!(path), [1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  })

  test(`${kind}: an empty range makes an empty file of that kind`, async t => {
    const path = join(folder(t), 'out')
    const target = createFileTarget({ path, format, cursor: new MemoryCursor() })
    await target.resume(never)
    await target.begin(newState('words', 1, []), never)
    await target.close()
    assert.deepEqual(await sequencesOf[kind]!(path), [])
  })
}

test('a file that another wrote is left alone, and so is one that was changed meanwhile', async t => {
  const path = join(folder(t), 'out')
  writeFileSync(path, 'precious')
  const cursor = new MemoryCursor()
  const target = createFileTarget({ path, format: lines, cursor })
  await assert.rejects(target.resume(never), { code: 'CONFIG_INVALID', message: /is there already/ })
  assert.equal(readFileSync(path, 'utf8'), 'precious')
  rmSync(path)

  const state = await twoParts(target)
  await target.close()
  const change: Record<string, () => void> = {
    cut: () => truncateSync(path, 20),
    replaced: () => writeFileSync(path, 'x'.repeat(10_000)),
  }
  for (const [how, changed] of Object.entries(change)) {
    changed()
    const before = readFileSync(path)
    await target.resume(never)
    await assert.rejects(target.write(records(6, 1), advanced(state, 0, 6, 1), 0, never), {
      code: 'CONFIG_INVALID',
      message: /not as the replay left it/,
    })
    assert.deepEqual(readFileSync(path), before, how)
  }
})

test('a deleted file is lost; a death before the first part leaves nothing that hinders', async t => {
  const path = join(folder(t), 'out')
  const cursor = new MemoryCursor()
  const target = createFileTarget({ path, format: avroContainer('events'), cursor })
  await twoParts(target)
  rmSync(path)
  assert.equal((await target.resume(never)).lost, true)

  await target.begin(fresh, never)
  appendFileSync(path, 'the header was half written, or so')
  const again = createFileTarget({ path, format: avroContainer('events'), cursor })
  const { state, lost } = await again.resume(never)
  assert.equal(lost, false)
  await again.write(records(1, 2), advanced(state!, 0, 2, 2), 0, never)
  assert.deepEqual(await sequencesOf.avro!(path), [1, 2])
})

test('where no file can be made: said before anything is done', async t => {
  const directory = folder(t)
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'plain'), '')
  const wrong: [path: string, words: RegExp][] = [
    [join(directory, 'none', 'out'), /its directory is not there/],
    [join(directory, 'sub'), /it is no ordinary file/],
    [join(directory, 'plain', 'out'), /ENOTDIR/],
    ['/dev/null', /it is no ordinary file/],
  ]
  for (const [path, message] of wrong) {
    const target = createFileTarget({ path, format: lines, cursor: new MemoryCursor() })
    await assert.rejects(target.check(never), { code: 'CONFIG_INVALID', message })
  }
  const path = join(directory, 'out')
  await createFileTarget({ path, format: lines, cursor: new MemoryCursor() }).check(never)
  assert.ok(!existsSync(path), 'a look changes nothing')
})
