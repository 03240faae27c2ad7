import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRecord } from '../../src/kafka/fast-record-decoder.ts'
import { crc32c, encodeRecord, installFastRecords, type RecordInput } from '../../src/kafka/fast-records.ts'

const require = createRequire(import.meta.url)
const kafkajsRecord = require('kafkajs/src/protocol/recordBatch/record/v0')
const kafkajsRecordDecoder = require('kafkajs/src/protocol/recordBatch/record/v0/decoder')
const KafkajsDecoder = require('kafkajs/src/protocol/decoder')
const kafkajsCrc = require('kafkajs/src/protocol/recordBatch/crc32C')

const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
const value = fc.oneof(bytes, fc.string({ unit: 'grapheme' }))

test('a record has the bytes that kafkajs gives it', () => {
  const input = fc.record({
    offsetDelta: fc.nat(),
    timestampDelta: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    key: fc.option(bytes, { nil: null }),
    value: fc.option(value, { nil: null }),
    headers: fc.dictionary(fc.string({ unit: 'grapheme', minLength: 1 }), fc.oneof(value, fc.array(value))),
  })
  fc.assert(
    fc.property(input, (record: RecordInput) => {
      assert.ok(encodeRecord(record).buffer.equals(kafkajsRecord(record).buffer))
    }),
  )
})

test('a record is decoded as kafkajs decodes it', () => {
  // kafkajs takes what every object inherits for earlier headers of that name; ours does not.
  const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter(text => !(text in {}))
  const headers = fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 1 })), {
    noNullPrototype: true,
  })
  const input = fc.record({
    offsetDelta: fc.nat(),
    timestampDelta: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    key: fc.option(bytes, { nil: null }),
    value: fc.option(bytes, { nil: null }),
    headers,
  })
  const timestampType = fc.constantFrom(0, 1)
  fc.assert(
    fc.property(input, fc.nat(), timestampType, fc.boolean(), (record, offset, type, isControlBatch) => {
      const context = {
        firstOffset: String(offset),
        firstTimestamp: '1795219200000',
        maxTimestamp: '1795219299999',
        magicByte: 2,
        timestampType: type,
        isControlBatch,
      }
      const body = new KafkajsDecoder(kafkajsRecord(record).buffer).readVarIntBytes()
      const ours = decodeRecord(new KafkajsDecoder(body), context)
      assert.deepEqual(
        { ...ours, headers: ours.headers },
        kafkajsRecordDecoder(new KafkajsDecoder(body), context),
      )
    }),
  )
})

test('headers called like what every object has are headers like others', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const record = encodeRecord({ value: null, headers: { [name]: Buffer.from('1') } })
    const body = new KafkajsDecoder(record.buffer).readVarIntBytes()
    const { headers } = decodeRecord(new KafkajsDecoder(body), {})
    assert.deepEqual(Object.entries(headers), [[name, Buffer.from('1')]])
  }
})

test('CRC-32C gives the check value of its definition and what kafkajs gives', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  fc.assert(fc.property(bytes, buffer => assert.equal(crc32c(buffer), kafkajsCrc(buffer))))
})

test('this version of kafkajs takes them', () => {
  assert.equal(installFastRecords(), true)
})
