import assert from 'node:assert/strict'
import { test } from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import { schemaText } from '../../src/event/avro.ts'
import { containerBlocks, containerHeader } from '../../src/event/avro-container.ts'
import { auditRecord } from '../otlp/support/entries.ts'

const syncMarker = Buffer.from('0123456789abcdef')

async function decoded(file: Buffer): Promise<unknown[]> {
  const decoder = new avsc.streams.BlockDecoder()
  decoder.end(file)
  return (await decoder.toArray()).map(record => ({ ...(record as object) }))
}

test('a header and any parts, in whatever sizes, are one file with all records', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 6 }), { maxLength: 5 }),
      async parts => {
        const file = [await containerHeader('events', syncMarker)]
        const all = []
        for (const [index, sizes] of parts.entries()) {
          const records = sizes.map(size => auditRecord(index, { rawLog: 'é'.repeat(size) }))
          file.push(await containerBlocks('events', syncMarker, records))
          all.push(...records)
        }
        const found = (await decoded(Buffer.concat(file))) as typeof all
        assert.deepEqual(
          found.map(({ rawLog, eventID }) => [rawLog, eventID]),
          all.map(({ rawLog, eventID }) => [rawLog, eventID]),
        )
      },
    ),
    { numRuns: 20 },
  )
})

test('the header has the schema as it is released, with its docs and logical types', async () => {
  const header = await containerHeader('ledger', syncMarker)
  assert.ok(header.includes(schemaText('ledger')))
  assert.ok(header.includes('deflate'))
  assert.equal(header.subarray(0, 4).toString('latin1'), 'Obj\u0001')
  assert.deepEqual(header.subarray(-16), syncMarker)
})
