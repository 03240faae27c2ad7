import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  confluentHeader,
  decodeValue,
  encodeValue,
  framingOf,
  schemaText,
  singleObjectHeader,
} from '../../src/event/avro.ts'
import type { AuditRecord, StreamName, StreamRecords } from '../../src/event/records.ts'
import { arbitraryRecord, wellFormed } from '../support/arbitrary-record.ts'

const STREAMS: StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']

function anyRecord<S extends StreamName>(stream: S): StreamRecords[S] {
  return fc.sample(arbitraryRecord(stream), { numRuns: 1, seed: 7 })[0]!
}

for (const stream of STREAMS) {
  test(`any record of ${stream} comes back from both framings as it went in, its strings well-formed`, () => {
    const headers = [singleObjectHeader(stream), confluentHeader(7)]
    fc.assert(
      fc.property(arbitraryRecord(stream), fc.constantFrom(...headers), (record, header) => {
        assert.deepEqual(decodeValue(stream, encodeValue(stream, header, record)), wellFormed(record))
      }),
      { numRuns: 60 },
    )
  })
}

test('any JSON string round-trips as toWellFormed, of any length and in a map key too', () => {
  const header = confluentHeader(1)
  const record = anyRecord('events')
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 80 }).map(u => String.fromCharCode(...u)),
    fc.constantFrom('\ud800', 'a\udc00b', '\ud83d\ude00\ud83d', 'é'.repeat(64), '\ud800'.repeat(30), ''),
  )
  fc.assert(
    fc.property(text, value => {
      const sent = {
        ...record,
        message: value,
        data: value,
        resources: [value],
        tags: { [`k${value}`]: value },
      }
      const back = decodeValue('events', encodeValue('events', header, sent))
      const expected = value.toWellFormed()
      assert.equal(back.message, expected)
      assert.equal(back.data, expected)
      assert.deepEqual(back.resources, [expected])
      assert.deepEqual(back.tags, { [`k${expected}`]: expected })
    }),
  )
})

test('encoded values keep their bytes while others are encoded, whatever their lengths', () => {
  const header = singleObjectHeader('events')
  const record = anyRecord('events')
  const kept = [10, 300_000, 40_000, 70_000, 1, 260_000, 262_000].flatMap((length, index) => {
    const sent = { ...record, rawLog: String(index).repeat(length), sequence: index }
    return Array.from({ length: 9 }, () => ({ sent, value: encodeValue('events', header, sent) }))
  })
  for (const { sent, value } of kept) assert.deepEqual(decodeValue('events', value), wellFormed(sent))
})

test('an encoded value is plain data after decoding: JSON can hold it and no class shows', () => {
  const sent: AuditRecord = {
    ...anyRecord('events'),
    enrichments: [
      { data: { city: 'Exampleton' }, name: 'geo', provider: 'example', type: 'city', value: 'x' },
    ],
  }
  const back = decodeValue('events', encodeValue('events', confluentHeader(1), sent))
  assert.equal(Object.getPrototypeOf(back), Object.prototype)
  assert.equal(Object.getPrototypeOf(back.enrichments[0]), Object.prototype)
  assert.ok(Buffer.isBuffer(back.chainHash))
  assert.deepEqual(JSON.parse(JSON.stringify(back)).enrichments, sent.enrichments)
})

test('a record that does not fit its schema is refused, and the next one is encoded as if nothing had been', () => {
  const record = anyRecord('findings')
  const broken = { ...record, message: 5 } as unknown as typeof record
  assert.throws(() => encodeValue('findings', confluentHeader(1), broken), /invalid "string"/)
  assert.deepEqual(
    decodeValue('findings', encodeValue('findings', confluentHeader(1), record)),
    wellFormed(record),
  )
})

test('headers are laid out as the two formats say', () => {
  assert.equal(confluentHeader(258).toString('hex'), '0000000102')
  assert.deepEqual(framingOf(confluentHeader(258)), { kind: 'confluent', schemaId: 258 })
  for (const stream of STREAMS) {
    const header = singleObjectHeader(stream)
    assert.equal(header.length, 10)
    assert.equal(header.subarray(0, 2).toString('hex'), 'c301')
    const framing = framingOf(header)
    assert.ok(framing.kind === 'single-object')
    assert.equal(header.readBigUInt64LE(2).toString(16).padStart(16, '0'), framing.fingerprint)
  }
})

test('values that are not ours are refused with words', () => {
  const not = (value: Buffer, words: RegExp, code = 'JOURNAL_FOREIGN') =>
    assert.throws(() => decodeValue('events', value), { code, message: words })
  not(Buffer.from(''), /is empty/)
  not(Buffer.from('{"a":1}'), /begins with 7b2261223a317d/)
  not(Buffer.from('c30100', 'hex'), /begins with c30100/)
  not(Buffer.from('00000001', 'hex'), /begins with 00000001/)
  const ledgerEntry = encodeValue('ledger', singleObjectHeader('ledger'), anyRecord('ledger'))
  not(ledgerEntry, /is a value of ledger, which does not belong among events/)
  const framed = encodeValue('ledger', confluentHeader(1), anyRecord('ledger'))
  assert.throws(() => decodeValue('events', framed, schemaText('ledger')), { code: 'JOURNAL_FOREIGN' })
  not(
    Buffer.from('c3010011223344556677', 'hex'),
    /schema 7766554433221100, which this release does not know/,
    'JOURNAL_MISMATCH',
  )
  const value = encodeValue('events', confluentHeader(1), anyRecord('events'))
  not(value.subarray(0, -1), /not what its schema says/)
  not(Buffer.concat([value, Buffer.from([0])]), /not what its schema says/)
  assert.throws(() => decodeValue('events', value, '{"type":"record"'), { code: 'JOURNAL_MISMATCH' })
  assert.throws(() => decodeValue('events', value, '"string"'), { code: 'JOURNAL_MISMATCH' })
})

test('a value of an older schema, without our columns, is read with their defaults', async () => {
  const { default: avsc } = await import('avsc')
  const older = JSON.parse(schemaText('events'))
  older.fields = older.fields.slice(0, 51)
  const record = wellFormed(anyRecord('events'))
  const body = avsc.Type.forSchema(older).toBuffer(record)
  const back = decodeValue('events', Buffer.concat([confluentHeader(1), body]), JSON.stringify(older))
  assert.deepEqual(back, {
    ...record,
    organization: '',
    sequence: 0,
    chainHash: Buffer.alloc(32),
    userAgent: null,
    oauthClientID: null,
    oauthName: null,
    authorDeleted: null,
    data: null,
    severity: 'INFO',
    ocsfClassUID: 6003,
    ocsfActivityID: 99,
  })
  assert.equal(Object.getPrototypeOf(back), Object.prototype)
})

test('a value of a newer schema is read without its new column, and its new enum symbol as the default', async () => {
  const { default: avsc } = await import('avsc')
  const newer = JSON.parse(schemaText('findings'))
  newer.fields.splice(2, 0, { name: 'later', type: 'string', default: '' })
  newer.fields.find((field: { name: string }) => field.name === 'kind').type.symbols.push('LATER')
  const record = anyRecord('findings')
  const body = avsc.Type.forSchema(newer).toBuffer({ ...wellFormed(record), later: 'x', kind: 'LATER' })
  const back = decodeValue('findings', Buffer.concat([confluentHeader(1), body]), JSON.stringify(newer))
  assert.deepEqual(back, { ...wellFormed(record), kind: 'UNKNOWN' })
})

test('the text for a registry keeps what the parsing canonical form drops', () => {
  const fields: { name: string; type: unknown; default?: unknown; doc?: string }[] = JSON.parse(
    schemaText('events'),
  ).fields
  const field = (name: string) => fields.find(candidate => candidate.name === name)
  assert.deepEqual(field('receivedAt')?.type, { type: 'long', logicalType: 'timestamp-millis' })
  assert.equal(field('ocsfClassUID')?.default, 6003)
  assert.equal(typeof field('data')?.doc, 'string')
  assert.ok(!schemaText('events').includes('\n'))
})
