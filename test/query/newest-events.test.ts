import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Spool } from '../../src/event/export.ts'
import { createMemorySpool } from '../../src/query/memory-spool.ts'
import { NewestEvents } from '../../src/query/newest-events.ts'
import { createFileSpool } from '../../src/spool/file-spool.ts'

const EVENTS = 1_500
/** Every number below EVENTS once, in an order that goes up and down. */
const shuffled = Array.from({ length: EVENTS }, (_, at) => (at * 1_237) % EVENTS)
const ascending = Array.from({ length: EVENTS }, (_, at) => at)

/** Bytes of its own for each number, some long. */
const bytesOf = (n: number) => Buffer.from(`${n} `.padEnd(n % 50 === 0 ? 20_000 : 1_000, 'x'))
const eventOf = (n: number) => ({
  id: String(n).padStart(6, '0'),
  createdAtMs: Math.floor(n / 7),
  bytes: bytesOf(n),
})

test('the newest are kept whatever comes when, from files as from memory, and the page can be read twice', t => {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-newest-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const createSpool of [createMemorySpool, () => createFileSpool({ directory, memoryBytes: 8_192 })]) {
    for (const order of [ascending, ascending.toReversed(), shuffled]) {
      for (const [capacity, offset] of [
        [0, 0],
        [1, 0],
        [130, 30],
        [600, 590],
        [EVENTS + 1, EVENTS - 3],
        [Number.POSITIVE_INFINITY, 0],
      ] as const) {
        const newest = new NewestEvents(capacity, createSpool)
        for (const n of order) newest.add(eventOf(n))
        const expected = ascending.toReversed().slice(offset, capacity)
        for (let time = 0; time < 2; time++) {
          const got = Array.from(newest.page(offset), bytes => Number.parseInt(bytes.toString(), 10))
          assert.deepEqual(got, expected)
        }
        newest.dispose()
        newest.dispose()
      }
    }
  }
  assert.deepEqual(readdirSync(directory), [])
})

test('what is spooled grows with what is wanted, not with what was looked at', () => {
  let live = 0
  let most = 0
  const createSpool = (): Spool => {
    const spool = createMemorySpool()
    let own = 0
    return {
      append(bytes) {
        own += bytes.length
        live += bytes.length
        most = Math.max(most, live)
        return spool.append(bytes)
      },
      read: spool.read,
      dispose() {
        live -= own
        own = 0
        spool.dispose()
      },
    }
  }
  const newest = new NewestEvents(100, createSpool)
  const bytes = Buffer.alloc(10_000, 'x')
  // Oldest first is the worst that can come: each is newer than all before. 100 MB go by.
  for (let n = 0; n < 10_000; n++) newest.add({ id: `${n}`, createdAtMs: n, bytes })
  assert.ok(most < 10_000_000, `${most} bytes were held`)
  assert.equal([...newest.page(0)].length, 100)
  newest.dispose()
  assert.equal(live, 0)
})
