import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'
import { decodeRecord, type RecordSource } from './fast-record-decoder.ts'

/*
 * kafkajs makes a buffer of 512 bytes for every record and every header of it, and takes the CRC-32C byte by byte: of
 * the 100,000 records of a backfill that is more than half of the time on Kafka's side. These functions give the
 * same with a third of the work. They are put in the place of its own before the first record is sent, and only
 * if they give what its own give: with another version of kafkajs that fails, everything works as before, slower.
 */

const RECORD_MODULE = 'kafkajs/src/protocol/recordBatch/record/v0'
const RECORD_DECODER_MODULE = 'kafkajs/src/protocol/recordBatch/record/v0/decoder'
const DECODER_MODULE = 'kafkajs/src/protocol/decoder'
const CRC_MODULE = 'kafkajs/src/protocol/recordBatch/crc32C'

/** What kafkajs's record encoder is given: https://kafka.apache.org/documentation/#record */
export interface RecordInput {
  readonly offsetDelta?: number
  readonly timestampDelta?: number
  readonly key?: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
}
type HeaderValue = Buffer | string | null

/** As much of kafkajs's Encoder as its batches look at. */
interface EncodedRecord {
  readonly buf: Buffer
  readonly buffer: Buffer
}

/** Replaces what kafkajs has. Returns whether it did. Only the first call counts. */
export function installFastRecords(): boolean {
  installed ??= install()
  return installed
}
let installed: boolean | undefined

function install(): boolean {
  try {
    const require = createRequire(import.meta.url)
    const originalRecord = require(RECORD_MODULE) as (input: RecordInput) => EncodedRecord
    const originalCrc = require(CRC_MODULE) as (buffer: Buffer) => number
    const sample: RecordInput = {
      offsetDelta: 300,
      timestampDelta: -70_000,
      key: Buffer.from('key'),
      value: Buffer.alloc(200, 'value'),
      headers: { one: 'é', two: [Buffer.from('2'), ''] },
    }
    const ours = encodeRecord(sample).buffer
    if (!ours.equals(originalRecord(sample).buffer) || crc32c(ours) !== originalCrc(ours)) return false
    if (!decodesAlike(require, ours)) return false
    require.cache[require.resolve(RECORD_MODULE)]!.exports = encodeRecord
    require.cache[require.resolve(RECORD_DECODER_MODULE)]!.exports = decodeRecord
    require.cache[require.resolve(CRC_MODULE)]!.exports = crc32c
    return true
  } catch {
    return false
  }
}

/** `record` begins with its length, which kafkajs's batches take away before they decode it. */
function decodesAlike(require: NodeJS.Require, record: Buffer): boolean {
  const Decoder = require(DECODER_MODULE) as new (
    buffer: Buffer,
  ) => RecordSource & { readVarIntBytes(): Buffer }
  const original = require(RECORD_DECODER_MODULE) as typeof decodeRecord
  const context = { firstOffset: '7', firstTimestamp: '1795219200000', magicByte: 2, isControlBatch: false }
  const body = new Decoder(record).readVarIntBytes()
  const ours = decodeRecord(new Decoder(body), context)
  return isDeepStrictEqual({ ...ours, headers: ours.headers }, original(new Decoder(body), context))
}

/** Records are written side by side into slabs of this size. */
const SLAB_BYTES = 256 * 1024
let slab = Buffer.alloc(0)
let used = 0

export function encodeRecord(input: RecordInput): EncodedRecord {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = input
  const headerBytes = sizeOfHeaders(headers)
  const size =
    1 +
    sizeOfVarint(zigzag(timestampDelta)) +
    sizeOfVarint(zigzag(offsetDelta)) +
    sizeOfBytes(key) +
    sizeOfBytes(value) +
    headerBytes
  const total = sizeOfVarint(zigzag(size)) + size
  if (slab.length - used < total) {
    slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, total))
    used = 0
  }
  const start = used
  let offset = writeVarint(zigzag(size), start)
  slab[offset++] = 0
  offset = writeVarint(zigzag(timestampDelta), offset)
  offset = writeVarint(zigzag(offsetDelta), offset)
  offset = writeBytes(key, offset)
  offset = writeBytes(value, offset)
  offset = writeHeaders(headers, offset)
  if (offset !== start + total) throw new RangeError('a record of another length than computed')
  used = offset
  const buffer = slab.subarray(start, offset)
  return { buf: buffer, buffer }
}

function sizeOfHeaders(headers: NonNullable<RecordInput['headers']>): number {
  let size = 0
  let count = 0
  for (const name in headers) {
    const value = headers[name] as HeaderValue | readonly HeaderValue[]
    for (const one of Array.isArray(value) ? value : [value]) {
      size += sizeOfBytes(name) + sizeOfBytes(one)
      count++
    }
  }
  return size + sizeOfVarint(zigzag(count))
}

function writeHeaders(headers: NonNullable<RecordInput['headers']>, start: number): number {
  let count = 0
  for (const name in headers) {
    const value = headers[name]
    count += Array.isArray(value) ? value.length : 1
  }
  let offset = writeVarint(zigzag(count), start)
  for (const name in headers) {
    const value = headers[name] as HeaderValue | readonly HeaderValue[]
    for (const one of Array.isArray(value) ? value : [value])
      offset = writeBytes(one, writeBytes(name, offset))
  }
  return offset
}

/** By arithmetic: a difference of times may need more than 32 bits. */
function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}

function sizeOfVarint(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

function writeVarint(value: number, start: number): number {
  let rest = value
  let offset = start
  while (rest >= 0x80) {
    slab[offset++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  slab[offset++] = rest
  return offset
}

function sizeOfBytes(bytes: Buffer | string | null | undefined): number {
  if (bytes === null || bytes === undefined) return 1
  const length = typeof bytes === 'string' ? Buffer.byteLength(bytes) : bytes.length
  return sizeOfVarint(zigzag(length)) + length
}

function writeBytes(bytes: Buffer | string | null | undefined, start: number): number {
  if (bytes === null || bytes === undefined) return writeVarint(zigzag(-1), start)
  if (typeof bytes === 'string') {
    const offset = writeVarint(zigzag(Buffer.byteLength(bytes)), start)
    return offset + slab.write(bytes, offset, 'utf8')
  }
  const offset = writeVarint(zigzag(bytes.length), start)
  slab.set(bytes, offset)
  return offset + bytes.length
}

/** Reversed Castagnoli polynomial. */
const POLYNOMIAL = 0x82f63b78
const tables = crcTables()

/** Eight tables: what a byte comes to with 0 to 7 bytes behind it. */
function crcTables(): Int32Array[] {
  const made = Array.from({ length: 8 }, () => new Int32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    made[0]![byte] = crc
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = made[slice - 1]![byte]!
      made[slice]![byte] = made[0]![before & 0xff]! ^ (before >>> 8)
    }
  }
  return made
}

/** CRC-32C, eight bytes a step ("slicing by 8"). https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
export function crc32c(buffer: Buffer): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  let crc = -1
  let offset = 0
  for (const end = buffer.length - 7; offset < end; offset += 8) {
    crc ^=
      buffer[offset]! | (buffer[offset + 1]! << 8) | (buffer[offset + 2]! << 16) | (buffer[offset + 3]! << 24)
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[buffer[offset + 4]!]! ^
      t2[buffer[offset + 5]!]! ^
      t1[buffer[offset + 6]!]! ^
      t0[buffer[offset + 7]!]!
  }
  for (; offset < buffer.length; offset++) crc = t0[(crc ^ buffer[offset]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}
