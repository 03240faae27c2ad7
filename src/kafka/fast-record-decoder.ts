/*
 * The other direction of fast-records.ts: kafkajs decodes six headers of a record into as many buffers and objects,
 * which nobody here looks at. This reads key and value, and the headers when they are asked for.
 */

/** What kafkajs passes: its Decoder of one record, whose `buffer` begins after the record's length. */
export interface RecordSource {
  readonly buffer: Buffer
  readonly offset: number
}

export interface BatchContext {
  readonly firstOffset?: string
  readonly firstTimestamp?: string
  readonly maxTimestamp?: string
  readonly magicByte?: number
  readonly isControlBatch?: boolean
  /** 1: the broker set the time of the whole batch. */
  readonly timestampType?: number
}

const LOG_APPEND_TIME = 1

type Headers = Record<string, Buffer | null | (Buffer | null)[]>

/** As kafkajs gives a record to `eachBatch`. */
class DecodedRecord {
  readonly magicByte: number | undefined
  readonly attributes: number
  readonly timestamp: string
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly isControlRecord: boolean
  readonly batchContext: BatchContext
  readonly #rest: Cursor

  constructor(source: RecordSource, context: BatchContext) {
    const cursor = new Cursor(source.buffer, source.offset)
    this.magicByte = context.magicByte
    this.attributes = source.buffer.readInt8(cursor.offset++)
    const timestampDelta = cursor.varint()
    this.timestamp =
      context.timestampType === LOG_APPEND_TIME && context.maxTimestamp
        ? context.maxTimestamp
        : String(Number(context.firstTimestamp) + timestampDelta)
    this.offset = String(Number(context.firstOffset) + cursor.varint())
    this.key = cursor.bytes()
    this.value = cursor.bytes()
    this.isControlRecord = context.isControlBatch ?? false
    this.batchContext = context
    this.#rest = cursor
  }

  get headers(): Headers {
    return this.#rest.headers()
  }
}

class Cursor {
  readonly #buffer: Buffer
  offset: number

  constructor(buffer: Buffer, offset: number) {
    this.#buffer = buffer
    this.offset = offset
  }

  /** Zigzag, up to 2^53: by arithmetic. */
  varint(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#buffer[this.offset++]
      if (byte === undefined) throw new RangeError('a record ends within a number')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 0x80
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.offset
    this.offset += length
    if (this.offset > this.#buffer.length) throw new RangeError('a record ends within its bytes')
    return this.#buffer.subarray(start, this.offset)
  }

  headers(): Headers {
    const start = this.offset
    const headers: Headers = {}
    for (let left = this.varint(); left > 0; left--) {
      const name = this.bytes()?.toString('utf8') ?? ''
      const value = this.bytes()
      const known = Object.hasOwn(headers, name) ? headers[name] : undefined
      const all = known === undefined ? value : Array.isArray(known) ? [...known, value] : [known, value]
      // Not by assignment: a header may be called __proto__.
      Object.defineProperty(headers, name, {
        value: all,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    // They may be asked for again.
    this.offset = start
    return headers
  }
}

export function decodeRecord(source: RecordSource, context: BatchContext = {}): DecodedRecord {
  return new DecodedRecord(source, context)
}
