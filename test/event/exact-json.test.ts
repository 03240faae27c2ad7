import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { memberText, quoteNumbers } from '../../src/event/exact-json.ts'
import { parseJson } from '../../src/event/parse-json.ts'
import { anyJson, anyJsonObject, writeJson, writingStyle } from '../support/json-text.ts'

test('a member’s text is a slice of the text that means what JSON.parse says', () => {
  fc.assert(
    fc.property(anyJsonObject(anyJson), writingStyle, (object, style) => {
      const text = writeJson(object, style)
      assert.deepEqual(parseJson(text), object)
      for (const name of ['data', ...Object.keys(object)]) {
        const slice = memberText(text, name)
        if (!Object.hasOwn(object, name)) {
          assert.equal(slice, undefined)
          continue
        }
        assert.ok(slice !== undefined && text.includes(slice))
        assert.equal(slice, slice.trim())
        assert.deepEqual(parseJson(slice), object[name])
      }
    }),
    { numRuns: 300 },
  )
})

test('a member’s text is exact', () => {
  const cases: [text: string, expected: string | undefined][] = [
    ['{"data":9007199254740993}', '9007199254740993'],
    ['{"data" :\n 1.50e-3 }', '1.50e-3'],
    ['{ "data": { "b":1, "a" : [ 2 ,3 ] } , "x":1}', '{ "b":1, "a" : [ 2 ,3 ] }'],
    ['{"data":1,"data":"two","x":0}', '"two"'],
    ['{"data":1,"d\\u0061ta":2}', '2'],
    ['{"d\\u0061ta":2,"data":1}', '1'],
    ['{"data\\u0000":1}', undefined],
    ['{"\\"data":1,"xdata":2,"DATA":3,"dat":4}', undefined],
    ['{"a":{"data":1},"b":["data",{"data":2}]}', undefined],
    ['{"a":"\\\\","data":"\\\\\\"","b":"\\""}', '"\\\\\\""'],
    ['{"a":"data","data":{"b":1}}', '{"b":1}'],
    ['{"data":{"b":1,"b":1}}', '{"b":1,"b":1}'],
    ['{"data":{"b":1},"data":{"b":1 }}', '{"b":1 }'],
    ['{"a":{"data":{"b":1}},"data":{"b":1.0}}', '{"b":1.0}'],
    ['{"data":{"2":0,"1":-0}}', '{"2":0,"1":-0}'],
    ['{"data":[9007199254740993]}', '[9007199254740993]'],
    ['{"data":{"data":[]}}', '{"data":[]}'],
    ['{"data":[1]}', '[1]'],
    ['{"data":null}', 'null'],
    ['{"data":""}', '""'],
    ['{"data":[]}', '[]'],
    ['{"data":"]}"}', '"]}"'],
    ['{}', undefined],
    [' { } ', undefined],
  ]
  for (const [text, expected] of cases) {
    parseJson(text)
    assert.equal(memberText(text, 'data'), expected, text)
  }
})

test('numbers are put in quotes as they are written, and nothing else changes', () => {
  const text = '{"a":-0.0,"1":[1e400,9007199254740993 , "2", "\\"3"],"b":true,"c":null}'
  const quoted = '{"a":"<-0.0>","1":["<1e400>","<9007199254740993>" , "2", "\\"3"],"b":true,"c":null}'
  assert.equal(
    quoteNumbers(text, number => `<${number}>`),
    quoted,
  )
  fc.assert(
    fc.property(anyJson, writingStyle, (value, style) => {
      const back = parseJson(quoteNumbers(writeJson(value, style), number => `\\ud800${number}`))
      assert.deepEqual(unquoted(back), value)
    }),
  )
})

function unquoted(value: unknown): unknown {
  if (typeof value === 'string') {
    return /^\ud800[-0-9]/.test(value) ? parseJson(value.slice(1)) : value
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unquoted)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unquoted(inner)]))
}

test('deep nesting and long runs of backslashes are read in one pass', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
  assert.equal(memberText(`{"x":${deep},"data":${deep}}`, 'data'), deep)
  const slashes = `"${'\\\\'.repeat(200_000)}${'\\"'.repeat(200_000)}"`
  assert.equal(memberText(`{"x":${slashes},"data":${slashes}}`, 'data'), slashes)
})
