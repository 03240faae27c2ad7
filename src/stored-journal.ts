import type { Head } from './event/checkpoint.ts'
import type { StreamName, StreamRecords } from './event/records.ts'
import type { SeenEvents } from './event/seen-events.ts'

/** What `verify` knows of a journal: a port beside those in ports.ts, for whom nothing stored may be unreadable. */

/** A value as it is stored, whatever it is: what is wrong with it is for its reader to tell, not to fail on. */
export interface StoredValue {
  /** Undefined: of none that this release knows. */
  readonly stream: StreamName | undefined
  /** Whose it is by the store: the record's key, the row's organization. Undefined where that says nobody. */
  readonly key: string | undefined
  /** Kafka's partition; 0 in the embedded journal. */
  readonly partition: number
  /** Where readers look for this key. */
  readonly expectedPartition: number
  /** Kafka's offset; the row's number. */
  readonly offset: number
  /** Null: a record without a value. May be used until the page was taken only. */
  readonly value: Buffer | null
  /** As its writer set it; undefined where the broker set its own. */
  readonly timestampMs: number | undefined
  /** The row's own column; undefined where the store has none. */
  readonly sequence: number | undefined
  /** Of several of one name the first. Undefined where the store has none. */
  readonly headers: Readonly<Record<string, string>> | undefined
}

/** What the store itself says of the trails in it. */
export interface JournalState {
  readonly trails: readonly StoredTrail[]
  /** By partition: the first offset of the events that retention has left; 0 where it took nothing. */
  readonly firstOffsets: readonly number[]
}

export interface StoredTrail {
  /** Its identity. */
  readonly organization: string
  /** Undefined when there is none, or it cannot be read: then `fault` says why. */
  readonly head: Head | undefined
  readonly fault: string | undefined
  /** Sequence of the first record that pruning has left (or of the next one); undefined where the store does not know. */
  readonly firstSequence: number | undefined
}

export interface ScanOptions {
  /** Only what may concern this identity: more may come. */
  readonly organization?: string | undefined
}

/** How much of what is to be read was read, in positions. */
export interface ScanProgress {
  readonly done: number
  readonly total: number
}

/** Reads everything as it is stored, beside the one that writes; never sees what is not committed. */
export interface JournalScanner {
  /** Throws `JOURNAL_UNAVAILABLE`, `JOURNAL_MISMATCH`. */
  open(signal: AbortSignal): Promise<void>
  /** As of now: with all that was committed before the call. */
  state(signal: AbortSignal): Promise<JournalState>
  /**
   * Hands over what is committed, in the order of each partition; each page when the one before was taken. Holds
   * everything that belongs to the heads of a `state` before it.
   */
  scan(
    options: ScanOptions,
    take: (page: readonly StoredValue[], progress: ScanProgress) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void>
  /** A promise only where a registry must be asked. Throws `JOURNAL_MISMATCH` for what is no value of the stream. */
  decode<S extends StreamName>(stream: S, value: Buffer): StreamRecords[S] | Promise<StreamRecords[S]>
  /** The checkpoint's entries of one organization. */
  seen(organization: string, signal: AbortSignal): Promise<SeenEvents>
  /** For people. */
  positionText(stream: StreamName | undefined, partition: number, offset: number): string
  close(): Promise<void>
}
