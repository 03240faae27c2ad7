import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OTHER_TYPES, UNKNOWN_TYPES_NAMED, UnknownTypeCounts } from '../../src/status/unknown-type-counts.ts'

test('the most frequent type first', () => {
  const counts = new UnknownTypeCounts()
  for (const type of ['b', 'c', 'a', 'c']) counts.add(type)
  assert.deepEqual(counts.counts(), [
    { type: 'c', events: 2 },
    { type: 'a', events: 1 },
    { type: 'b', events: 1 },
  ])
})

test('of an endless stream of new types every event is counted, and few by name', () => {
  const counts = new UnknownTypeCounts()
  for (let n = 0; n < 10_000; n += 1) counts.add(`type.${n}`)
  for (let n = 0; n < 10_000; n += 1) counts.add('type.7')
  const all = counts.counts()
  assert.equal(all.length, UNKNOWN_TYPES_NAMED + 1)
  assert.deepEqual(all[0], { type: 'type.7', events: 10_001 })
  assert.deepEqual(all.at(-1), { type: OTHER_TYPES, events: 10_000 - UNKNOWN_TYPES_NAMED })
  assert.equal(
    all.reduce((sum, { events }) => sum + events, 0),
    20_000,
  )
})
