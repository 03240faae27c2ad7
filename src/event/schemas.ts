import { readFileSync } from 'node:fs'
import avsc from 'avsc'
import { installFastWriting } from './fast-avro.ts'
import { crc64Avro, fingerprintText } from './fingerprint.ts'
import type { StreamName } from './records.ts'

/** The file of each stream's current schema, in `schemas/`. */
const SCHEMA_NAMES: Record<StreamName, string> = {
  events: 'audit-record',
  findings: 'finding',
  ledger: 'ledger-entry',
  'dead-letters': 'dead-letter',
}

/** Seen from `src/event/` and from `dist/event/` alike. */
const SCHEMAS = new URL('../../schemas/', import.meta.url)
/** Earlier releases' schemas: `<name>-<fingerprint>.avsc`, kept so that old values stay readable. */
export const RELEASED_SCHEMAS = new URL('released/', SCHEMAS)

export interface CurrentSchema {
  /** Minified JSON with everything the file says: logicalType, default and doc too. */
  readonly text: string
  readonly type: avsc.Type
  /** CRC-64-AVRO of the parsing canonical form, 16 hexadecimal digits. */
  readonly fingerprint: string
}

const current = new Map<StreamName, CurrentSchema>()

/** The schema with which this release writes and to which it reads. Loaded once. */
export function currentSchema(stream: StreamName): CurrentSchema {
  let schema = current.get(stream)
  if (schema === undefined) {
    const parsed = JSON.parse(readFileSync(new URL(`${SCHEMA_NAMES[stream]}.avsc`, SCHEMAS), 'utf8'))
    const type = parseSchema(parsed)
    installFastWriting()
    schema = { text: JSON.stringify(parsed), type, fingerprint: schemaFingerprint(type) }
    current.set(stream, schema)
  }
  return schema
}

/** The text of an earlier release's schema; undefined when no release had one with this fingerprint. */
export function releasedSchemaText(
  stream: StreamName,
  fingerprint: string,
  directory: URL = RELEASED_SCHEMAS,
): string | undefined {
  try {
    return readFileSync(new URL(`${SCHEMA_NAMES[stream]}-${fingerprint}.avsc`, directory), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A type whose decoded records are plain objects (avsc gives each record a class, which no deep comparison likes). */
export function parseSchema(schema: unknown): avsc.Type {
  const type = avsc.Type.forSchema(schema as avsc.Schema, { omitRecordMethods: true } as object)
  makeRecordsPlain(type)
  return type
}

/** Costs nothing per record, where copying 62 columns into an object literal costs as much as decoding them. */
function makeRecordsPlain(type: avsc.Type): void {
  if (avsc.Type.isType(type, 'record')) {
    const record = type as avsc.types.RecordType
    record.recordConstructor.prototype = Object.prototype
    for (const field of record.fields) makeRecordsPlain(field.type)
  } else if (avsc.Type.isType(type, 'array')) {
    makeRecordsPlain((type as avsc.types.ArrayType).itemsType)
  }
}

/** `type.schema()` is avsc's parsing canonical form. */
export function schemaFingerprint(type: avsc.Type): string {
  return fingerprintText(crc64Avro(JSON.stringify(type.schema())))
}
