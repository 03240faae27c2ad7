import type { StreamName } from './event/records.ts'
import type { JournalEntry } from './ports.ts'

/** What a replay knows of the outside: a journal to read again, and a target to send to. */

export type ReplayRange =
  /** By the time when it was received (or found, or finished), or by `createdAt`: from inclusive, to exclusive. */
  | {
      readonly by: 'received-time' | 'event-time'
      readonly fromMs: number | undefined
      readonly toMs: number | undefined
    }
  /** Events of one organization, both ends inclusive. */
  | { readonly by: 'sequence'; readonly from: number; readonly to: number | undefined }

export interface ReplaySelection {
  readonly stream: StreamName
  /** Only this identity; always set where the range is one of sequences. */
  readonly organization: string | undefined
  readonly range: ReplayRange
}

/** A record as the journal has it. */
export interface ReplayRecord {
  readonly entry: JournalEntry
  /** As it lies in Kafka, or would. */
  readonly stored: {
    readonly key: Buffer | null
    readonly value: Buffer
    readonly headers: Readonly<Record<string, HeaderValue>>
    readonly timestampMs: number
  }
}
export type HeaderValue = Buffer | string | (Buffer | string)[] | undefined

/** A part of the journal, in the journal's own units (offsets of a partition; positions or sequences). */
export interface ReplaySpan {
  /** 0 where there are no partitions. */
  readonly partition: number
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

export interface ReplayPage {
  /** In order. May hold some outside of the range: the reader cannot always know. */
  readonly records: readonly ReplayRecord[]
  /** Where the next page begins. */
  readonly next: number
}

/** Reads beside whoever writes, and leaves nothing behind that they could notice. */
export interface ReplaySource {
  /** The journal, for people, and to tell one from another. */
  readonly origin: string
  open(signal: AbortSignal): Promise<void>
  /** Where records of the range can lie, as of now; parts that hold nothing are left out. */
  spans(selection: ReplaySelection, signal: AbortSignal): Promise<ReplaySpan[]>
  /** Committed records of the span in pages of a few megabytes, up to its end. */
  read(span: ReplaySpan, selection: ReplaySelection, signal: AbortSignal): AsyncIterable<ReplayPage>
  close(): Promise<void>
}

/** How far a replay is within one span. */
export interface SpanProgress extends ReplaySpan {
  readonly next: number
  /** Records that arrived. */
  readonly sent: number
  /** Records that the target refused for good. */
  readonly refused: number
}

/** All that is kept of a replay. */
export interface ReplayState {
  /** What was asked for, in words: the same name with other words is a mistake. */
  readonly request: string
  /** 1, and one more with each time that it is run again from the start. */
  readonly run: number
  readonly spans: readonly SpanProgress[]
  /** Where the target is a file. */
  readonly file?: FileMark
}

/** Up to where a file was written, and by what that is recognized. */
export interface FileMark {
  readonly bytes: number
  /** The last thing written: its length and SHA-256, hexadecimal. */
  readonly lastBytes: number
  readonly lastSha256: string
  /** Of an Avro file, hexadecimal. */
  readonly syncMarker: string
}

/** Where the state of one replay is kept, by its name. */
export interface ReplayCursor {
  /** Shuts out any other process that runs this replay, then reads what is kept. Throws `JOURNAL_LOCKED`. */
  resume(signal: AbortSignal): Promise<ReplayState | undefined>
  /** `changed`: the index of the only span that did; undefined for all. */
  save(state: ReplayState, changed: number | undefined): Promise<void>
  close(): Promise<void>
}

/** What a target tells before anything is sent. */
export interface Standing {
  readonly state: ReplayState | undefined
  /** It holds something already, of this replay or of others. */
  readonly occupied: boolean
  /** What the state says was sent is no longer there at all, as when a file was deleted. */
  readonly lost: boolean
}

export interface ReplayTarget {
  /** For people, without secrets. */
  readonly destination: string
  /** Looks whether it can be what it is to be. Changes nothing. Throws `CONFIG_INVALID`. */
  check(signal: AbortSignal): Promise<void>
  /** Also after a failed `write`, whose outcome is unknown. Throws what `ReplayCursor.resume` throws. */
  resume(signal: AbortSignal): Promise<Standing>
  /** From the start, with nothing sent yet; returns the state as it was kept. */
  begin(state: ReplayState, signal: AbortSignal): Promise<ReplayState>
  /**
   * Sends the records and keeps the state, in which span `changed` has moved over them. Returns the state as it was kept:
   * records that were refused for good are counted there. Throws `STOPPED`; retryable errors leave an unknown outcome.
   */
  write(
    records: readonly ReplayRecord[],
    state: ReplayState,
    changed: number,
    signal: AbortSignal,
  ): Promise<ReplayState>
  /** Why nothing goes out just now, where the target keeps trying; undefined when all is well. */
  readonly trouble?: () => string | undefined
  close(): Promise<void>
}
