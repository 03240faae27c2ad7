import { crc32 } from 'node:zlib'
import { type Head, poisonKey, type SeenEntry } from './checkpoint.ts'
import { contentDigest } from './digest.ts'
import { sourceId } from './ids.ts'
import { newHead } from './new-head.ts'
import { type Organization, sourceUri } from './organization.ts'
import { parseJson } from './parse-json.ts'
import type { AuditRecord, DeadLetter, LedgerEntry } from './records.ts'

/** Consecutive sequence numbers, both ends included. */
export interface SequenceRange {
  readonly from: number
  readonly to: number
}

/** What is known of an organization's trail from its records alone, built up record by record in their order. */
export class RebuiltTrail {
  readonly #organization: Organization
  readonly #keep: number
  readonly #entries = new Map<string, SeenEntry>()
  readonly #holes: SequenceRange[] = []
  #head: Head | undefined
  /**
   * A record that stands ahead of the trail. Where the trail goes on after it, records before it are lost; where the
   * trail goes on without it, it is no part of it.
   */
  #ahead: { readonly record: AuditRecord; readonly position: string } | undefined
  #deadLettered = 0
  #rebuiltThrough = 0
  #firstSequence: number | undefined
  #oldestEventMs: number | undefined
  #oldestDeadLetterMs: number | undefined
  #ledger: LedgerEntry | undefined

  /** `keep`: how many of the youngest ids at most. */
  constructor(organization: Organization, keep: number) {
    this.#organization = organization
    this.#keep = keep
  }

  /** `position`: where it lies, as the journal writes it in a head. */
  addEvent(record: AuditRecord, position: string): void {
    if (record.organization !== this.#organization.identity) return
    this.#follow(record, position)
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
    this.#oldestDeadLetterMs ??= letter.receivedAt
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

  addLedgerEntry(entry: LedgerEntry): void {
    this.#ledger = entry
    if (entry.kind === 'REBUILD') this.#rebuiltThrough = entry.sequence
  }

  /** After its last event; undefined when there was none. */
  head(): Head | undefined {
    this.#acceptEnd()
    if (this.#head === undefined) return undefined
    const { sequence } = this.#head
    const totals = {
      ...this.#head.totals,
      fetched: sequence + this.#deadLettered,
      published: sequence,
      deadLettered: this.#deadLettered,
    }
    return { ...this.#head, totals }
  }

  entries(): SeenEntry[] {
    this.#forgetOldest()
    return [...this.#entries.values()]
  }

  /** Of the oldest event; undefined when there is none. */
  get firstSequence(): number | undefined {
    return this.#firstSequence
  }

  /** When the oldest event was received; undefined when there is none. */
  get oldestEventMs(): number | undefined {
    return this.#oldestEventMs
  }

  get oldestDeadLetterMs(): number | undefined {
    return this.#oldestDeadLetterMs
  }

  /** The last one. */
  get ledger(): LedgerEntry | undefined {
    return this.#ledger
  }

  /** Between the first event and the last. What was missing when a checkpoint was rebuilt before is known since. */
  get holes(): SequenceRange[] {
    this.#acceptEnd()
    return this.#holes.filter(({ to }) => to >= this.#rebuiltThrough)
  }

  /** A sequence only grows: a record that is not ahead of the last one stands there once more, or is another's. */
  #follow(record: AuditRecord, position: string): void {
    const last = this.#head?.sequence ?? record.sequence - 1
    if (record.sequence === last + 1) {
      this.#ahead = undefined
      this.#extend(record, position)
      return
    }
    if (record.sequence <= last) return
    const { sequence } = this.#ahead?.record ?? {}
    if (sequence !== undefined && record.sequence === sequence + 1) {
      this.#acceptAhead()
      this.#extend(record, position)
    } else if (sequence === undefined || record.sequence > sequence) {
      this.#acceptAhead()
      this.#ahead = { record, position }
    }
  }

  /** What stands ahead at the end is the end, unless the ledger knows that so many were never published. */
  #acceptEnd(): void {
    const { sequence } = this.#ahead?.record ?? {}
    if (sequence === undefined || (this.#ledger !== undefined && sequence > this.#ledger.sequence)) return
    this.#acceptAhead()
  }

  #acceptAhead(): void {
    if (this.#ahead !== undefined) this.#extend(this.#ahead.record, this.#ahead.position)
    this.#ahead = undefined
  }

  #extend(record: AuditRecord, position: string): void {
    this.#noteHole(record.sequence)
    this.#firstSequence ??= record.sequence
    this.#oldestEventMs ??= record.receivedAt
    const isOurs = record.sourceID === sourceId(sourceUri(this.#organization))
    this.#head = {
      ...newHead(this.#organization),
      // Records name their endpoint only by its UUID. Another one's must not pass for this one's: the head then says so
      // and the organization is blocked until a person confirms.
      endpoint: isOurs ? this.#organization.endpoint : `another endpoint (sourceID ${record.sourceID})`,
      sequence: record.sequence,
      chainHash: Buffer.from(record.chainHash),
      newestCreatedAtMs: Math.max(this.#head?.newestCreatedAtMs ?? record.eventTime, record.eventTime),
      polledAtMs: record.receivedAt,
      lastPosition: position,
    }
  }

  #noteHole(sequence: number): void {
    const next = (this.#head?.sequence ?? sequence - 1) + 1
    if (sequence > next) this.#holes.push({ from: next, to: sequence - 1 })
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
    return contentDigest(parseJson(rawLog), rawLog)
  } catch {
    return 0
  }
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000))
}
