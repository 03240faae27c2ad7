import type { Checkpoint, Head, SeenEntry } from './event/checkpoint.ts'
import type { AddressEnrichment } from './event/enrich.ts'
import type { AuditLogExport } from './event/export.ts'
import type { Organization } from './event/organization.ts'
import type { Finding, LedgerEntry, StreamName, StreamRecords } from './event/records.ts'
import type { ForeignBytes } from './event/refused-record.ts'
import type { TrailEvidence } from './event/trail-evidence.ts'

export type { AuditLogExport, ExportElement, Spool } from './event/export.ts'

/**
 * What the poller and the forwarder know of the outside. Adapters (`hub/`, `kafka/`, `sqlite/`, `otlp/`, `spool/`)
 * implement these and never import one another.
 */

// ── The Hub ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Hub {
  /**
   * Starts one download. One attempt: retrying is the poller's decision, by `retryable` and `retryAfterMs` of the error.
   * Waits first where the token's rate limit demands it.
   */
  exportAuditLog(organization: Organization, signal: AbortSignal): Promise<AuditLogExport>
  /** `_id` of the user whose token polls this organization, for `tags.self`; undefined when it cannot be known. Cached. */
  ownUserId(organization: Organization, signal: AbortSignal): Promise<string | undefined>
  close(): Promise<void>
}

// ── Enrichment ──────────────────────────────────────────────────────────────────────────────────────────────────

export interface AddressEnricher {
  /** Reads again what has changed since. Never fails: what was read before goes on being used. */
  refresh(): Promise<void>
  /** Takes any text. The answers are shared: not to be changed. */
  enrich(ip: string): AddressEnrichment
  /** What the databases take outside of V8's heap. */
  heldBytes(): number
}

// ── The journal: the only place where state lives ───────────────────────────────────────────────────────────────

/** One Avro value of a stream, framed, as it is stored. */
export interface EncodedValue {
  readonly value: Buffer
  /** Kafka timestamp: receivedAt, or foundAt, or finishedAt. */
  readonly timestampMs: number
}

/** An event ready to be stored, with what the record's CloudEvents headers need. */
export interface EncodedEvent extends EncodedValue {
  readonly sequence: number
  /** The record's `id` (a UUID). */
  readonly id: string
  /** The Hub's `type`, made well-formed. */
  readonly type: string
  readonly createdAtMs: number
}

/** What is stored in one transaction, all of it or nothing. */
export interface Batch {
  readonly organization: Organization
  /** Of the checkpoint from which this was selected. */
  readonly term: number
  /** Must be those of the stored head (0 and the first chain hash before the first record), else `JOURNAL_STALE`. */
  readonly previous: { readonly sequence: number; readonly chainHash: Buffer }
  /** In order of `sequence`, from `previous.sequence + 1`, without holes. */
  readonly events: readonly EncodedEvent[]
  readonly deadLetters: readonly EncodedValue[]
  readonly findings: readonly EncodedValue[]
  /** In a poll's last batch only. */
  readonly ledger: EncodedValue | undefined
  /** The head after this batch; the journal fills in `lastPosition`. */
  readonly head: Head
  /** Checkpoint entries added or replaced, and keys forgotten. */
  readonly put: readonly SeenEntry[]
  readonly remove: readonly string[]
}

export interface Journal {
  readonly kind: 'kafka' | 'sqlite'
  /**
   * Connects, checks that it may write here, creates what is missing.
   * Throws `JOURNAL_UNAVAILABLE`, `JOURNAL_LOCKED`, `JOURNAL_MISMATCH`, `REGISTRY_…`.
   */
  open(signal: AbortSignal): Promise<void>
  /**
   * Which organizations (by identity) this process owns, each time that changes, the first as soon as it is known.
   * SQLite: all, once. Kafka: those of the assigned shards. Ends with the signal.
   */
  ownership(signal: AbortSignal): AsyncIterable<ReadonlySet<string>>
  /**
   * The organization's checkpoint. Reads the store only when needed (first time, after any failed commit, after the
   * shard came back): every reading opens a new term. Kafka fences the predecessor first, and rebuilds a lost
   * checkpoint from the topic. Throws `JOURNAL_UNAVAILABLE` (retryable), `JOURNAL_NOT_OWNED`, `JOURNAL_MISMATCH`.
   */
  resume(organization: Organization, signal: AbortSignal): Promise<Checkpoint>
  /**
   * Stores all of the batch or nothing; its values may be overwritten once this has settled. After any error the outcome may be unknown: `resume` again.
   * Throws `JOURNAL_STALE`, `JOURNAL_UNAVAILABLE`, `JOURNAL_NOT_OWNED`.
   */
  commit(batch: Batch): Promise<void>
  /** What goes before the Avro body of each stream's values: known after `open`. */
  framing(stream: StreamName): Buffer
  /**
   * Deletes what is older than `olderThanMs` and was forwarded (or everything older, when nothing is forwarded).
   * Kafka leaves that to the topic's retention: does nothing. Returns how many values were deleted.
   */
  prune(olderThanMs: number, forwarding: boolean): Promise<number>
  /** As far as it is known without asking anybody; undefined while it is not known. */
  health(): JournalHealth | undefined
  /** Finishes or aborts the open transaction, leaves the group, gives up the lock. */
  close(): Promise<void>
}

export interface JournalHealth {
  /** False: the store refused the last commit, or the group of workers has not answered for a while. */
  readonly reachable: boolean
  /** Kafka only: which of the shards are this worker's. */
  readonly shards: { readonly owned: readonly number[]; readonly total: number } | undefined
}

/** One value read from the journal. */
export type JournalEntry = {
  [S in StreamName]: {
    readonly stream: S
    /** The organization's identity. */
    readonly organization: string
    /** Where it lies, for people: `topic[partition]@offset`, or the row's number. */
    readonly position: string
    readonly record: StreamRecords[S]
  }
}[StreamName]

export interface TailOptions {
  readonly streams: readonly StreamName[]
  readonly fromBeginning: boolean
  /** False: ends at what is the end when it is called. */
  readonly follow: boolean
  /** Only this identity. */
  readonly organization?: string
}

/** Reads beside the one that writes; never sees what is not committed. */
export interface JournalReader {
  open(signal: AbortSignal): Promise<void>
  tail(options: TailOptions, signal: AbortSignal): AsyncIterable<JournalEntry>
  close(): Promise<void>
}

/** The forwarder's side of the journal, with its own durable cursor. */
export interface ForwardingSource {
  open(signal: AbortSignal): Promise<void>
  /**
   * Hands committed events, findings and ledger entries to `deliver`, in order for each organization, and moves the
   * durable cursor once it resolved: at least once. While `deliver` waits (an outage), the place in the group is kept;
   * its signal is aborted when the values now belong to another worker or the end is wanted. `deliver` resolves only
   * when every value was delivered, dead-lettered or (partial success) told; if it throws, the values come again.
   * Runs until the signal is aborted.
   */
  run(
    deliver: (entries: readonly JournalEntry[], signal: AbortSignal) => Promise<void>,
    options: ForwardingOptions,
    signal: AbortSignal,
  ): Promise<void>
  /** How many committed values wait behind the cursor. */
  backlog(): Promise<number>
  /** Stores what the collector refused (outside the poller's transactions). */
  storeDeadLetter(organization: string, value: DeadLetterInput): Promise<void>
  close(): Promise<void>
}

export interface ForwardingOptions {
  /** Bounds one hand-over. */
  readonly maxEntries: number
  /** Settles what becomes of a value that something else wrote into the journal: it is no part of any trail. */
  readonly onForeign?: (value: ForeignValue, signal: AbortSignal) => Promise<void>
  /** Why nothing can be taken from the journal now, which is tried again; undefined when that is over. */
  readonly onTrouble?: (message: string | undefined) => void
}

/** A value in the journal that is no part of any trail. */
export interface ForeignValue extends ForeignBytes {
  /** Where it lies, for people. */
  readonly position: string
}

export type DeadLetterInput = StreamRecords['dead-letters']

/** What is stored in the place of an organization's checkpoint, with its durable trace. */
export interface RecoveredTrail {
  readonly head: Head
  readonly entries: readonly SeenEntry[]
  readonly ledger: LedgerEntry
  readonly findings: readonly Finding[]
}

/** The errand of a person whose organization has lost its state, or has another endpoint. */
export interface JournalRecovery {
  open(signal: AbortSignal): Promise<void>
  /** Looks, beside whoever writes. Throws `JOURNAL_MISMATCH` for a checkpoint that a newer release wrote. */
  examine(organization: Organization, signal: AbortSignal): Promise<TrailEvidence>
  /**
   * Takes the trail from whoever writes it, looks again, and stores what `decide` makes of that: all of it or nothing.
   * A worker notices at its next commit and reads the checkpoint again; the embedded journal's must be stopped.
   */
  rewrite(
    organization: Organization,
    decide: (evidence: TrailEvidence) => RecoveredTrail,
    signal: AbortSignal,
  ): Promise<void>
  close(): Promise<void>
}

// ── OTLP ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What one export request came to. */
export type DeliveryResult =
  | { readonly kind: 'accepted'; readonly rejected: number; readonly message: string }
  /** 413, 400, 422: these records or the endpoint itself. */
  | { readonly kind: 'refused'; readonly status: number; readonly message: string }
  /** 429, 502, 503, 504, network: again, not before `retryAfterMs`. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number | undefined; readonly message: string }
  /** 401, 403, 404 and other 4xx: a person must act. */
  | { readonly kind: 'blocked'; readonly status: number; readonly message: string }

export interface LogSink {
  /** Where records go, without secrets: for the start line. */
  readonly destination: string
  /** One request; an empty list asks whether the endpoint accepts anything at all. */
  deliver(entries: readonly JournalEntry[], signal: AbortSignal): Promise<DeliveryResult>
  close(): Promise<void>
}
