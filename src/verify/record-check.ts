import { sha256 } from '../event/chain.ts'
import { cloudEventHeaders } from '../event/cloud-events.ts'
import { parseElement } from '../event/hub-event.ts'
import { sourceId, uuidV5In } from '../event/ids.ts'
import { createNormalizer } from '../event/normalize.ts'
import type { AuditRecord } from '../event/records.ts'
import type { StoredValue } from '../stored-journal.ts'

/** What follows from the raw text (and the record's own source) alone, whichever release wrote the record. */
const RAW_COLUMNS = [
  'eventTime',
  'eventName',
  'eventID',
  'auditID',
  'eventType',
  'message',
  'srcIP',
  'actorIP',
  'authorID',
  'authorUser',
  'authorType',
  'authorDeleted',
  'locationFormatted',
  'locationCountry',
  'locationCity',
  'tokenType',
  'tokenID',
  'tokenRole',
  'tokenLast4',
  'tokenDeleted',
  'userAgent',
  'oauthClientID',
  'oauthName',
  'data',
  'sourceType',
  'serviceName',
  'dstIP',
  'dstASCountryCode',
  'dstASNumber',
  'dstASOrganization',
  'dstCity',
  'dstConnectionType',
  'dstISP',
  'dstLatitude',
  'dstLongitude',
  'dstUserType',
] as const satisfies readonly (keyof AuditRecord)[]

/** What follows from the raw text by this release's catalogue and rules, which another release may have otherwise. */
const RULED_COLUMNS = [
  'readOnly',
  'severity',
  'ocsfClassUID',
  'ocsfActivityID',
] as const satisfies readonly (keyof AuditRecord)[]
const RULED_TAGS = [
  'scope',
  'action',
  'resource',
  'severity',
  'ocsfClass',
  'ocsfClassUID',
  'ocsfActivity',
  'ocsfActivityID',
  'unknownType',
  'malformed',
] as const

/** What one record says that cannot be so. */
export interface RecordFaults {
  /** Columns that the raw text, the id's rule or the store contradicts. */
  readonly columns: readonly string[]
  /** Columns that this release would fill otherwise from the same raw text. */
  readonly ruled: readonly string[]
  readonly headers: readonly string[]
  /** What the record's id must be, whatever it says; undefined when its source is no UUID. */
  readonly id: string | undefined
  /** SHA-256 of the raw element, 32 bytes; undefined when the record does not hold it in any way. */
  readonly elementSha256: Buffer | undefined
  /** The record holds only the hash of its raw text, so its columns were not checked. */
  readonly withoutRawText: boolean
}

const NONE: readonly string[] = []
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Checks records of one organization, each by itself. */
export class RecordCheck {
  readonly #identity: string
  readonly #normalize: ReturnType<typeof createNormalizer>
  #sourceID = ''
  #idOf: ((name: string) => string) | undefined
  #source = ''

  constructor(identity: string) {
    this.#identity = identity
    // Source and ids are checked here: which endpoint a record is from is not known yet.
    const organization = { name: identity, identity, endpoint: '' }
    this.#normalize = createNormalizer({ organization, workspaceId: '', sourceTtlDays: 0 })
  }

  check(record: AuditRecord, stored: StoredValue): RecordFaults {
    const columns: string[] = []
    const id = this.#idFor(record)
    if (id === undefined) columns.push('sourceID')
    else if (id !== record.id) columns.push('id')
    if (stored.timestampMs !== undefined && stored.timestampMs !== record.receivedAt)
      columns.push('receivedAt')
    if (stored.sequence !== undefined && stored.sequence !== record.sequence) columns.push('sequence')
    const headers = stored.headers === undefined ? NONE : this.#headerFaults(record, stored.headers)
    const { rawLogBytes, rawLogSHA256 } = record.tags
    if (record.rawLog === '' && rawLogBytes !== undefined) {
      const isHash = rawLogSHA256 !== undefined && /^[0-9a-f]{64}$/.test(rawLogSHA256)
      if (!isHash) columns.push('tags.rawLogSHA256')
      const elementSha256 = isHash ? Buffer.from(rawLogSHA256, 'hex') : undefined
      if (record.auditID !== record.eventID) columns.push('auditID')
      return { columns, ruled: NONE, headers, id, elementSha256, withoutRawText: true }
    }
    const raw = Buffer.from(record.rawLog)
    const ruled = this.#compareWithRawText(raw, record, stored, columns)
    return { columns, ruled, headers, id, elementSha256: sha256(raw), withoutRawText: false }
  }

  #idFor({ eventID, sourceID }: AuditRecord): string | undefined {
    if (sourceID !== this.#sourceID) {
      this.#sourceID = sourceID
      this.#idOf = UUID.test(sourceID) ? uuidV5In(sourceID) : undefined
    }
    return this.#idOf?.(eventID)
  }

  #compareWithRawText(
    raw: Buffer,
    record: AuditRecord,
    stored: StoredValue,
    columns: string[],
  ): readonly string[] {
    // Bytes that are no UTF-8 were read as U+FFFD, and would pass for the text that holds that character.
    if (record.rawLog.includes('\ufffd') && !stored.value!.includes(raw)) columns.push('rawLog')
    const expected = this.#expectedOf(raw, record)
    if (expected === undefined) {
      columns.push('rawLog')
      return NONE
    }
    for (const column of RAW_COLUMNS) {
      if (!sameValue(record[column], expected[column])) columns.push(column)
    }
    if (!sameTexts(record.actor, expected.actor)) columns.push('actor')
    return ruledFaults(record, expected)
  }

  /** Undefined when the raw text is no event. */
  #expectedOf(raw: Buffer, record: AuditRecord): AuditRecord | undefined {
    try {
      const parsed = parseElement({ bytes: raw })
      if (parsed.kind !== 'event') return undefined
      const { receivedAt: receivedAtMs, sequence, chainHash } = record
      return this.#normalize(parsed, { receivedAtMs, sequence, chainHash, ownUserId: undefined })
    } catch {
      return undefined
    }
  }

  #headerFaults(record: AuditRecord, headers: Readonly<Record<string, string>>): readonly string[] {
    const source = headers.ce_source ?? ''
    if (source !== this.#source && sourceId(source) === record.sourceID) this.#source = source
    const isSource = source === this.#source && source.endsWith(`/organizations/${this.#identity}`)
    const { id, eventType: type, eventTime } = record
    // A time that no calendar holds is told as a column.
    const createdAtMs = Math.abs(eventTime) <= 8.64e15 ? eventTime : 0
    const expected = cloudEventHeaders(source, { id, type, createdAtMs })
    const wrong = Object.keys(expected).filter(name => headers[name] !== expected[name])
    if (!isSource && !wrong.includes('ce_source')) wrong.push('ce_source')
    return wrong
  }
}

function ruledFaults(record: AuditRecord, expected: AuditRecord): readonly string[] {
  const ruled: string[] = []
  for (const column of RULED_COLUMNS) if (record[column] !== expected[column]) ruled.push(column)
  for (const tag of RULED_TAGS) {
    if (record.tags[tag] !== expected.tags[tag]?.toWellFormed()) ruled.push(`tags.${tag}`)
  }
  const { resources } = record
  if (
    resources.length !== expected.resources.length ||
    resources.some((name, index) => name !== expected.resources[index])
  ) {
    ruled.push('resources')
  }
  return ruled
}

/** Encoding makes texts well-formed. */
function sameValue(stored: unknown, expected: unknown): boolean {
  if (stored === expected) return true
  return typeof expected === 'string' && !expected.isWellFormed() && stored === expected.toWellFormed()
}

function sameTexts(
  stored: Readonly<Record<string, string>>,
  expected: Readonly<Record<string, string>>,
): boolean {
  let left = 0
  for (const key in expected) {
    if (!sameValue(stored[key], expected[key])) return false
    left += 1
  }
  for (const _ in stored) left -= 1
  return left === 0
}
