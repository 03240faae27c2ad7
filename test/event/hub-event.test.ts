import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { glanceAtElement, type ParsedEvent, parseElement } from '../../src/event/hub-event.ts'
import { JsonArraySplitter } from '../../src/hub/json-array.ts'
import { anyJson, anyJsonObject, writeJson, writingStyle } from '../support/json-text.ts'

const MINIMAL = {
  _id: '000000000000000000000001',
  createdAt: '2026-08-17T09:15:42.123Z',
  type: 'repo.create',
}

const parse = (element: unknown) => parseText(JSON.stringify(element))
const parseText = (text: string) => parseElement({ bytes: Buffer.from(text) })

function reasonOf(element: unknown): string {
  const parsed = parse(element)
  return parsed.kind === 'poison' ? parsed.reason : 'event'
}

function eventOf(text: string): ParsedEvent {
  const parsed = parseText(text)
  assert.ok(parsed.kind === 'event')
  return parsed
}

test('invariant 8: three fields make an event, whatever else it holds', () => {
  assert.deepEqual(parse(MINIMAL), {
    kind: 'event',
    id: '000000000000000000000001',
    type: 'repo.create',
    createdAtMs: Date.UTC(2026, 7, 17, 9, 15, 42, 123),
    event: MINIMAL,
    text: JSON.stringify(MINIMAL),
  })
  fc.assert(
    fc.property(anyJsonObject(anyJson), writingStyle, (others, style) => {
      const text = writeJson({ ...others, ...MINIMAL }, style).trim()
      const parsed = eventOf(text)
      assert.equal(parsed.id, MINIMAL._id)
      assert.equal(parsed.text, text)
    }),
  )
})

test('invariant 8: poison is told by its first fault', () => {
  const cases: [element: unknown, reason: string][] = [
    [null, 'not_an_object'],
    [[], 'not_an_object'],
    [[MINIMAL], 'not_an_object'],
    ['text', 'not_an_object'],
    [7, 'not_an_object'],
    [true, 'not_an_object'],
    [{}, 'id_missing'],
    [{ ...MINIMAL, _id: undefined }, 'id_missing'],
    [{ ...MINIMAL, _id: null }, 'id_missing'],
    [{ ...MINIMAL, _id: 7 }, 'id_not_a_string'],
    [{ ...MINIMAL, _id: { $oid: '000000000000000000000001' } }, 'id_not_a_string'],
    [{ ...MINIMAL, _id: '' }, 'id_empty'],
    [{ ...MINIMAL, _id: 'a'.repeat(256) }, 'id_too_long'],
    [{ ...MINIMAL, _id: 'é'.repeat(128) }, 'id_too_long'],
    [{ ...MINIMAL, _id: 'a\ud800' }, 'id_not_unicode'],
    [{ ...MINIMAL, type: undefined }, 'type_missing'],
    [{ ...MINIMAL, type: ['repo.create'] }, 'type_not_a_string'],
    [{ ...MINIMAL, type: '' }, 'type_empty'],
    [{ ...MINIMAL, type: '😀'.repeat(64) }, 'type_too_long'],
    [{ ...MINIMAL, createdAt: undefined }, 'created_at_missing'],
    [{ ...MINIMAL, createdAt: null }, 'created_at_missing'],
    [{ ...MINIMAL, createdAt: 1755422142123 }, 'created_at_invalid'],
    [{ ...MINIMAL, createdAt: '' }, 'created_at_invalid'],
    [{ ...MINIMAL, createdAt: '2026-02-30T00:00:00Z' }, 'created_at_invalid'],
    [{ ...MINIMAL, createdAt: {} }, 'created_at_invalid'],
  ]
  for (const [element, reason] of cases) assert.equal(reasonOf(element), reason, JSON.stringify(element))
})

test('invariant 8: what is only unusual is no poison', () => {
  const cases: object[] = [
    { ...MINIMAL, _id: 'no-object-id' },
    { ...MINIMAL, _id: 'a'.repeat(255) },
    { ...MINIMAL, _id: 'é'.repeat(127) },
    { ...MINIMAL, _id: ' ' },
    { ...MINIMAL, type: 'later.invented' },
    { ...MINIMAL, author: 7, token: [], data: undefined, ip: {}, unknown: { deep: [] } },
  ]
  for (const element of cases) assert.equal(reasonOf(element), 'event', JSON.stringify(element))
})

test('a lone surrogate in the type becomes U+FFFD', () => {
  assert.equal(eventOf(JSON.stringify({ ...MINIMAL, type: 'repo.\udc00' })).type, 'repo.\ufffd')
})

test('of duplicate keys the last wins, also when it is written with escapes', () => {
  const text = '{"_id":"first","_id":"second","type":"a","createdAt":"2026-08-17T09:15:42Z","t\\u0079pe":"b"}'
  assert.equal(eventOf(text).id, 'second')
  assert.equal(eventOf(text).type, 'b')
})

test('__proto__ is a key like any other', () => {
  const inherited =
    '"__proto__":{"_id":"inherited","type":"x","createdAt":"2026-08-17T09:15:42Z","polluted":1}'
  assert.equal(parseText(`{${inherited}}`).kind, 'poison')
  const parsed = eventOf(`{${inherited},"_id":"own","type":"y","createdAt":"2026-08-17T09:15:42Z"}`)
  assert.equal(parsed.id, 'own')
  assert.equal(Object.getPrototypeOf(parsed.event), Object.prototype)
  assert.equal(({} as Record<string, unknown>).polluted, undefined)
})

test('bytes that are not UTF-8 are poison where the rest is JSON, and a broken body where it is not', () => {
  const bytes = (inner: Buffer) => Buffer.concat([Buffer.from('{"_id":"a","x":"'), inner, Buffer.from('"}')])
  for (const hex of ['ff', 'c3', 'c080', 'eda080', 'f8888080', '80']) {
    const parsed = parseElement({ bytes: bytes(Buffer.from(hex, 'hex')) })
    assert.equal(parsed.kind === 'poison' && parsed.reason, 'not_utf8', hex)
  }
  assert.throws(() => parseElement({ bytes: Buffer.from([0x7b, 0xff, 0x7d]) }), { code: 'HUB_BODY_BROKEN' })
})

test('invariant 5: text that is not JSON breaks the whole body, without quoting it', () => {
  for (const text of [
    '',
    '{',
    '{"a":1,}',
    "{'a':1}",
    '{"a":01}',
    'NaN',
    '\ufeff{}',
    '{"a":"\n"}',
    '{} {}',
    'hf_secret',
  ]) {
    assert.throws(
      () => parseText(text),
      (error: Error & { code?: string; retryable?: boolean }) =>
        error.code === 'HUB_BODY_BROKEN' && error.retryable === true && !error.message.includes('hf_secret'),
      JSON.stringify(text),
    )
  }
})

test('an element that was not kept whole is poison', () => {
  const oversize = { length: 5_000_000, sha256: Buffer.alloc(32) }
  const parsed = parseElement({ bytes: Buffer.from('{"_id":"a'), oversize })
  assert.deepEqual(parsed, {
    kind: 'poison',
    reason: 'too_long',
    detail: 'the element is 5000000 bytes long',
  })
})

test('nesting of 200,000 levels is an event', () => {
  const deep = `${'[{"a":'.repeat(100_000)}1${'}]'.repeat(100_000)}`
  assert.equal(eventOf(`{"data":${deep},${JSON.stringify(MINIMAL).slice(1)}`).id, MINIMAL._id)
})

test('what a glance takes for an event is the event that parsing finds', () => {
  const member = fc.tuple(
    fc.constantFrom('"_id"', '"type"', '"createdAt"', '"x"', '"typ\\u0065"'),
    fc.constantFrom(
      '"000000000000000000000001"',
      '"repo.create"',
      '"2026-08-17T09:15:42.123Z"',
      '"2026-08-17t09:15:42+02:00"',
      '"2026-02-30T00:00:00Z"',
      '""',
      'null',
      '"\\u0041"',
      '"é"',
      '{"type":"y"}',
      '"\xff"',
    ),
  )
  const minimal = Object.entries(MINIMAL).map(([key, value]) => `"${key}":"${value}"`)
  let seen = 0
  fc.assert(
    fc.property(
      fc.array(
        member.map(pair => pair.join(':')),
        { maxLength: 3 },
      ),
      fc.boolean(),
      (others, othersFirst) => {
        const members = othersFirst ? [...others, ...minimal] : [...minimal, ...others]
        const element = `{${members.join(',')}}`
        const splitter = new JsonArraySplitter()
        const [noted] = splitter.write(Buffer.from(`[${element}]`, 'latin1'))
        const glanced = glanceAtElement(noted!)
        if (glanced === undefined) return
        seen++
        const parsed = parseElement(noted!)
        assert.ok(parsed.kind === 'event', JSON.stringify(parsed))
        const { id, type, createdAtMs } = parsed
        assert.deepEqual(glanced, { id, type, createdAtMs })
      },
    ),
    { numRuns: 1000 },
  )
  assert.ok(seen > 100, 'the property was put to the test')
})
