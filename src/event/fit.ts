import { encodeValue } from './avro.ts'
import type { EncodingArena } from './encoding-arena.ts'
import type { AuditRecord } from './records.ts'

/** Columns that are cut when nothing else helps; the others are short, or name the record. */
const CUTTABLE_COLUMNS = [
  'message',
  'srcIP',
  'actorIP',
  'srcCity',
  'srcASOrganization',
  'srcISP',
  'authorID',
  'authorUser',
  'authorType',
  'locationFormatted',
  'locationCountry',
  'locationCity',
  'tokenType',
  'tokenID',
  'tokenRole',
  'tokenLast4',
  'userAgent',
  'oauthClientID',
  'oauthName',
] as const satisfies readonly (keyof AuditRecord)[]

/** A text of a record that may be cut. */
interface Cuttable {
  /** As `tags.truncated` names it. */
  readonly name: string
  readonly text: string
  readonly bytes: number
  set(text: string): void
}

/**
 * The record, encoded in at most `maxBytes`. One that is too large goes without `rawLog` and `data`, and its tags
 * `rawLogBytes` and `rawLogSHA256` tell what the raw text was (the chain needs its hash); if that is not enough, its
 * longest texts are cut to one length, between characters, and `tags.truncated` names them.
 * The value lies in the arena, where one is given.
 * Always succeeds where `maxBytes` is 10,000 or more; throws a RangeError where even empty texts do not fit.
 */
export function encodeWithin(
  record: AuditRecord,
  header: Buffer,
  maxBytes: number,
  elementSha256: Uint8Array,
  elementLength: number,
  arena?: EncodingArena,
): Buffer {
  const whole = encodeValue('events', header, record, arena)
  if (whole.length <= maxBytes) return whole
  const lean = withoutRawText(record, elementSha256, elementLength)
  const value = encodeValue('events', header, lean)
  return value.length <= maxBytes ? value : encodeCut(lean, header, maxBytes, value.length)
}

function withoutRawText(record: AuditRecord, elementSha256: Uint8Array, elementLength: number): AuditRecord {
  const rawLogSHA256 = Buffer.from(elementSha256).toString('hex')
  const tags = { ...record.tags, rawLogBytes: String(elementLength), rawLogSHA256 }
  return { ...record, tags, rawLog: '', data: null }
}

function encodeCut(record: AuditRecord, header: Buffer, maxBytes: number, length: number): Buffer {
  const copy: AuditRecord = {
    ...record,
    actor: { ...record.actor },
    tags: { ...record.tags },
    resources: [...record.resources],
    enrichments: record.enrichments.map(enrichment => ({ ...enrichment, data: { ...enrichment.data } })),
  }
  const texts = cuttableTexts(copy)
  // Room for the tag that will name them, were it all of them.
  const names = new Set(texts.map(text => text.name))
  const tagBytes = 32 + [...names].reduce((sum, name) => sum + name.length + 1, 0)
  const total = texts.reduce((sum, text) => sum + text.bytes, 0)
  const limit = lengthLimit(texts, maxBytes - tagBytes - (length - total))
  const cut = new Set<string>()
  for (const text of texts) {
    if (text.bytes <= limit) continue
    text.set(cutToBytes(text.text, limit))
    cut.add(text.name)
  }
  copy.tags.truncated = [...cut].join(',')
  const value = encodeValue('events', header, copy)
  if (value.length > maxBytes) throw new RangeError(`a record cannot be cut to ${maxBytes} bytes`)
  return value
}

/** The greatest length to which all texts can be cut so that they have no more than `budget` bytes together. */
function lengthLimit(texts: readonly Cuttable[], budget: number): number {
  const lengths = texts.map(text => text.bytes).sort((a, b) => a - b)
  let left = Math.max(0, budget)
  for (const [index, bytes] of lengths.entries()) {
    const share = Math.floor(left / (lengths.length - index))
    if (bytes > share) return share
    left -= bytes
  }
  return Number.POSITIVE_INFINITY
}

function cuttableTexts(record: AuditRecord): Cuttable[] {
  const texts: Cuttable[] = []
  const add = (name: string, value: string | null, set: (text: string) => void) => {
    if (value === null) return
    const text = value.toWellFormed()
    texts.push({ name, text, bytes: Buffer.byteLength(text), set })
  }
  for (const column of CUTTABLE_COLUMNS) {
    add(column, record[column], text => {
      record[column] = text
    })
  }
  for (const key of Object.keys(record.actor)) {
    add(`actor.${key}`, record.actor[key]!, text => {
      record.actor[key] = text
    })
  }
  for (const [index, resource] of record.resources.entries()) {
    add('resources', resource, text => {
      record.resources[index] = text
    })
  }
  for (const { data } of record.enrichments) {
    for (const key of Object.keys(data)) {
      add('enrichments', data[key]!, text => {
        data[key] = text
      })
    }
  }
  return texts
}

/** The longest beginning of a well-formed text that has at most so many bytes of UTF-8 and ends between characters. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length <= maxBytes) return text
  let end = maxBytes
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}
