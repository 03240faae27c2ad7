import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../../src/errors.ts'
import type { TextRange } from '../../src/event/export.ts'
import { KEPT_OVERSIZE_BYTES, MAX_ELEMENT_BYTES } from '../../src/hub/element-buffer.ts'
import { JsonArraySplitter, MAX_NAME_BYTES, MAX_NESTING, splitJsonArray } from '../../src/hub/json-array.ts'

interface Found {
  readonly bytes: Buffer
  readonly id: string | undefined
  readonly type?: TextRange | undefined
  readonly createdAt?: TextRange | undefined
  readonly oversize?: { readonly length: number; readonly sha256: Buffer }
}

/** Splits as a reader would: each element is copied before the next step. */
function split(body: Buffer, chunkLengths: readonly number[] = []): Found[] {
  const splitter = new JsonArraySplitter()
  const found: Found[] = []
  let start = 0
  for (let i = 0; start < body.length; i++) {
    const length = chunkLengths.length === 0 ? body.length : chunkLengths[i % chunkLengths.length]!
    // A copy of its own: an element must not reach outside its chunk.
    const chunk = Buffer.from(body.subarray(start, start + length))
    found.push(...splitter.write(chunk).map(element => ({ ...element, bytes: Buffer.from(element.bytes) })))
    start += length
  }
  splitter.end()
  return found
}

function textAt(bytes: Buffer, range: TextRange | undefined): string | undefined {
  return range === undefined ? undefined : bytes.toString('utf8', range.start, range.end)
}

function isBroken(error: unknown): boolean {
  return error instanceof ConnectorError && error.code === 'HUB_BODY_BROKEN' && error.retryable
}

const chunkLengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 })
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('_id', '\\', '"', '', '\u0000', '[{', '\u2028'),
)
const scalar = fc.oneof(
  text.map(value => JSON.stringify(value)),
  fc.double({ noDefaultInfinity: true, noNaN: true }).map(value => JSON.stringify(value)),
  fc.constantFrom(
    '0',
    '-0',
    '1e5',
    '1E+5',
    '-1.50e-07',
    '12345678901234567890',
    'true',
    'false',
    'null',
    '"\\u005fid"',
    '"\\ud800"',
    '"\\/"',
  ),
)

/** JSON texts with white space wherever it is allowed. */
const { json } = fc.letrec<{ json: string; array: string; object: string }>(tie => ({
  json: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: fc
    .tuple(fc.array(fc.tuple(space, tie('json'), space), { maxLength: 4 }), space)
    .map(
      ([items, inside]) => `[${items.length === 0 ? inside : items.map(item => item.join('')).join(',')}]`,
    ),
  object: fc
    .tuple(
      fc.array(
        fc.tuple(
          space,
          fc.oneof(
            text.map(key => JSON.stringify(key)),
            fc.constantFrom('"_id"', '"_i\\u0064"', '"type"', '"createdAt"'),
          ),
          space,
          space,
          tie('json'),
          space,
        ),
        { maxLength: 5 },
      ),
      space,
    )
    .map(([members, inside]) => {
      const inner = members.map(([a, key, b, c, value, d]) => `${a}${key}${b}:${c}${value}${d}`)
      return `{${members.length === 0 ? inside : inner.join(',')}}`
    }),
}))
const elementsWithSpace = fc.array(fc.tuple(space, json, space), { maxLength: 6 })

function bodyOf(elements: readonly (readonly [string, string, string])[], before = '', after = ''): Buffer {
  return Buffer.from(`${before}[${elements.map(parts => parts.join('')).join(',')}]${after}`)
}

test('any array in any chunks gives the exact bytes of its elements', () => {
  fc.assert(
    fc.property(
      elementsWithSpace,
      space,
      space,
      fc.boolean(),
      chunkLengths,
      (elements, before, after, bom, lengths) => {
        const body = bodyOf(elements, (bom ? '\ufeff' : '') + before, after)
        const found = split(body, lengths)
        assert.deepEqual(
          found.map(element => element.bytes.toString()),
          elements.map(([, value]) => Buffer.from(value).toString()),
        )
      },
    ),
  )
})

test('an id that is told is what JSON.parse finds, whatever the chunks', () => {
  fc.assert(
    fc.property(elementsWithSpace, chunkLengths, (elements, lengths) => {
      const body = bodyOf(elements)
      const found = split(body, lengths)
      assert.deepEqual(
        found.map(element => element.id),
        split(body).map(element => element.id),
      )
      for (const { bytes, id, type, createdAt } of found) {
        const parsed = JSON.parse(bytes.toString())
        if (id !== undefined) assert.equal(parsed._id, id)
        if (type !== undefined) assert.equal(parsed.type, textAt(bytes, type))
        if (createdAt !== undefined) assert.equal(parsed.createdAt, textAt(bytes, createdAt))
      }
    }),
  )
})

test('every plain ASCII id is told', () => {
  const key = fc.string({ unit: fc.constantFrom('a', '_', 'i', 'd', 'é', ' ', '{', ']') })
  fc.assert(
    fc.property(
      fc.stringMatching(/^[!#-[\]-~]{1,40}$/),
      fc.dictionary(key, fc.jsonValue()),
      chunkLengths,
      (id, rest, lengths) => {
        const { _id: _, ...others } = rest as Record<string, unknown>
        const element = { ...others, nested: { _id: 'inner' }, _id: id, list: [{ _id: 'inner' }] }
        assert.equal(split(Buffer.from(JSON.stringify([element, 1])), lengths)[0]!.id, id)
      },
    ),
  )
})

test('where type and createdAt stand is noted, as the id is', () => {
  const noted = (elements: string, lengths: number[] = []) =>
    split(Buffer.from(`[${elements}]`), lengths).map(({ bytes, id, type, createdAt }) => [
      id,
      textAt(bytes, type),
      textAt(bytes, createdAt),
    ])
  const event = '{"_id":"a","type":"repo.create", "createdAt" :\t"2026-11-20T00:00:00Z"}'
  const whole = ['a', 'repo.create', '2026-11-20T00:00:00Z']
  assert.deepEqual(noted(` ${event} , ${event}`), [whole, whole])
  const inPieces = noted(`${event},${event}`, [event.length + 20])
  assert.deepEqual(inPieces, [whole, ['a', undefined, undefined]], 'one that came in pieces is parsed')
  assert.deepEqual(noted(event, [1]), [['a', undefined, undefined]])
  assert.deepEqual(noted('{"type":"x","data":{"type":"y","createdAt":"z"}}'), [[undefined, 'x', undefined]])
  assert.deepEqual(
    noted('{"type":"x","type":null,"_id":"a"}'),
    [['a', undefined, undefined]],
    'the last counts',
  )
  assert.deepEqual(noted('{"type":["y"],"type":"x"}'), [[undefined, 'x', undefined]])
  assert.deepEqual(noted('{"type":"x","type":["y"]}'), [[undefined, undefined, undefined]])
  assert.deepEqual(noted('{"createdAt":"t","cre\\u0061tedAt":5}'), [[undefined, undefined, undefined]])
  assert.deepEqual(noted('{"type":"","createdAt":"a\\n"}'), [[undefined, undefined, undefined]])
  assert.deepEqual(noted('{"createdAT":"t","typo":"x","creaTedAt":"x"}'), [[undefined, undefined, undefined]])
  assert.deepEqual(
    noted('{"type":"x"},{"_id":"b"}'),
    [
      [undefined, 'x', undefined],
      ['b', undefined, undefined],
    ],
    'none is taken from the element before',
  )
})

test('the id of special forms', () => {
  const idOf = (element: string): string | undefined => split(Buffer.from(`[${element}]`))[0]!.id
  assert.equal(idOf('{"_id":"a","_id":"b"}'), 'b', 'the last wins')
  assert.equal(idOf('{"_id":"a","_id":1}'), undefined, 'the last is no string')
  assert.equal(idOf('{"_id":"a","_id":{"_id":"x"}}'), undefined)
  assert.equal(idOf('{"_id":["x"],"_id":"b"}'), 'b')
  assert.equal(idOf('{"_id":"a","_i\\u0064":"b"}'), undefined, 'a key with an escape may be _id')
  assert.equal(idOf('{"x\\n":1,"_id":"b"}'), undefined)
  assert.equal(idOf('{"_id":"a\\n"}'), undefined, 'an escape in the value')
  assert.equal(idOf('{"_id":"é"}'), undefined, 'not ASCII')
  assert.equal(idOf('{"_id":""}'), undefined, 'empty')
  assert.equal(idOf('{"_id":null}'), undefined)
  assert.equal(idOf('{"x":"_id","y":"b"}'), undefined, 'a value is no key')
  assert.equal(idOf('{"data":{"_id":"b"}}'), undefined, 'deeper')
  assert.equal(idOf('["_id","b"]'), undefined)
  assert.equal(idOf('[{"_id":"b"}]'), undefined)
  assert.equal(idOf('"_id"'), undefined)
  assert.equal(idOf('{"_id" :\t"b"}'), 'b')
  assert.equal(idOf(`{"_id":"${'x'.repeat(MAX_NAME_BYTES)}"}`), 'x'.repeat(MAX_NAME_BYTES))
  assert.equal(idOf(`{"_id":"${'x'.repeat(MAX_NAME_BYTES + 1)}"}`), undefined, 'too long to be one')
  assert.deepEqual(
    split(Buffer.from('[{"_id":"a"},{"x":1},{"_id":"c"}]'), [1]).map(e => e.id),
    ['a', undefined, 'c'],
  )
})

test('every proper prefix of an array is refused', () => {
  fc.assert(
    fc.property(elementsWithSpace, chunkLengths, (elements, lengths) => {
      const body = bodyOf(elements)
      for (let length = 0; length < body.length; length++) {
        assert.throws(() => split(body.subarray(0, length), lengths), isBroken)
      }
    }),
    { numRuns: 15 },
  )
})

/**
 * There is only one way to read a text as JSON values with commas between. (Comparing what JSON.parse makes of the whole
 * and of the parts would not do: V8 confuses the keys "\\" and "\u0000" when it saw a like object before.)
 */
function assertIsArrayOf(text: string, elements: readonly string[]): void {
  let end = 0
  for (const [i, element] of elements.entries()) {
    JSON.parse(element)
    const start = text.indexOf(element, end)
    assert.match(text.slice(end, start), i === 0 ? /^[ \t\r\n]*\[[ \t\r\n]*$/ : /^[ \t\r\n]*,[ \t\r\n]*$/)
    end = start + element.length
  }
  assert.match(
    text.slice(end),
    elements.length === 0 ? /^[ \t\r\n]*\[[ \t\r\n]*\][ \t\r\n]*$/ : /^[ \t\r\n]*\][ \t\r\n]*$/,
  )
}

test('a changed byte is refused exactly when JSON.parse refuses it', () => {
  fc.assert(
    fc.property(
      elementsWithSpace,
      fc.nat(),
      fc.integer({ min: 0, max: 255 }),
      chunkLengths,
      (elements, where, byte, lengths) => {
        const body = bodyOf(elements)
        body[where % body.length] = byte
        let found: Found[]
        try {
          found = split(body, lengths)
        } catch (error) {
          assert.ok(isBroken(error), String(error))
          // latin1: whether strings are UTF-8 is not the splitter's business.
          assert.throws(() => assert.ok(Array.isArray(JSON.parse(body.toString('latin1')))))
          return
        }
        const text = body.toString('latin1')
        assert.equal(JSON.parse(text).length, found.length)
        assertIsArrayOf(
          text,
          found.map(element => element.bytes.toString('latin1')),
        )
      },
    ),
    { numRuns: 1000 },
  )
})

const BROKEN = [
  '',
  ' ',
  '\ufeff',
  '{}',
  '{"a":[]}',
  '"x"',
  'null',
  '1',
  '<html>',
  ']',
  '[',
  '[1',
  '[1,',
  '[1,]',
  '[,1]',
  '[1,,2]',
  '[1 2]',
  '[1]x',
  '[1],',
  '[1][2]',
  '[1]]',
  '[{]}',
  '[[}]',
  '[(]',
  '[{"a":1]',
  '[{"a":1}',
  '[{"a"}]',
  '[{"a":}]',
  '[{"a":1,}]',
  '[{,}]',
  '[{"a":1 "b":2}]',
  '[{"a" 1}]',
  '[{a:1}]',
  '[{1:1}]',
  '[{"a":1}{"b":2}]',
  '["]',
  '["a]',
  '["\n"]',
  '["\u0000"]',
  '["\\x"]',
  '["\\u12g4"]',
  '["\\"]',
  '[nul]',
  '[nulll]',
  '[nul l]',
  '[True]',
  '[tru',
  '[01]',
  '[+1]',
  '[-]',
  '[1.]',
  '[.5]',
  '[1e]',
  '[1e+]',
  '[-01]',
  '[0x1]',
  '[NaN]',
  '[Infinity]',
  "['a']",
  '[1;2]',
  '[\u00a01]',
  '[\v1]',
  '[\f1]',
  '[1\u00a0]',
  ' \ufeff[]',
  '\ufeff\ufeff[]',
  '[\ufeff1]',
  '[/* */1]',
  '[undefined]',
  '[1]\u0000',
  '[--1]',
  '[1-]',
  '[1e5.5]',
  '[true false]',
  '[truefalse]',
]
test('what is not one complete array is refused', () => {
  for (const body of BROKEN) {
    for (const lengths of [[], [1], [2]])
      assert.throws(() => split(Buffer.from(body), lengths), isBroken, JSON.stringify(body))
  }
})

test('the error tells the place and never the content', () => {
  const secret = 'confidential'
  const body = Buffer.from(`[{"_id":"a"},{"message":"${secret}"} "${secret}"]`)
  assert.throws(
    () => split(body, [7]),
    (error: Error) => {
      assert.match(
        error.message,
        /'"' where ',' or the closing bracket should come \(byte 40, after 2 whole elements\)/,
      )
      assert.ok(!error.message.includes('conf'))
      return true
    },
  )
  assert.throws(() => split(Buffer.from('<!DOCTYPE html><title>Log in</title>')), /web page/)
  assert.throws(() => split(Buffer.from('{"error":"x"}')), /JSON object/)
  assert.throws(() => split(Buffer.from('')), /it is empty/)
  assert.throws(() => split(Buffer.from('[{"a":"b')), /breaks off/)
})

test('elements that cross chunks stay whole beside each other', () => {
  // Two elements a chunk, each of which begins in one chunk and ends in the next.
  const elements = Array.from({ length: 200 }, (_, i) => JSON.stringify({ _id: `id${i}`, x: 'y'.repeat(i) }))
  const found = split(Buffer.from(`[${elements}]`), [97])
  assert.deepEqual(
    found.map(element => element.bytes.toString()),
    elements,
  )
})

test('deep nesting is an element like others, up to a limit', () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000)
  assert.equal(split(Buffer.from(`[${deep}]`), [65_536])[0]!.bytes.length, deep.length)
  assert.throws(() => split(Buffer.alloc(MAX_NESTING + 1, '[')), /nest deeper than 1000000/)
})

test('of an element that is too long only the head and a hash are kept', () => {
  const long = Buffer.from(`{"_id":"long","x":"${'é'.repeat(MAX_ELEMENT_BYTES / 2)}"}`)
  const body = Buffer.concat([Buffer.from('[{"_id":"a"},'), long, Buffer.from(',{"_id":"b"}]')])
  for (const lengths of [[1_000_003], []]) {
    const found = split(body, lengths)
    assert.deepEqual(
      found.map(element => element.id),
      ['a', 'long', 'b'],
    )
    const { bytes, oversize } = found[1]!
    assert.ok(bytes.equals(long.subarray(0, KEPT_OVERSIZE_BYTES)))
    assert.equal(oversize?.length, long.length)
    assert.ok(oversize?.sha256.equals(createHash('sha256').update(long).digest()))
    assert.equal(found[0]!.oversize, undefined)
    assert.equal(found[2]!.oversize, undefined)
  }
  const justFits = Buffer.concat([
    Buffer.from('["'),
    Buffer.alloc(MAX_ELEMENT_BYTES - 2, 'x'),
    Buffer.from('"]'),
  ])
  const [kept] = split(justFits, [1_000_003])
  assert.equal(kept!.oversize, undefined)
  assert.equal(kept!.bytes.length, MAX_ELEMENT_BYTES)
})

test('splitJsonArray ends when the array was complete, and throws when it was not', async () => {
  async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
    for (const piece of texts) yield Buffer.from(piece)
  }
  async function read(...texts: string[]): Promise<string[]> {
    const found: string[] = []
    for await (const elements of splitJsonArray(chunks(...texts))) {
      found.push(...elements.map(element => element.bytes.toString()))
    }
    return found
  }
  assert.deepEqual(await read('[1,', '', '2', '3,"', 'x"', ']', '\n'), ['1', '23', '"x"'])
  await assert.rejects(read('[1,', '2'), isBroken)
  await assert.rejects(read(), isBroken)
})
