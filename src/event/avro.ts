import type avsc from 'avsc'
import { ConnectorError } from '../errors.ts'
import { type EncodingArena, encodeAlone } from './encoding-arena.ts'
import { isRememberedMap, rememberMap } from './fast-avro.ts'
import type { StreamName, StreamRecords } from './records.ts'
import { currentSchema, parseSchema, releasedSchemaText } from './schemas.ts'

export const ALL_STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']

/** First byte of the Confluent wire format; a four-byte schema id follows, most significant byte first. */
const CONFLUENT_MAGIC = 0x00
const CONFLUENT_HEADER_BYTES = 5
/** First two bytes of Avro's single-object encoding; the fingerprint follows in eight bytes, least significant first. */
const SINGLE_OBJECT_MAGIC = [0xc3, 0x01] as const
const SINGLE_OBJECT_HEADER_BYTES = 10

/** The schema as it is sent to a registry: minified, with logicalType, default and doc. */
export function schemaText(stream: StreamName): string {
  return currentSchema(stream).text
}

/** What goes before the Avro body without a registry: `C3 01` and the schema's CRC-64-AVRO. */
export function singleObjectHeader(stream: StreamName): Buffer {
  const header = Buffer.from([...SINGLE_OBJECT_MAGIC, 0, 0, 0, 0, 0, 0, 0, 0])
  header.writeBigUInt64LE(BigInt(`0x${currentSchema(stream).fingerprint}`), 2)
  return header
}

/** What goes before the Avro body with a registry: `00` and the registry's id of the schema. */
export function confluentHeader(schemaId: number): Buffer {
  const header = Buffer.alloc(CONFLUENT_HEADER_BYTES)
  header.writeInt32BE(schemaId, 1)
  return header
}

/**
 * The header and the record's Avro body in one buffer. With an arena the value lies beside its neighbours in the arena's
 * memory and is good until that is reset; without one it stays as it is.
 * Strings are made well-formed: a lone surrogate becomes U+FFFD.
 * Throws when the record does not fit its schema, which is a mistake in this program.
 */
export function encodeValue<S extends StreamName>(
  stream: S,
  header: Buffer,
  record: StreamRecords[S],
  arena?: EncodingArena,
): Buffer {
  const { type } = currentSchema(stream)
  const writable = wellFormedRecord(record)
  return arena === undefined ? encodeAlone(type, header, writable) : arena.encode(type, header, writable)
}

/** The same tags, frozen, for many records: they are encoded here, once for all of them. */
export function sharedTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  const shared = wellFormedCopy(tags) as Record<string, string>
  const { type } = (currentSchema('events').type as avsc.types.RecordType).field('tags')
  rememberMap(shared, type.toBuffer(shared))
  return shared
}

/** The record itself unless a string in it, however deep, has a lone surrogate: then a copy with U+FFFD in its place. */
function wellFormedRecord<T extends object>(record: T): T {
  for (const name in record) {
    const value = record[name]
    if (
      typeof value === 'string' ? !value.isWellFormed() : typeof value === 'object' && !isWellFormed(value)
    ) {
      return wellFormedCopy(record) as T
    }
  }
  return record
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true
  if (isRememberedMap(value)) return true
  if (Array.isArray(value)) return value.every(isWellFormed)
  for (const key in value) {
    if (!key.isWellFormed() || !isWellFormed((value as Record<string, unknown>)[key])) return false
  }
  return true
}

function wellFormedCopy(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(wellFormedCopy)
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormedCopy(inner)]),
  )
}

export type Framing =
  | { readonly kind: 'confluent'; readonly schemaId: number }
  /** `fingerprint`: 16 hexadecimal digits. */
  | { readonly kind: 'single-object'; readonly fingerprint: string }

/** How a value is framed. Throws `JOURNAL_FOREIGN` for one that is framed in neither way. */
export function framingOf(value: Buffer): Framing {
  if (value[0] === CONFLUENT_MAGIC && value.length >= CONFLUENT_HEADER_BYTES) {
    return { kind: 'confluent', schemaId: value.readInt32BE(1) }
  }
  if (
    value[0] === SINGLE_OBJECT_MAGIC[0] &&
    value[1] === SINGLE_OBJECT_MAGIC[1] &&
    value.length >= SINGLE_OBJECT_HEADER_BYTES
  ) {
    return {
      kind: 'single-object',
      fingerprint: Buffer.from(value.subarray(2, 10)).reverse().toString('hex'),
    }
  }
  const start = value.length === 0 ? 'is empty' : `begins with ${value.subarray(0, 10).toString('hex')}`
  throw new ConnectorError(
    'JOURNAL_FOREIGN',
    `a value ${start}: neither Confluent's wire format (00 and a schema id) nor Avro's single-object encoding ` +
      '(c301 and a fingerprint), so something other than this connector wrote it',
  )
}

/**
 * The record in a framed value, as this release knows it: columns that its writer did not have get their defaults.
 * A single-object value names its writer's schema, which this release or `schemas/released/` holds; for a Confluent
 * value the caller fetches it from the registry (`writerSchema`, JSON text; by default the current one).
 * Throws `JOURNAL_MISMATCH` when the schema is unknown or unreadable, and `JOURNAL_FOREIGN` when the value is framed in
 * no way of ours or is not what the schema says.
 */
export function decodeValue<S extends StreamName>(
  stream: S,
  value: Buffer,
  writerSchema?: string,
): StreamRecords[S] {
  const framing = framingOf(value)
  const body = value.subarray(
    framing.kind === 'confluent' ? CONFLUENT_HEADER_BYTES : SINGLE_OBJECT_HEADER_BYTES,
  )
  const { type } = currentSchema(stream)
  const resolver =
    framing.kind === 'confluent'
      ? resolverForText(stream, writerSchema)
      : resolverForFingerprint(stream, framing.fingerprint)
  try {
    return type.fromBuffer(body, resolver) as StreamRecords[S]
  } catch (cause) {
    throw new ConnectorError(
      'JOURNAL_FOREIGN',
      `a value of ${stream} is not what its schema says: ${text(cause)}`,
      {
        cause,
      },
    )
  }
}

/** The same record with another header. What an earlier release wrote is written anew, with the current schema. */
export function reframed(stream: StreamName, header: Buffer, value: Buffer): Buffer {
  const framing = framingOf(value)
  if (framing.kind === 'single-object' && framing.fingerprint === currentSchema(stream).fingerprint) {
    return Buffer.concat([header, value.subarray(SINGLE_OBJECT_HEADER_BYTES)])
  }
  return encodeValue(stream, header, decodeValue(stream, value))
}

const resolvers = new Map<string, avsc.Resolver>()

/** Undefined: the writer's schema is the current one. */
function resolverForFingerprint(stream: StreamName, fingerprint: string): avsc.Resolver | undefined {
  if (fingerprint === currentSchema(stream).fingerprint) return undefined
  const key = `${stream} ${fingerprint}`
  const known = resolvers.get(key)
  if (known !== undefined) return known
  const writerSchema = releasedSchemaText(stream, fingerprint)
  if (writerSchema === undefined) {
    refuseOtherStream(stream, other => currentSchema(other).fingerprint === fingerprint)
    throw new ConnectorError(
      'JOURNAL_MISMATCH',
      `a value of ${stream} was written with the schema ${fingerprint}, which this release does not know: ` +
        'a newer release wrote it; update this program',
    )
  }
  return remember(key, createResolver(stream, writerSchema))
}

function resolverForText(stream: StreamName, writerSchema: string | undefined): avsc.Resolver | undefined {
  if (writerSchema === undefined || writerSchema === currentSchema(stream).text) return undefined
  const key = `${stream} ${writerSchema}`
  const known = resolvers.get(key)
  if (known !== undefined) return known
  refuseOtherStream(stream, other => currentSchema(other).text === writerSchema)
  return remember(key, createResolver(stream, writerSchema))
}

/** A value of ours that stands in another's place was not put there by this connector. */
function refuseOtherStream(stream: StreamName, isOf: (other: StreamName) => boolean): void {
  const other = ALL_STREAMS.find(one => one !== stream && isOf(one))
  if (other === undefined) return
  throw new ConnectorError(
    'JOURNAL_FOREIGN',
    `it is a value of ${other}, which does not belong among ${stream}`,
  )
}

function remember(key: string, resolver: avsc.Resolver): avsc.Resolver {
  resolvers.set(key, resolver)
  return resolver
}

function createResolver(stream: StreamName, writerSchema: string): avsc.Resolver {
  try {
    return currentSchema(stream).type.createResolver(parseSchema(JSON.parse(writerSchema)))
  } catch (cause) {
    throw new ConnectorError(
      'JOURNAL_MISMATCH',
      `the schema with which a value of ${stream} was written cannot be read as this release's: ` +
        // What avsc trips over in a schema of another kind has words for nobody.
        (cause instanceof TypeError ? 'it is a schema of something else' : text(cause)),
      { cause },
    )
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
