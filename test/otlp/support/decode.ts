/** A reader of OTLP's protobuf for the tests, written from the .proto files and not from our writer. */

export type Value =
  | { string: string }
  | { bool: boolean }
  | { int: bigint }
  | { double: number }
  | { list: Value[] }
  | { map: Map<string, Value> }
  | { bytes: Buffer }
  | { none: true }

export interface DecodedRecord {
  timeNanos: bigint
  observedNanos: bigint
  severityNumber: number
  severityText: string
  body: Value
  eventName: string
  attributes: Map<string, Value>
  dropped: number
}

export interface DecodedRequest {
  resource: Map<string, Value>
  scope: { name: string; version: string }
  records: DecodedRecord[]
}

type Field = { number: number; varint: bigint; bytes: Buffer }

function* fields(message: Buffer): Generator<Field> {
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++]
      if (byte === undefined) throw new Error('varint cut off')
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const tag = Number(varint())
    const number = tag >> 3
    let bytes = Buffer.alloc(0) as Buffer
    let value = 0n
    if ((tag & 7) === 0) value = varint()
    else {
      const length = (tag & 7) === 1 ? 8 : Number(varint())
      if (at + length > message.length) throw new Error(`field ${number} cut off`)
      bytes = message.subarray(at, at + length)
      at += length
    }
    yield { number, varint: value, bytes }
  }
}

function anyValueOf(message: Buffer): Value {
  for (const { number, varint, bytes } of fields(message)) {
    if (number === 1) return { string: utf8(bytes) }
    if (number === 2) return { bool: varint === 1n }
    if (number === 3) return { int: BigInt.asIntN(64, varint) }
    if (number === 4) return { double: bytes.readDoubleLE() }
    if (number === 5) return { list: [...fields(bytes)].map(item => anyValueOf(item.bytes)) }
    if (number === 6) return { map: keyValues([...fields(bytes)].map(item => item.bytes)) }
    if (number === 7) return { bytes }
  }
  return { none: true }
}

function keyValues(messages: readonly Buffer[]): Map<string, Value> {
  const map = new Map<string, Value>()
  for (const message of messages) {
    let key = ''
    let value: Value = { none: true }
    for (const field of fields(message)) {
      if (field.number === 1) key = utf8(field.bytes)
      else value = anyValueOf(field.bytes)
    }
    if (map.has(key)) throw new Error(`key ${key} twice`)
    map.set(key, value)
  }
  return map
}

const utf8 = (bytes: Buffer) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

const all = (message: Buffer, number: number) =>
  [...fields(message)].filter(field => field.number === number).map(field => field.bytes)

function recordOf(message: Buffer): DecodedRecord {
  const record: DecodedRecord = {
    timeNanos: 0n,
    observedNanos: 0n,
    severityNumber: 0,
    severityText: '',
    body: { none: true },
    eventName: '',
    attributes: keyValues(all(message, 6)),
    dropped: 0,
  }
  for (const { number, varint, bytes } of fields(message)) {
    if (number === 1) record.timeNanos = bytes.readBigUInt64LE()
    if (number === 2) record.severityNumber = Number(varint)
    if (number === 3) record.severityText = utf8(bytes)
    if (number === 5) record.body = anyValueOf(bytes)
    if (number === 7) record.dropped = Number(varint)
    if (number === 11) record.observedNanos = bytes.readBigUInt64LE()
    if (number === 12) record.eventName = utf8(bytes)
  }
  return record
}

/** Of one resource and one scope, as ours are. Throws on anything malformed. */
export function decodeExportRequest(request: Buffer): DecodedRequest {
  const decoded: DecodedRequest = { resource: new Map(), scope: { name: '', version: '' }, records: [] }
  for (const resourceLogs of all(request, 1)) {
    for (const resource of all(resourceLogs, 1)) decoded.resource = keyValues(all(resource, 1))
    for (const scopeLogs of all(resourceLogs, 2)) {
      for (const scope of all(scopeLogs, 1)) {
        decoded.scope = { name: utf8(all(scope, 1)[0]!), version: utf8(all(scope, 2)[0] ?? Buffer.alloc(0)) }
      }
      for (const record of all(scopeLogs, 2)) decoded.records.push(recordOf(record))
    }
  }
  return decoded
}

/** The text of an attribute, undefined when it is absent or no text. */
export function textOf(record: DecodedRecord, attribute: string): string | undefined {
  const value = record.attributes.get(attribute)
  return value !== undefined && 'string' in value ? value.string : undefined
}

/** The `log.record.uid` of each record. */
export function uidsOf(request: DecodedRequest): (string | undefined)[] {
  return request.records.map(record => textOf(record, 'log.record.uid'))
}
