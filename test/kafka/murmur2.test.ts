import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Partitioners } from 'kafkajs'
import { murmur2, partitionOf } from '../../src/kafka/murmur2.ts'

test('murmur2 gives what the test of Java’s Utils.murmur2 expects', () => {
  const expected: Record<string, number> = {
    '21': -973932308,
    foobar: -790332482,
    'a-little-bit-long-string': -985981536,
    'a-little-bit-longer-string': -1486304829,
    lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
    abc: 479470107,
  }
  for (const [text, hash] of Object.entries(expected)) assert.equal(murmur2(Buffer.from(text)), hash, text)
})

test('the partition is the one that another client’s default partitioner gives the same key', () => {
  const partitioner = Partitioners.DefaultPartitioner()
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.integer({ min: 1, max: 64 }),
      (key, count) => {
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
          partitionId,
          partitionErrorCode: 0,
          leader: 1,
          replicas: [],
          isr: [],
        }))
        const message = { key: Buffer.from(key), value: null }
        assert.equal(partitionOf(key, count), partitioner({ topic: 't', partitionMetadata, message }))
      },
    ),
  )
})
