import type { Checkpoint, ForwardedOffsets, Head, SeenEntry } from './event/checkpoint.ts'
import type { Organization } from './event/organization.ts'
import type { StreamName } from './event/records.ts'
import type { EncodedEvent, EncodedValue } from './ports.ts'

/** The two ends of a move from the embedded journal to Kafka. */

/** A trail of the embedded journal. */
export interface EmbeddedTrail {
  readonly identity: string
  /** Undefined where only dead letters were stored. */
  readonly head: Head | undefined
  /** Of the first event kept, or of the next one when none is. */
  readonly firstSequence: number
  /** How many values there are. */
  readonly values: number
}

export interface EmbeddedValue extends EncodedValue {
  readonly position: number
  readonly stream: StreamName
}

export interface PageLimits {
  readonly maxValues: number
  readonly maxBytes: number
}

export interface MigrationSource {
  /** For people. */
  readonly location: string
  /** Becomes the only process that writes there. Throws `JOURNAL_LOCKED`, `JOURNAL_UNAVAILABLE`, `JOURNAL_MISMATCH`. */
  open(): void
  /** Where it was moved to before; undefined when it was not. */
  movedTo(): string | undefined
  /** Throws `JOURNAL_MISMATCH` where a trail does not fit its checkpoint. */
  trails(): EmbeddedTrail[]
  /** Up to here everything was forwarded; 0 when nothing was. */
  forwardedThrough(): number
  lastPosition(): number
  /** The values after one position up to another, in order; `next` is what to ask for then. */
  read(
    identity: string,
    after: number,
    through: number,
    limits: PageLimits,
  ): { readonly values: readonly EmbeddedValue[]; readonly next: number }
  /** Of an event; undefined when it is not there (any more). */
  chainHashAt(identity: string, sequence: number): Buffer | undefined
  seen(identity: string): SeenEntry[]
  /** From then on it can be read but not written. */
  markMoved(destination: string, atMs: number): void
  close(): void
}

/** What is moved in one transaction. */
export interface MigratedBatch {
  readonly organization: Organization
  readonly term: number
  /** Position up to which the trail must be there already; undefined where nothing may be. */
  readonly after: number | undefined
  readonly events: readonly EncodedEvent[]
  readonly deadLetters: readonly EncodedValue[]
  readonly findings: readonly EncodedValue[]
  readonly ledger: readonly EncodedValue[]
  /** With `migration`; the journal fills in `lastPosition`. */
  readonly head: Head
  readonly put: readonly SeenEntry[]
}

export interface MigrationTarget {
  /** For people, without secrets. */
  readonly location: string
  /** Waits for the brokers. Creates what is missing; with `look` it does not, and false says that something is. */
  open(signal: AbortSignal, purpose: 'move' | 'look'): Promise<boolean>
  /** Trails of one shard share its partitions. */
  shardOf(identity: string): number
  /** As `Journal.resume`, also of a trail of which only a part is there. */
  resume(organization: Organization, signal: AbortSignal): Promise<Checkpoint>
  /** Stores all of the batch or nothing. After any error: `resume` again. */
  commit(batch: MigratedBatch): Promise<void>
  framing(stream: StreamName): Buffer
  /** Where the next records of the shard will lie at the earliest. */
  ends(shard: number): Promise<ForwardedOffsets>
  /** Throws `JOURNAL_UNAVAILABLE` while forwarders run. */
  requireIdleForwarders(): Promise<void>
  /**
   * Lets forwarding of the shard go on at these offsets, or at the first record before them that waits and is of none of
   * the `moved`.
   */
  forwardFrom(
    shard: number,
    offsets: ForwardedOffsets,
    moved: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<void>
  close(): Promise<void>
}
