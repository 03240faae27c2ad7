import { createHash } from 'node:crypto'
import type { AuditRecord, DeadLetter, StreamName, StreamRecords } from './records.ts'

const MAX_KEPT_BYTES = 512 * 1024

/** A record with the stream it is of. */
export type StreamRecord = {
  [S in StreamName]: { readonly stream: S; readonly record: StreamRecords[S] }
}[StreamName]

export interface RecordRefusal {
  /** HTTP status of the answer. */
  readonly status: number
  /** The collector's words. */
  readonly message: string
}

/**
 * The dead letter of a record that the collector refused. Its bytes are those of the Hub's element; for a finding or a
 * ledger entry, which came from no element, its columns as JSON.
 */
export function refusedRecord(
  entry: StreamRecord,
  organization: string,
  endpoint: string,
  refusal: RecordRefusal,
): DeadLetter {
  const whole = Buffer.from(entry.stream === 'events' ? entry.record.rawLog : asJson(entry.record))
  return {
    organization,
    endpoint: 'endpoint' in entry.record ? entry.record.endpoint : endpoint,
    receivedAt: receivedAt(entry),
    destination: 'OTLP',
    reason: `otlp_${refusal.status}`,
    detail: refusal.message,
    ...keptBytes(whole),
    ...(entry.stream === 'events' ? cutOff(entry.record) : {}),
  }
}

export interface ForeignBytes {
  /** The identity under which it is kept among the dead letters. */
  readonly organization: string
  /** Epoch milliseconds, as its writer or the broker says. */
  readonly timestampMs: number
  readonly value: Buffer
  /** Why it is not taken for the connector's. */
  readonly reason: string
}

/** The dead letter of a value in the journal that something else wrote: nothing of it goes to the collector. */
export function foreignValue(
  { organization, timestampMs, value, reason }: ForeignBytes,
  endpoint: string,
): DeadLetter {
  return {
    organization,
    endpoint,
    receivedAt: timestampMs,
    destination: 'OTLP',
    reason: 'foreign',
    detail: reason,
    ...keptBytes(value),
  }
}

function keptBytes(whole: Buffer): Pick<DeadLetter, 'length' | 'sha256' | 'bytes'> {
  return {
    length: whole.length,
    sha256: createHash('sha256').update(whole).digest(),
    bytes: whole.subarray(0, MAX_KEPT_BYTES),
  }
}

/** An event too large for the journal is there without its bytes, but with their length and hash. */
function cutOff({ rawLog, tags }: AuditRecord): Partial<DeadLetter> {
  const { rawLogBytes, rawLogSHA256 } = tags
  if (rawLog !== '' || rawLogBytes === undefined || rawLogSHA256 === undefined) return {}
  return { length: Number(rawLogBytes), sha256: Buffer.from(rawLogSHA256, 'hex') }
}

function receivedAt(entry: StreamRecord): number {
  switch (entry.stream) {
    case 'events':
    case 'dead-letters':
      return entry.record.receivedAt
    case 'findings':
      return entry.record.foundAt
    case 'ledger':
      return entry.record.finishedAt
  }
}

function asJson(record: object): string {
  return JSON.stringify(record, (_, value: unknown) =>
    isBufferJson(value) ? Buffer.from(value.data).toString('hex') : value,
  )
}

/** `JSON.stringify` hands over what `Buffer.toJSON` made. */
function isBufferJson(value: unknown): value is { readonly data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value
  )
}
