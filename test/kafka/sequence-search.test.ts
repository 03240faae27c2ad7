import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findSequence } from '../../src/kafka/sequence-search.ts'

test('halving finds where a sequence begins, among the records of others, markers and holes', async () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 60 })
  await fc.assert(
    fc.asyncProperty(
      gaps,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 70 }),
      async (steps, first, wanted) => {
        let offset = 0
        const places = steps.map((step, index) => {
          offset += step
          return { offset, sequence: first + index }
        })
        const high = offset + 10
        let read = 0
        const found = await findSequence(wanted, 0, high, async (from, to) => {
          const place = places.find(candidate => candidate.offset >= from && candidate.offset < to)
          read += (place?.offset ?? to) - from
          return place
        })
        for (const place of places) {
          if (place.sequence >= wanted) assert.ok(place.offset >= found.notBefore)
          else assert.ok(place.offset < found.notAfter)
        }
        assert.ok(found.notAfter - found.notBefore <= 2_000)
        assert.ok(read <= high, 'no more is looked through than there is')
      },
    ),
  )
})
