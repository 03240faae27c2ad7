import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptAbsent, longestAbsent } from '../../src/event/absence.ts'
import type { SeenEntry } from '../../src/event/checkpoint.ts'
import { SeenEvents } from '../../src/event/seen-events.ts'
import type { Selection } from '../../src/event/select.ts'
import { eventText, exportOf } from '../support/exports.ts'
import { pollBench, start } from '../support/poll-bench.ts'

function absent(key: string, absentSinceSeconds: number): SeenEntry {
  const told = { digest: 0, missed: 0, pairTold: false, state: 'published' as const }
  return { key, crc: 0, createdAtMs: 0, firstSeenSeconds: 0, absentSinceSeconds, ...told }
}

test('of the absent ids that are beyond what is kept the longest absent go', () => {
  const seen = new SeenEvents()
  for (const [key, since] of [
    ['b', 20],
    ['a', 10],
    ['d', 40],
    ['c', 30],
  ] as const)
    seen.put(absent(key, since))
  const selection = { present: new Uint8Array(4) } as Selection
  assert.deepEqual(longestAbsent({ seen, selection }, [], 4), [])
  assert.deepEqual(longestAbsent({ seen, selection }, [], 2), ['a', 'b'])
  // One that is in the export stays, and one that is absent again since this poll is the youngest.
  selection.present[0] = 1
  assert.deepEqual(longestAbsent({ seen, selection }, [absent('a', 50)], 2), ['c'])
})

test('a cap above the Hub’s keeps as many', () => assert.equal(keptAbsent(250_000), 250_000))

test('exports larger than the cap that is set, and a replica that lags by more than it, double nothing', async t => {
  const bench = await pollBench(t, { exportCap: 5 })
  const events = Array.from({ length: 40 }, (_, index) => eventText(index + 1, start + index * 1000))
  const published = async (count: number) =>
    (await bench.poll(exportOf(events.slice(0, count)))).ledger.published
  assert.equal(await published(30), 30)
  for (const count of [10, 30, 10, 30]) assert.equal(await published(count), 0)
  assert.equal(await published(40), 10)
})
