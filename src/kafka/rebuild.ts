import { crc32 } from 'node:zlib'
import {
  CHECKPOINT_FORMAT_VERSION,
  DIGEST_VERSION,
  type Head,
  poisonKey,
  type SeenEntry,
} from '../event/checkpoint.ts'
import { contentDigest } from '../event/digest.ts'
import { sourceId } from '../event/ids.ts'
import { type Organization, sourceUri } from '../event/organization.ts'
import type { AuditRecord, DeadLetter } from '../event/records.ts'

/** What is known of an organization's trail from its records alone, built up record by record in their order. */
export class RebuiltCheckpoint {
  readonly #organization: Organization
  readonly #keep: number
  readonly #entries = new Map<string, SeenEntry>()
  #head: Head | undefined
  #deadLettered = 0

  /** `keep`: how many of the youngest ids at most. */
  constructor(organization: Organization, keep: number) {
    this.#organization = organization
    this.#keep = keep
  }

  addEvent(record: AuditRecord, offset: number): void {
    const { endpoint } = this.#organization
    // Records name their endpoint only by its UUID. Another one's must not pass for this one's: the head then says so
    // and the organization is blocked until a person confirms.
    const isOurs = record.sourceID === sourceId(sourceUri(this.#organization))
    this.#head = {
      formatVersion: CHECKPOINT_FORMAT_VERSION,
      digestVersion: DIGEST_VERSION,
      endpoint: isOurs ? endpoint : `another endpoint (sourceID ${record.sourceID})`,
      sequence: record.sequence,
      chainHash: Buffer.from(record.chainHash),
      newestCreatedAtMs: Math.max(this.#head?.newestCreatedAtMs ?? record.eventTime, record.eventTime),
      polledAtMs: record.receivedAt,
      totals: {
        polls: 0,
        fetched: record.sequence,
        published: record.sequence,
        alreadySeen: 0,
        filtered: 0,
        deadLettered: 0,
        repeated: 0,
      },
      openPoll: null,
      emptyExports: 0,
      lastPosition: String(offset),
    }
    // Left out of a record that would have been too large: then 0, which stands for a content that is not known.
    const hasRawLog = record.tags.rawLogBytes === undefined
    this.#put({
      key: record.eventID,
      crc: hasRawLog ? crc32(record.rawLog) : 0,
      digest: hasRawLog ? digestOf(record.rawLog) : 0,
      createdAtMs: record.eventTime,
      firstSeenSeconds: seconds(record.receivedAt),
      state: 'published',
      missed: 0,
      pairTold: false,
      absentSinceSeconds: 0,
    })
  }

  addDeadLetter(letter: DeadLetter): void {
    // The forwarder's dead letters are records that were published.
    if (letter.destination !== 'JOURNAL') return
    this.#deadLettered += 1
    this.#put({
      key: poisonKey(letter.sha256),
      crc: letter.bytes.length === letter.length ? crc32(letter.bytes) : 0,
      digest: 0,
      createdAtMs: letter.receivedAt,
      firstSeenSeconds: seconds(letter.receivedAt),
      state: 'dead-lettered',
      missed: 0,
      pairTold: false,
      absentSinceSeconds: 0,
    })
  }

  /** Undefined when there was no event. */
  head(): Head | undefined {
    if (this.#head === undefined) return undefined
    const { totals } = this.#head
    const fetched = totals.published + this.#deadLettered
    return { ...this.#head, totals: { ...totals, fetched, deadLettered: this.#deadLettered } }
  }

  entries(): SeenEntry[] {
    this.#forgetOldest()
    return [...this.#entries.values()]
  }

  #put(entry: SeenEntry): void {
    this.#entries.set(entry.key, entry)
    // Not at each one: sorting is what costs.
    if (this.#entries.size > this.#keep * 1.5 + 1_000) this.#forgetOldest()
  }

  #forgetOldest(): void {
    if (this.#entries.size <= this.#keep) return
    const byAge = [...this.#entries.values()].sort((left, right) => left.createdAtMs - right.createdAtMs)
    for (const { key } of byAge.slice(0, byAge.length - this.#keep)) this.#entries.delete(key)
  }
}

function digestOf(rawLog: string): number {
  try {
    return contentDigest(JSON.parse(rawLog), rawLog)
  } catch {
    return 0
  }
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000))
}
