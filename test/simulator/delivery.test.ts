import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { deliver, withGarbage } from '../../src/simulator/delivery.ts'
import { type FaultInput, faultSchema } from '../../src/simulator/faults.ts'

const chunked = fc.array(
  fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes)),
  { maxLength: 12 },
)

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

test('garbage lands at its offset, whatever the chunks', async () => {
  await fc.assert(
    fc.asyncProperty(
      chunked,
      fc.nat(250),
      fc.uint8Array({ minLength: 1, maxLength: 30 }),
      async (chunks, at, bytes) => {
        const foreign = Buffer.from(bytes)
        const body = Buffer.concat(chunks)
        const copy = Buffer.from(body)
        const inserted = await collect(withGarbage(chunks, at, foreign, 'insert'))
        const where = chunks.length > 0 && at <= body.length
        assert.deepEqual(
          inserted,
          where ? Buffer.concat([body.subarray(0, at), foreign, body.subarray(at)]) : body,
        )
        const over = await collect(withGarbage(chunks, at, foreign, 'overwrite'))
        const expected = Buffer.from(body)
        if (at < expected.length) foreign.copy(expected, at)
        assert.deepEqual(over, expected)
        assert.deepEqual(Buffer.concat(chunks), copy, 'the chunks themselves are left alone')
      },
    ),
  )
})

test('a body ends after exactly so many bytes, whatever the chunks', async () => {
  const active = (fault: FaultInput) => [{ id: 1, used: 1, fault: faultSchema.parse(fault) }]
  await fc.assert(
    fc.asyncProperty(chunked, fc.nat(250), async (chunks, afterBytes) => {
      const body = Buffer.concat(chunks)
      for (const [fault, ending] of [
        [{ kind: 'reset', afterBytes }, 'reset'],
        [{ kind: 'truncate', afterBytes }, 'end'],
        [{ kind: 'truncate', afterBytes, framing: 'content-length-too-long' }, 'close'],
      ] as const) {
        const wire = deliver(chunks, active(fault), new AbortController().signal)
        const sent: Buffer[] = []
        let step = await wire.next()
        for (; step.done !== true; step = await wire.next()) sent.push(step.value)
        assert.equal(step.value, ending)
        assert.deepEqual(Buffer.concat(sent), body.subarray(0, afterBytes))
      }
    }),
  )
})
