import { ConnectorError } from './errors.ts'
import { decodeValue, reframed } from './event/avro.ts'
import { sha256 } from './event/chain.ts'
import type { Head } from './event/checkpoint.ts'
import { encodeWithin } from './event/fit.ts'
import { newHead } from './event/new-head.ts'
import type { Organization } from './event/organization.ts'
import type { AuditRecord, StreamName } from './event/records.ts'
import type { EmbeddedTrail, EmbeddedValue, MigratedBatch } from './migration-ports.ts'
import type { EncodedEvent, EncodedValue } from './ports.ts'

export interface PageTrail {
  readonly embedded: EmbeddedTrail
  readonly organization: Organization
  /** Where the trail ends in the embedded journal. */
  readonly end: Head
  /** Where it stands at the target; undefined before the first commit. */
  readonly head: Head | undefined
}

/** Of a trail whose beginning was deleted by age: its hash before the first event is not kept. */
export const UNKNOWN_CHAIN_HASH = Buffer.alloc(32)

/** The values as the target stores them, and the trail's head after them. */
export function pageOf(
  values: readonly EmbeddedValue[],
  { embedded, organization, end, head: before }: PageTrail,
  maxRecordBytes: number,
  framing: (stream: StreamName) => Buffer,
): Omit<MigratedBatch, 'organization' | 'term' | 'after' | 'put'> {
  const first = embedded.firstSequence - 1
  const beginning =
    first === 0 ? newHead(organization) : { ...end, sequence: first, chainHash: UNKNOWN_CHAIN_HASH }
  let head: Head = before ?? { ...beginning, lastPosition: null }
  const events: EncodedEvent[] = []
  const plain: Record<Exclude<StreamName, 'events'>, EncodedValue[]> = {
    'dead-letters': [],
    findings: [],
    ledger: [],
  }
  for (const { stream, value, timestampMs, position } of values) {
    if (stream !== 'events') {
      plain[stream].push({ value: reframed(stream, framing(stream), value), timestampMs })
      continue
    }
    const record = decodeValue('events', value)
    if (record.sequence !== head.sequence + 1)
      throw outOfSequence(organization, position, record.sequence, head)
    head = { ...head, sequence: record.sequence, chainHash: record.chainHash }
    events.push({
      value: fitted(record, value, framing('events'), maxRecordBytes),
      timestampMs,
      sequence: record.sequence,
      id: record.id,
      type: record.eventType,
      createdAtMs: record.eventTime,
    })
  }
  return {
    events,
    deadLetters: plain['dead-letters'],
    findings: plain.findings,
    ledger: plain.ledger,
    head: { ...head, chainHash: Buffer.from(head.chainHash) },
  }
}

/** The same record, in the target's framing; without its raw text where the target takes no record that large. */
function fitted(record: AuditRecord, value: Buffer, framing: Buffer, maxBytes: number): Buffer {
  const framed = reframed('events', framing, value)
  if (framed.length <= maxBytes) return framed
  const { rawLogBytes, rawLogSHA256 } = record.tags
  const rawLog = Buffer.from(record.rawLog)
  return encodeWithin(
    record,
    framing,
    maxBytes,
    rawLogSHA256 === undefined ? sha256(rawLog) : Buffer.from(rawLogSHA256, 'hex'),
    rawLogBytes === undefined ? rawLog.length : Number(rawLogBytes),
  )
}

function outOfSequence(
  { identity }: Organization,
  position: number,
  found: number,
  head: Head,
): ConnectorError {
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `entry ${position} of ${identity} has sequence ${found} where ${head.sequence + 1} must come: ` +
      'records are missing in the embedded journal; look at it with hf-audit verify',
  )
}
