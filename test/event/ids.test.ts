import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { v5 as uuidV5, validate } from 'uuid'
import { sourceId, uuidV5In } from '../../src/event/ids.ts'

test('ids are the UUIDv5 that others make of the same', () => {
  // RFC 9562, appendix A.4.
  assert.equal(uuidV5In(uuidV5.DNS)('www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2')
  const source = sourceId('https://huggingface.co/organizations/example-org')
  assert.equal(source, uuidV5('https://huggingface.co/organizations/example-org', uuidV5.URL))
  const idOf = uuidV5In(source)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 255 }), name => {
      assert.equal(idOf(name), uuidV5(name, source))
      assert.ok(validate(idOf(name)))
    }),
  )
})
