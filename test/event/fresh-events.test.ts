import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareUtf8, FreshEvents } from '../../src/event/fresh-events.ts'

const text = fc.string({ unit: 'binary' }).map(string => string.toWellFormed())

test('two texts compare as their UTF-8 bytes do', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
})

test('events come oldest first, and of equal times by id', () => {
  const events = fc.uniqueArray(fc.record({ id: text, createdAtMs: fc.integer({ min: -3, max: 3 }) }), {
    selector: event => event.id,
    maxLength: 600,
  })
  fc.assert(
    fc.property(events, list => {
      const fresh = new FreshEvents()
      for (const [index, event] of list.entries())
        fresh.add({ ...event, offset: index, length: 1, crc: index })
      fresh.sort()
      const sorted = [...list].sort((a, b) => a.createdAtMs - b.createdAtMs || compareUtf8(a.id, b.id))
      for (const [rank, event] of sorted.entries()) {
        const index = fresh.ranked(rank)
        assert.equal(fresh.idAt(index), event.id)
        assert.equal(fresh.createdAtMsAt(index), event.createdAtMs)
        assert.equal(fresh.offsetAt(index), fresh.crcAt(index))
        assert.equal(fresh.indexOf(event.id), index)
      }
    }),
    { numRuns: 50 },
  )
})
