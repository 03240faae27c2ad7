import type { SeenEvents } from './seen-events.ts'
import type { ToldContents } from './told-contents.ts'

/** Newer formats than these are refused (exit 4): an older program must not overwrite what it cannot read. */
export const CHECKPOINT_FORMAT_VERSION = 1
/** How `SeenEntry.digest` is computed; an older version is recomputed without a finding. */
export const DIGEST_VERSION = 1

/** Sums over the whole life of the organization. */
export interface LedgerTotals {
  polls: number
  fetched: number
  published: number
  alreadySeen: number
  filtered: number
  deadLettered: number
  repeated: number
}

/** The head of an organization's checkpoint: where its trail stands. Stored as JSON, chainHash in hex. */
export interface Head {
  formatVersion: number
  digestVersion: number
  endpoint: string
  /** Sequence of the last published record, 0 before the first. */
  sequence: number
  /** 32 bytes. */
  chainHash: Buffer
  /** createdAt of the newest event published so far. */
  newestCreatedAtMs: number | null
  /** When the last poll that got to its end was received; null before the first. */
  polledAtMs: number | null
  totals: LedgerTotals
  /**
   * Set between the transactions of one poll: that poll was cut off if a later one finds it. A capped export that
   * begins later than `oldestUnpublishedCreatedAtMs` is then a gap.
   */
  openPoll: { startedAtMs: number; oldestUnpublishedCreatedAtMs: number } | null
  /** Consecutive empty arrays after events: taken for a lagging replica until the third. */
  emptyExports: number
  /** For the journal alone: where the last published record lies (Kafka: its offset), to notice a topic cut short. */
  lastPosition: string | null
  /** Absent while nothing changed. */
  toldContents?: ToldContents
  /** Only of a trail that was moved here from an embedded journal. */
  migration?: Migration
}

/** How far the move of a trail from an embedded journal came. */
export interface Migration {
  /** Every value of this trail up to this position of the embedded journal is here. */
  readonly through: number
  /** Where the embedded journal's forwarder stood when the move began. Values up to there are moved first … */
  readonly forwardedThrough: number
  /** … and before these offsets of the shard's partitions; null until they are all here. */
  readonly unforwardedFrom: ForwardedOffsets | null
  /** The trail's anchor when all of it was here; null before: then nobody but the move may write. */
  readonly finished: string | null
}

/** By stream that is forwarded. */
export interface ForwardedOffsets {
  readonly events: number
  readonly findings: number
  readonly ledger: number
}

export type SeenState = 'published' | 'filtered' | 'dead-lettered'

/** What is remembered of one event of the window: 40 bytes or so when stored. */
export interface SeenEntry {
  /** The event's `_id`; for a dead letter {@link poisonKey} of its bytes. */
  readonly key: string
  /** CRC-32 of the element's exact bytes in the last export that held it. */
  readonly crc: number
  /** Of the content without the fields that the Hub rewrites: 48 bits. */
  readonly digest: number
  readonly createdAtMs: number
  /** When the export that first held it was received, epoch seconds: tells which ids came together, and which were dated ahead. */
  readonly firstSeenSeconds: number
  readonly state: SeenState
  /** How many complete exports in a row missed it where they should have held it: 0, 1, 2 (2: told). */
  readonly missed: number
  /** Two elements of this id with different content stood in one export, and that was told. */
  readonly pairTold: boolean
  /** Since when exports do not hold it, epoch seconds; 0 while they do. */
  readonly absentSinceSeconds: number
}

/** What `Journal.resume` hands out. */
export interface Checkpoint {
  /** Of the reading this came from; `commit` refuses an older one. */
  readonly term: number
  /** Undefined for an organization that was never polled. */
  readonly head: Head | undefined
  /** Owned by the journal, which applies a batch's changes after its commit: readers must not change it. */
  readonly seen: SeenEvents
}

/** No well-formed text begins with the second half of a surrogate pair, and an `_id` that is not well-formed is poison. */
const POISON_PREFIX = '\udc00'

/** The key under which a dead letter is remembered: its identity is the SHA-256 of its bytes. */
export function poisonKey(sha256: Uint8Array): string {
  return POISON_PREFIX + Buffer.from(sha256).toString('hex')
}

export function isPoisonKey(key: string): boolean {
  return key.startsWith(POISON_PREFIX)
}

/** The SHA-256 in a poison key, 32 bytes. */
export function sha256OfPoisonKey(key: string): Buffer {
  return Buffer.from(key.slice(POISON_PREFIX.length), 'hex')
}
