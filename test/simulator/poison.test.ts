import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import test from 'node:test'
import { POISON_KINDS, poisonElement } from '../../src/simulator/poison.ts'

const isKey = (value: unknown) =>
  typeof value === 'string' &&
  value.isWellFormed() &&
  Buffer.byteLength(value) >= 1 &&
  Buffer.byteLength(value) <= 255

const isTime = (value: unknown) => {
  if (typeof value !== 'string') return false
  const at = new Date(value)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value.slice(0, 10))
}

test('every kind is poison, for one reason, and always the same bytes', () => {
  for (const kind of POISON_KINDS) {
    const bytes = poisonElement(kind)
    assert.ok(bytes.equals(poisonElement(kind)), kind)
    if (!isUtf8(bytes)) {
      assert.match(kind, /^invalid-utf8/)
      continue
    }
    const value = JSON.parse(bytes.toString())
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    const wrong = isObject
      ? [!isKey(value._id), !isKey(value.type), !isTime(value.createdAt)].filter(Boolean).length
      : 1
    assert.ok(wrong === 1 || kind === 'empty-object', `${kind}: ${wrong} things are wrong`)
  }
  assert.equal(
    new Set(POISON_KINDS.map(kind => poisonElement(kind).toString('latin1'))).size,
    POISON_KINDS.length,
  )
})
