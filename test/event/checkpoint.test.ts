import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isPoisonKey, poisonKey, sha256OfPoisonKey } from '../../src/event/checkpoint.ts'

test('no id that an event can have is taken for a dead letter, whatever character it begins with', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), id => assert.equal(isPoisonKey(id), false)),
  )
  for (const first of [0x10000, 0x103ff, 0x10ffff, 0xffff]) {
    assert.equal(isPoisonKey(String.fromCodePoint(first)), false)
  }
})

test('the key of a dead letter gives back its hash', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), sha256 => {
      const key = poisonKey(sha256)
      assert.equal(isPoisonKey(key), true)
      assert.deepEqual(sha256OfPoisonKey(key), Buffer.from(sha256))
    }),
  )
})
