import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '../../src/event/parse-json.ts'
import { anyJson, writeJson, writingStyle } from '../support/json-text.ts'

test('any value is read as it was written, whatever was read before it', () => {
  fc.assert(
    fc.property(anyJson, writingStyle, (value, style) => {
      assert.deepEqual(parseJson(writeJson(value, style)), value)
    }),
    { numRuns: 500 },
  )
})

test('a key with an escape is not taken for one that an earlier object had', () => {
  const keys = (text: string) => Object.keys(parseJson(text) as object)
  parseJson('{"author":1,"\\\\":2}')
  assert.deepEqual(keys('{"author":1,"\\n":2}'), ['author', '\n'])
  assert.deepEqual(keys('{"author":1,"\\u0041":2}'), ['author', 'A'])
  assert.deepEqual(keys('{"author":1,"\\ud800":2}'), ['author', '\ud800'])
  parseJson('{"author":1,"\\\\u0":2}')
  assert.deepEqual(keys('{"author":1,"\\u005fid":2}'), ['author', '_id'])
})

test('of duplicate keys the last wins, however each is written', () => {
  const cases: [text: string, value: number][] = [
    ['{"a":1,"\\u0061":2}', 2],
    ['{"\\u0061":2,"a":1}', 1],
    ['{"a":1,"\\u0061":2,"a":3}', 3],
    ['{"\\u0061":1,"a":2,"\\u0061":3}', 3],
  ]
  for (const [text, value] of cases) assert.deepEqual(parseJson(text), { a: value }, text)
  assert.deepEqual(parseJson('{"\\n":1,"\\u000a":2,"\\\\":3,"\\n":4}'), { '\n': 4, '\\': 3 })
})

test('keys that could be mistaken for stand-ins stay what they are', () => {
  const value = { '\ue0000': 1, '\ue000': { '"': 2, '\ue0000': 3 }, '\ue000\ue0000': [{ '\n': '\ue0000' }] }
  assert.deepEqual(parseJson(JSON.stringify(value)), value)
})

test('an escaped __proto__ is a key like any other', () => {
  const parsed = parseJson('{"\\u005f_proto__":{"polluted":1},"\\n":{"\\u005f_proto__":2}}') as Record<
    string,
    object
  >
  assert.equal(Object.getPrototypeOf(parsed), Object.prototype)
  assert.deepEqual(Object.keys(parsed), ['__proto__', '\n'])
  assert.deepEqual(Object.keys(parsed['\n']!), ['__proto__'])
})

test('what is not JSON is refused', () => {
  for (const text of ['', '{"\\n"}', '{"\\x":1}', '{"a":"\\"}', '["\\n":1]']) {
    assert.throws(() => parseJson(text), SyntaxError)
  }
})
