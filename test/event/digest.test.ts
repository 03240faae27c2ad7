import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contentDigest } from '../../src/event/digest.ts'
import { parseJson } from '../../src/event/parse-json.ts'
import { anyJson, anyJsonObject, writeJson, writingStyle } from '../support/json-text.ts'

const digest = (text: string) => contentDigest(parseJson(text), text)

test('key order, white space and escapes do not change the digest', () => {
  fc.assert(
    fc.property(anyJsonObject(anyJson), writingStyle, writingStyle, (event, one, other) => {
      assert.equal(digest(writeJson(event, one)), digest(writeJson(event, other)))
    }),
    { numRuns: 200 },
  )
})

test('what the Hub rewrites does not change the digest, and nothing else is left out', () => {
  const event = {
    _id: 'a',
    author: { _id: 'b', user: 'example-user', avatarUrl: '/a.svg', type: 'user', deleted: false },
    token: { id: 'c', role: 'read', deleted: false },
    data: { author: { deleted: false, user: 'x' }, token: { deleted: false }, deleted: false },
  }
  const of = (changed: object) => digest(JSON.stringify({ ...event, ...changed }))
  const same = [
    { author: { _id: 'b', type: 'user' } },
    { author: { ...event.author, user: 'renamed', avatarUrl: 7, deleted: true } },
    { author: { ...event.author, user: { now: ['an', 'object', 2 ** 60] } } },
    { token: { id: 'c', role: 'read' } },
    { token: { ...event.token, deleted: true } },
  ]
  for (const changed of same) assert.equal(of(changed), of({}), JSON.stringify(changed))
  const other = [
    { _id: 'b' },
    { author: { ...event.author, _id: 'c' } },
    { author: { ...event.author, type: 'system' } },
    { author: { ...event.author, new: 1 } },
    { author: null },
    { author: {} },
    { author: [event.author] },
    { author: 'deleted' },
    { token: undefined },
    { token: { ...event.token, role: 'write' } },
    { token: { ...event.token, user: 'x' } },
    { data: { ...event.data, deleted: true } },
    { data: { ...event.data, author: { deleted: true, user: 'x' } } },
    { data: { ...event.data, author: { deleted: false, user: 'y' } } },
    { data: { ...event.data, token: {} } },
    { deleted: true },
  ]
  const digests = other.map(of)
  assert.equal(new Set([...digests, of({})]).size, other.length + 1)
})

test('two different contents have two digests', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(anyJson, { minLength: 2, maxLength: 12, selector: value => same(value) }),
      values => {
        const digests = values.map(value => digest(JSON.stringify({ data: value })))
        assert.equal(new Set(digests).size, values.length)
      },
    ),
    { numRuns: 200 },
  )
  // Alike, but not the same: by hand, because no generator is that mean.
  const alike = [
    '{}', '[]', 'null', '""', '0', 'false', 'true', '"0"', '"null"', '"false"', '{"":""}', '{"":{}}', '[""]',
    '[[]]', '[[],[]]', '[[[]]]', '[{}]', '{"0":[]}', '{"a":1,"b":2}', '{"a":2,"b":1}', '{"a":12}', '{"a1":2}',
    '{"a":{"b":1}}', '{"a":{"b":1,"c":2}}', '{"a":{"b":1},"c":2}', '{"b":{"a":1}}', '[1,2]', '[2,1]', '[12]',
    '["a","b"]', '["ab",""]', '["","ab"]', '["ab"]', '"\\u0000"', '"\\u0000\\u0000"', '"\\ud800"', '"\\ud801"',
    '"\\ufffd"', '"\\ud800#1"', '1', '"1"', '-1', '10', '100', '0.1', '0.01', '1e400', '1e401', '1e-400',
    '9007199254740992', '9007199254740993', '-9007199254740993', '9007199254740992.5', '12345678901234567890',
    '12345678901234567891', '1.0000000000000001', '1.00000000000000001', '[9007199254740993,9007199254740992]',
    '[9007199254740992,9007199254740993]', '{"a":9007199254740993,"b":9007199254740992}',
    '{"a":9007199254740992,"b":9007199254740993}', '1e999999999999999999999', '1e999999999999999999998',
    '{"__proto__":1}', '{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}',
  ] // biome-ignore format: several a line
  const digests = new Map<number, string>()
  for (const text of alike) {
    const number = digest(`{"data":${text}}`)
    assert.equal(digests.get(number), undefined, `${text} and ${digests.get(number)}`)
    digests.set(number, text)
  }
})

test('one decimal value written in two ways is one content, also beside a number that must be read exactly', () => {
  const spellings = [
    ['1', '1.0', '10e-1', '0.1E+1', '1.000000000000000000'],
    ['0', '-0', '0.0', '0e5', '0.0000000000000000000'],
    ['1500', '1.5e3', '15E2'],
    ['9007199254740993', '9007199254740993.0', '9.007199254740993e15', '90071992547409930e-1'],
  ]
  for (const spelling of spellings) {
    for (const beside of ['0', '9007199254740993', '"x:1e5"']) {
      const digests = spelling.map(number => digest(`{"a":[${number}],"b":${beside}}`))
      assert.equal(new Set(digests).size, 1, spelling.join(' '))
    }
  }
})

test('a long number in a field that the Hub rewrites leaves the digest of the others alone', () => {
  const text = (avatar: string) => `{"n":1.50,"m":[3,-2.5],"author":{"avatarUrl":${avatar}}}`
  assert.equal(digest(text('"/a.svg"')), digest(text('12345678901234567890')))
  assert.equal(digest(text('"/a.svg"')), digest(text('":1e5"')))
})

test('a digest is a whole number of 48 bits, never 0, and stays what it is', () => {
  fc.assert(
    fc.property(anyJsonObject(anyJson), event => {
      const number = digest(JSON.stringify(event))
      assert.ok(Number.isSafeInteger(number) && number > 0 && number < 2 ** 48)
    }),
  )
  // These are in every checkpoint: when they change, DIGEST_VERSION must.
  assert.equal(digest('{}'), 272663591723377)
  assert.equal(
    digest('{"_id":"a","n":1.5,"list":[true,null,"é\\ud800"],"author":{"user":"x","type":"user"}}'),
    200692767196271,
  )
  assert.equal(digest('{"n":9007199254740993}'), 207087494134282)
})

test('nesting of 200,000 levels has a digest', () => {
  const deep = (leaf: string) => `{"data":${'[{"a":'.repeat(100_000)}${leaf}${'}]'.repeat(100_000)}}`
  assert.equal(digest(deep('1')), digest(deep(' 1.0')))
  assert.notEqual(digest(deep('9007199254740992')), digest(deep('9007199254740993')))
})

/** Equal for equal contents whatever the key order. */
function same(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(same).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value === 0 ? 0 : value)
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([key, inner]) => `${JSON.stringify(key)}:${same(inner)}`).join()}}`
}
