import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { poisonKey } from '../../src/event/checkpoint.ts'
import { bytesOfKey, keyOfBytes } from '../../src/sqlite/seen-rows.ts'

const anyKey = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map(poisonKey),
)

test('a key comes back from its bytes as it was', () => {
  fc.assert(fc.property(anyKey, key => assert.equal(keyOfBytes(bytesOfKey(key)), key)))
})

test('two keys have the same bytes only if they are one', () => {
  fc.assert(fc.property(anyKey, anyKey, (a, b) => assert.equal(bytesOfKey(a).equals(bytesOfKey(b)), a === b)))
})
