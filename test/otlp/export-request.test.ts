import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { LoggerProvider, type ReadableLogRecord } from '@opentelemetry/sdk-logs'
import fc from 'fast-check'
import { createEncoder } from '../../src/otlp/encode.ts'
import { ExportRequestWriter } from '../../src/otlp/export-request.ts'
import { toLogRecord } from '../../src/otlp/log-record.ts'
import type { JournalEntry } from '../../src/ports.ts'
import { decodeExportRequest } from './support/decode.ts'
import { anyEntry, eventEntries, eventEntry } from './support/entries.ts'

const resource = resourceFromAttributes({ 'service.name': 'tést', 'service.version': '1', hosts: ['a', 'b'] })

/** What the SDK's own way from `emit` to bytes gives. */
function bySdk(entries: readonly JournalEntry[]): Buffer {
  const records: ReadableLogRecord[] = []
  const collector = {
    onEmit: (record: ReadableLogRecord) => void records.push(record),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
  const provider = new LoggerProvider({
    resource,
    processors: [collector],
    logRecordLimits: { attributeCountLimit: Number.POSITIVE_INFINITY },
  })
  const logger = provider.getLogger('hf-audit-connector', '1.2.3')
  for (const entry of entries) logger.emit(toLogRecord(entry))
  for (const record of records) assert.equal(record.droppedAttributesCount, 0)
  return Buffer.from(ProtobufLogsSerializer.serializeRequest(records)!)
}

const fractional = { srcLatitude: 48.5, srcLongitude: -0.25, dstLatitude: null, dstLongitude: null }

test('a request is byte for byte what the SDK makes of the same records', () => {
  const { encode } = createEncoder(resource, '1.2.3')
  fc.assert(
    fc.property(fc.array(anyEntry, { maxLength: 5 }), entries => {
      const comparable = entries.map(entry =>
        entry.stream === 'events' ? { ...entry, record: { ...entry.record, ...fractional } } : entry,
      )
      assert.deepEqual(encode(comparable), bySdk(comparable))
    }),
  )
})

test('lengths of one to four bytes, in any order, give the same bytes', () => {
  const { encode } = createEncoder(resource, '1.2.3')
  const lengths = [0, 1, 47, 48, 49, 127, 128, 16_383, 16_384, 2_097_152]
  const entries = lengths.flatMap((length, index) =>
    ['x', 'é'].map(unit =>
      eventEntry(index, { ...fractional, rawLog: unit.repeat(length), message: unit.repeat(length / 2) }),
    ),
  )
  assert.ok(encode(entries).equals(bySdk(entries)))
  assert.ok(encode(entries.toReversed()).equals(bySdk(entries.toReversed())))
})

test('no entries are the empty message', () => {
  assert.equal(createEncoder(resource, '1.2.3').encode([]).length, 0)
})

test('a request stays as it is while the next one is written', () => {
  const { encode } = createEncoder(resource, '1.2.3')
  const first = encode(eventEntries(3))
  const copy = Buffer.from(first)
  encode(eventEntries(5))
  assert.ok(first.equals(copy))
})

test('the memory of a finished request is used again, and what it held is gone', () => {
  const { encode, recycle } = createEncoder(resource, '1.2.3')
  const large = encode(eventEntries(100))
  recycle(large)
  const small = encode(eventEntries(2))
  assert.equal(small.buffer, large.buffer)
  assert.ok(small.equals(createEncoder(resource, '1.2.3').encode(eventEntries(2))))
  assert.notEqual(encode(eventEntries(2)).buffer, small.buffer)
})

test('a request that failed half-way leaves nothing in the next one', () => {
  const { encode } = createEncoder(resource, '1.2.3')
  const broken = eventEntry(2)
  Object.assign(broken.record, { chainHash: undefined })
  assert.throws(() => encode([eventEntry(1), broken]))
  assert.ok(encode(eventEntries(1)).equals(createEncoder(resource, '1.2.3').encode(eventEntries(1))))
})

test('a whole number of degrees stays a floating-point number', () => {
  const { encode } = createEncoder(resource, '1.2.3')
  const { records } = decodeExportRequest(encode([eventEntry(1, { srcLatitude: 52, srcLongitude: -0 })]))
  assert.deepEqual(records[0]!.attributes.get('geo.location.lat'), { double: 52 })
  assert.deepEqual(records[0]!.attributes.get('geo.location.lon'), { double: -0 })
  assert.deepEqual(records[0]!.attributes.get('huggingface.audit.src_as_number'), { int: 64_500n })
})

test('numbers, lists, maps and bytes of every kind are written as the SDK does', () => {
  const attributes = {
    negative: -1,
    large: Number.MIN_SAFE_INTEGER,
    fraction: 0.1,
    infinite: Number.POSITIVE_INFINITY,
    notANumber: Number.NaN,
    nothing: null,
    bytes: new Uint8Array([0, 255]),
    nested: { list: [1, 'a', [true, null], { é: 'x'.repeat(300) }], empty: {}, none: [] },
  }
  const records: ReadableLogRecord[] = []
  const writer = new ExportRequestWriter(resource, { name: 's', version: '' })
  writer.begin()
  const collector = {
    onEmit(record: ReadableLogRecord) {
      records.push(record)
      writer.add(record, attributes)
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
  new LoggerProvider({ resource, processors: [collector] }).getLogger('s').emit({ attributes })
  assert.deepEqual(writer.finish(), Buffer.from(ProtobufLogsSerializer.serializeRequest(records)!))
})
