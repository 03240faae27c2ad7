import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOUR_MS, HOURS_SHOWN, HourlyCounts } from '../../src/status/hourly-counts.ts'

const NOW = 1_000 * HOUR_MS + 25 * 60_000

test('events are counted by the hour of their time, and grow old', () => {
  const hours = new HourlyCounts()
  for (const atMs of [NOW, NOW - 25 * 60_000, NOW - 26 * 60_000, NOW - 47 * HOUR_MS]) hours.add(atMs, NOW)
  const counts = hours.counts(NOW)
  assert.equal(counts.length, HOURS_SHOWN)
  assert.deepEqual([counts.at(-1), counts.at(-2), counts[0]], [2, 1, 1])
  const later = hours.counts(NOW + HOUR_MS)
  assert.deepEqual([later.at(-1), later.at(-2), later.at(-3)], [0, 2, 1])
  assert.equal(
    later.reduce((sum, count) => sum + count, 0),
    3,
  )
})

test('what is older, or dated ahead, is not counted', () => {
  const hours = new HourlyCounts()
  for (const atMs of [NOW - HOURS_SHOWN * HOUR_MS, NOW + HOUR_MS, 0]) hours.add(atMs, NOW)
  assert.deepEqual(new Set(hours.counts(NOW)), new Set([0]))
})
