import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesText, countOf, durationText, instantText, relativeText } from '../../src/status/words.ts'

test('durations have one unit, or two where the second says something', () => {
  const cases: [ms: number, text: string][] = [
    [0, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [1_840, '1.8 s'],
    [9_990, '9.9 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_999, '59 min'],
    [3_600_000, '1 h'],
    [4_800_000, '1 h 20 min'],
    [36_000_000 + 600_000, '10 h'],
    [86_400_000 + 3_600_000, '1 d 1 h'],
    [400 * 86_400_000, '400 d'],
  ]
  for (const [ms, text] of cases) assert.equal(durationText(ms), text)
})

test('times are told from now', () => {
  assert.equal(relativeText(1_000_000, 1_000_400), 'just now')
  assert.equal(relativeText(1_000_000, 1_001_900), '1 s ago')
  assert.equal(relativeText(1_000_000, 1_000_000 - 65_000), 'in 1 min')
  assert.equal(instantText(Date.UTC(2026, 2, 10, 14, 25, 3, 999)), '2026-03-10 14:25:03 UTC')
})

test('bytes and counts', () => {
  assert.deepEqual([0, 999, 1_000, 75_300_000, 999_600, 999_499, 72_700_000_000, 123e15].map(bytesText), [
    '0 B',
    '999 B',
    '1.0 kB',
    '75.3 MB',
    '1.0 MB',
    '999 kB',
    '72.7 GB',
    '123 PB',
  ])
  assert.equal(countOf(1, 'event'), '1 event')
  assert.equal(countOf(83_412, 'event'), '83,412 events')
})
