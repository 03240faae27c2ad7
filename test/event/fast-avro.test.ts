import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import type avsc from 'avsc'
import fc from 'fast-check'
import { sharedTags } from '../../src/event/avro.ts'
import { installFastWriting } from '../../src/event/fast-avro.ts'
import { currentSchema } from '../../src/event/schemas.ts'
import { arbitraryRecord, wellFormed } from '../support/arbitrary-record.ts'

/** avsc as it comes, loaded a second time. */
function untouched(): typeof avsc {
  const require = createRequire(import.meta.url)
  for (const path of Object.keys(require.cache)) if (/[\\/]avsc[\\/]/.test(path)) delete require.cache[path]
  return require('avsc') as typeof avsc
}

const { type, text } = currentSchema('events')
const original = untouched().Type.forSchema(JSON.parse(text), { omitRecordMethods: true } as object)

test('what stands in for avsc is in use', () => {
  assert.equal(installFastWriting(), true)
})

test('the bytes are those of avsc, whatever the texts, in as many bytes as there are or in too few', () => {
  const short = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: 'binary', maxLength: 70 }))
  fc.assert(
    fc.property(
      arbitraryRecord('events'),
      fc.array(short),
      short,
      fc.nat(),
      (any, resources, message, cut) => {
        const record = wellFormed({ ...any, resources, message, tags: { [message]: message } })
        const expected = original.toBuffer(record)
        assert.deepEqual(type.toBuffer(record), expected)
        const [ours, theirs] = [Buffer.alloc(cut % expected.length), Buffer.alloc(cut % expected.length)]
        assert.equal(type.encode(record, ours, 0), original.encode(record, theirs, 0))
      },
    ),
    { numRuns: 100 },
  )
})

test('tags that many records share are written as they are, and cannot be changed', () => {
  const tags = sharedTags({ scope: 'repo', é: '\ud800', empty: '' })
  assert.deepEqual(tags, { scope: 'repo', é: '\ufffd', empty: '' })
  assert.throws(() => {
    tags.scope = 'org'
  }, TypeError)
  fc.assert(
    fc.property(arbitraryRecord('events'), any => {
      const record = { ...wellFormed(any), tags, actor: tags }
      assert.deepEqual(type.toBuffer(record), original.toBuffer(record))
    }),
    { numRuns: 20 },
  )
})
