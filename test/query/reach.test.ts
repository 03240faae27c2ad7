import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Queried } from '../../src/query/query-export.ts'
import { reachNote } from '../../src/query/reach.ts'

const START_MS = Date.parse('2026-08-01T00:00:00Z')
const queried = (part: Partial<Queried>): Queried => ({
  fetched: 1_000,
  matched: 5,
  poisoned: 0,
  repeated: 0,
  oldestMs: START_MS + 1,
  condition: undefined,
  ...part,
})

test('an export at its cap that begins after the start is said, with the time from which it tells', () => {
  assert.equal(
    reachNote(queried({}), { startMs: START_MS }, 1_000, false),
    "The Hub's export is cut at 1,000 events and begins at 2026-08-01T00:00:00.001Z: " +
      'what happened between 2026-08-01T00:00:00.000Z and then is out of its reach.',
  )
  assert.equal(reachNote(queried({ oldestMs: START_MS }), { startMs: START_MS }, 1_000, false), undefined)
  assert.equal(reachNote(queried({ fetched: 999 }), { startMs: START_MS }, 1_000, false), undefined)
})

test('without a start it is said when fewer were found than asked for', () => {
  assert.match(reachNote(queried({}), {}, 1_000, true)!, /what happened before is out of its reach\.$/)
  assert.equal(reachNote(queried({}), {}, 1_000, false), undefined)
  assert.equal(reachNote(queried({ fetched: 999 }), {}, 1_000, true), undefined)
})

test('of an answer to a condition it cannot be told how far back the export reaches', () => {
  const condition = 'author:alice'
  const note = (part: Partial<Queried>) =>
    reachNote(queried({ condition, fetched: 3, ...part }), { startMs: START_MS }, 1_000, false)
  assert.match(note({})!, /asked for author:alice alone .* cannot be told/)
  assert.match(note({ oldestMs: undefined, fetched: 0 })!, /cannot be told/)
  assert.equal(note({ oldestMs: START_MS - 1 }), undefined)
  assert.equal(reachNote(queried({ condition, fetched: 3 }), {}, 1_000, true), undefined)
})
