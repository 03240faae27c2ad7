import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { confluentHeader, decodeValue, encodeValue } from '../../src/event/avro.ts'
import { cutToBytes, encodeWithin } from '../../src/event/fit.ts'
import type { AuditRecord } from '../../src/event/records.ts'
import { arbitraryRecord, wellFormed } from '../support/arbitrary-record.ts'

const HEADER = confluentHeader(1)
const SHA256 = Buffer.from('ab'.repeat(32), 'hex')
const fit = (record: AuditRecord, maxBytes: number) => encodeWithin(record, HEADER, maxBytes, SHA256, 123_456)

const small: AuditRecord = {
  ...fc.sample(arbitraryRecord('events'), { numRuns: 1, seed: 3 })[0]!,
  tags: { scope: 'repo' },
  actor: { id: 'a', user: 'example-user' },
  resources: ['example-org/model'],
  enrichments: [],
  rawLog: '{}',
  data: '{"a":1}',
}

const huge = fc.record({
  unit: fc.constantFrom('x', 'é', '😀', '\ud800'),
  length: fc.integer({ min: 0, max: 40_000 }),
})

test('a record of any size fits, and what was cut is named', () => {
  const texts = fc.record({
    message: huge,
    userAgent: huge,
    rawLog: huge,
    data: huge,
    user: huge,
    resource: huge,
  })
  fc.assert(
    fc.property(texts, fc.integer({ min: 10_000, max: 60_000 }), (sizes, maxBytes) => {
      const text = ({ unit, length }: { unit: string; length: number }) => unit.repeat(length)
      const record: AuditRecord = {
        ...small,
        message: text(sizes.message),
        userAgent: text(sizes.userAgent),
        rawLog: text(sizes.rawLog),
        data: text(sizes.data),
        actor: { id: 'a', user: text(sizes.user) },
        resources: ['first', text(sizes.resource)],
      }
      const value = fit(record, maxBytes)
      assert.ok(value.length <= maxBytes)
      assertCutRightly(wellFormed(record), decodeValue('events', value))
    }),
    { numRuns: 100 },
  )
})

function assertCutRightly(before: AuditRecord, after: AuditRecord): void {
  const truncated = new Set((after.tags.truncated ?? '').split(',').filter(name => name !== ''))
  const check = (name: string, was: string, is: string) => {
    assert.ok(was.startsWith(is) && is.isWellFormed(), name)
    if (name !== 'resources') assert.equal(truncated.has(name), was !== is, name)
  }
  check('message', before.message, after.message)
  check('userAgent', before.userAgent!, after.userAgent!)
  check('actor.user', before.actor.user!, after.actor.user!)
  check('resources', before.resources[1]!, after.resources[1]!)
  assert.equal(truncated.has('resources'), before.resources[1] !== after.resources[1])
  assert.equal(after.resources[0], 'first')
  assert.equal(after.id, before.id)
  assert.deepEqual(after.chainHash, before.chainHash)
  if (after.tags.rawLogBytes === undefined) assert.deepEqual(after, before)
  else assert.deepEqual([after.rawLog, after.data], ['', null])
}

test('a record that fits to the byte is left alone; one byte less costs its raw text, and nothing else', () => {
  const whole = encodeValue('events', HEADER, small)
  assert.deepEqual(fit(small, whole.length), whole)
  const raw = { ...small, rawLog: 'x'.repeat(2_000) }
  const { length } = encodeValue('events', HEADER, raw)
  assert.deepEqual(decodeValue('events', fit(raw, length - 1)), {
    ...wellFormed(small),
    rawLog: '',
    data: null,
    tags: { scope: 'repo', rawLogBytes: '123456', rawLogSHA256: 'ab'.repeat(32) },
  })
})

test('the longest texts are cut to one length, and no more than needed', () => {
  const record = {
    ...small,
    rawLog: '',
    message: 'm'.repeat(50_000),
    userAgent: 'u'.repeat(30_000),
    oauthName: 'o'.repeat(500),
  }
  const after = decodeValue('events', fit(record, 20_000))
  assert.equal(after.tags.truncated, 'message,userAgent')
  assert.equal(after.message.length, after.userAgent!.length)
  assert.equal(after.oauthName, record.oauthName)
  assert.ok(fit(record, 20_000).length > 19_500)
})

test('the record that was handed in is not changed', () => {
  const record = { ...small, message: 'm'.repeat(50_000), resources: ['r'.repeat(50_000)] }
  const copy = structuredClone({ ...record, chainHash: undefined })
  fit(record, 10_000)
  assert.deepEqual({ ...record, chainHash: undefined }, copy)
})

test('the greatest record there can be fits into 10,000 bytes', () => {
  const long = 'ü'.repeat(50_000)
  const cuttable = Object.fromEntries(
    Object.entries(small).map(([name, value]) => [name, typeof value === 'string' ? long : value]),
  ) as unknown as AuditRecord
  const name = 'n'.repeat(255)
  const record: AuditRecord = {
    ...cuttable,
    ...{
      workspaceID: 'w'.repeat(255),
      sourceID: small.id,
      sourceType: 'huggingface',
      id: small.id,
      serviceName: '',
    },
    ...{
      eventName: name,
      eventID: name,
      eventType: name,
      auditID: name,
      organization: name,
      severity: 'INFO',
    },
    srcASCountryCode: null,
    srcConnectionType: null,
    srcUserType: null,
    ...{
      dstIP: null,
      dstASCountryCode: null,
      dstASOrganization: null,
      dstCity: null,
      dstConnectionType: null,
    },
    ...{ dstISP: null, dstUserType: null },
    resources: Array.from({ length: 100 }, () => long),
    tags: { scope: name, action: name, malformed: 'm'.repeat(400) },
    actor: { id: long, user: long, type: long, deleted: 'true', avatarUrl: long },
    enrichments: [
      { data: { city: long, country: long }, name: 'geo', provider: 'p', type: 't', value: '192.0.2.1' },
    ],
  }
  assert.ok(fit(record, 10_000).length <= 10_000)
  assert.throws(() => fit(record, 1_000), RangeError)
})

test('a text is cut between characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 40 }), (text, maxBytes) => {
      const cut = cutToBytes(text, maxBytes)
      assert.ok(text.startsWith(cut) && cut.isWellFormed() && Buffer.byteLength(cut) <= maxBytes)
      const next = [...text.slice(cut.length)][0]
      if (next !== undefined) assert.ok(Buffer.byteLength(cut + next) > maxBytes)
    }),
  )
})
