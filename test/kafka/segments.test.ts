import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { poisonKey, type SeenEntry } from '../../src/event/checkpoint.ts'
import { newHead } from '../../src/event/new-head.ts'
import { SeenEvents } from '../../src/event/seen-events.ts'
import { CheckpointPartition, StoredCheckpoint } from '../../src/kafka/checkpoint-records.ts'
import { decodeSegment, encodeSegment } from '../../src/kafka/segment-codec.ts'
import { SegmentLayout } from '../../src/kafka/segments.ts'
import { freshOrganization, seenEntry } from '../contract/batches.ts'

const uint32 = fc.integer({ min: 0, max: 0xffffffff })
const key = fc.oneof(
  fc.uint8Array({ minLength: 12, maxLength: 12 }).map(bytes => Buffer.from(bytes).toString('hex')),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(poisonKey),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
)
const entry: fc.Arbitrary<SeenEntry> = fc.record(
  {
    key,
    crc: uint32,
    digest: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    createdAtMs: fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
    firstSeenSeconds: uint32,
    state: fc.constantFrom('published', 'filtered', 'dead-lettered'),
    missed: fc.constantFrom(0, 1, 2),
    pairTold: fc.boolean(),
    absentSinceSeconds: uint32,
  },
  { noNullPrototype: true },
)

test('a segment comes back as it was written', () => {
  fc.assert(
    fc.property(fc.array(entry), entries => {
      assert.deepEqual(decodeSegment(encodeSegment(entries), 'here'), entries)
    }),
  )
})

test('an entry with an ObjectId takes 39 bytes', () => {
  assert.equal(encodeSegment([seenEntry('66b0c1f2a9d3e4f5a6b7c8d9')]).length, 1 + 39)
})

test('a segment that is newer, cut off or garbage is refused with the mend', () => {
  const whole = encodeSegment([seenEntry('66b0c1f2a9d3e4f5a6b7c8d9'), seenEntry('id')])
  assert.throws(() => decodeSegment(Buffer.from([2]), 'here'), { code: 'JOURNAL_MISMATCH', message: /newer/ })
  assert.throws(() => decodeSegment(Buffer.alloc(0), 'here'), { code: 'JOURNAL_MISMATCH' })
  assert.throws(() => decodeSegment(whole.subarray(0, -1), 'here'), { message: /hf-audit recover/ })
})

/** Small ids, so that puts hit what is there. */
const smallKey = fc.integer({ min: 0, max: 6_000 }).map(number => `id-${number}`)
const change = fc.record({
  put: fc.uniqueArray(smallKey, { maxLength: 2_500 }),
  remove: fc.uniqueArray(smallKey, { maxLength: 2_500 }),
})

test('what the segments hold is what was put and not removed, in few and full segments', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 6 }), changes => {
      const layout = new SegmentLayout()
      const seen = new SeenEvents()
      const stored = new Map<number, readonly SeenEntry[]>()
      const expected = new Map<string, SeenEntry>()
      for (const [round, { put, remove }] of changes.entries()) {
        const entries = put.map(id => seenEntry(id, { crc: round }))
        for (const id of remove) expected.delete(id)
        for (const one of entries) expected.set(one.key, one)
        for (const { number, entries: written } of layout.apply(seen, entries, remove)) {
          if (written.length === 0) stored.delete(number)
          else stored.set(number, written)
        }
      }
      const all = [...stored.values()].flat()
      assert.equal(all.length, expected.size)
      assert.deepEqual(new Map(all.map(one => [one.key, one])), expected)
      assert.ok([...stored.values()].every(entries => entries.length <= 1_000))
      const open = Math.max(...stored.keys())
      for (const [number, entries] of stored)
        assert.ok(number === open || entries.length >= 250, String(entries.length))
    }),
    { numRuns: 30 },
  )
})

test('a poll that changes little writes little', () => {
  const layout = new SegmentLayout()
  const seen = new SeenEvents()
  const ids = Array.from({ length: 100_000 }, (_, index) => seenEntry(`id-${index}`))
  assert.equal(layout.apply(seen, ids, []).length, 100)
  const later = layout.apply(seen, [seenEntry('new')], ['id-0', 'id-1'])
  assert.deepEqual(
    later.map(({ number, entries }) => [number, entries.length]),
    [
      [0, 998],
      [100, 1],
    ],
  )
})

/** A partition as a reader finds it, from the records that were written. */
function partitionOfRecords(records: readonly { key: string; value: Buffer | null }[]): CheckpointPartition {
  const partition = new CheckpointPartition()
  for (const { key: text, value } of records) partition.add(Buffer.from(text), value)
  return partition
}

test('a checkpoint that was read with a hole is noticed, whatever is missing or old', () => {
  const organization = freshOrganization()
  const { identity } = organization
  const checkpoint = new StoredCheckpoint()
  const ids = Array.from({ length: 2_500 }, (_, index) => seenEntry(`id-${index}`))
  const head = newHead(organization)
  const first = checkpoint.apply(identity, head, ids, [])
  const second = checkpoint.apply(
    identity,
    { ...head, emptyExports: 1 },
    [seenEntry('id-0', { crc: 99 })],
    [],
  )
  assert.deepEqual(
    second.map(record => record.key),
    [`${identity}/ids/0`, identity],
  )
  const whole = partitionOfRecords([...first, ...second]).checkpointOf(identity, 'topic')!
  assert.equal(whole.seen.size, 2_500)
  assert.deepEqual(whole.head, { ...head, emptyExports: 1 })

  const holes = [
    [...first.filter(record => !record.key.endsWith('/ids/1')), ...second],
    [...first, ...second.filter(record => !record.key.endsWith('/ids/0'))],
    [...first, second[0]!],
    [...first, ...second, { key: `${identity}/ids/7`, value: encodeSegment([seenEntry('other')]) }],
  ]
  for (const records of holes) {
    assert.throws(() => partitionOfRecords(records).checkpointOf(identity, 'topic'), {
      code: 'JOURNAL_UNAVAILABLE',
      retryable: true,
    })
  }
})
