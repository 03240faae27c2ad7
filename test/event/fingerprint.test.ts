import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc64Avro, fingerprintText } from '../../src/event/fingerprint.ts'

test('fingerprints are those of the Avro specification', () => {
  assert.equal(fingerprintText(crc64Avro('"int"')), '7275d51a3f395c8f')
  assert.equal(fingerprintText(crc64Avro('"null"')), '63dd24e7cc258f8a')
  assert.equal(fingerprintText(crc64Avro('')), 'c15d213aa4d7a795')
})

test('a small fingerprint keeps its leading zeros', () => {
  assert.equal(fingerprintText(0xabcn), '0000000000000abc')
})
