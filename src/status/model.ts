import type { ErrorCode } from '../errors.ts'
import type { Finding } from '../event/records.ts'

/** What is known of a running worker, as one plain value: the page, the JSON, the command and the gauges only read it. */
export interface Status {
  readonly takenAtMs: number
  readonly worker: WorkerStatus
  readonly journal: JournalStatus
  /** Undefined: nothing is forwarded. */
  readonly forwarder: ForwarderStatus | undefined
  /** In the order of the configuration, also those that another worker polls. */
  readonly organizations: readonly OrganizationStatus[]
}

export interface WorkerStatus {
  readonly version: string
  readonly nodeVersion: string
  readonly hub: string
  readonly pollIntervalMs: number
  readonly startedAtMs: number
  /** Resident memory. */
  readonly memoryBytes: number
}

export interface JournalStatus {
  readonly kind: 'kafka' | 'sqlite'
  /** Brokers and topic, or the directory. */
  readonly place: string
  /** `opening`: it was not reached yet since the start. */
  readonly state: 'opening' | 'reachable' | 'unreachable'
  /** Why it is not reachable, as far as that is known. */
  readonly message: string | undefined
  /** True when it is the schema registry that keeps it from being written. */
  readonly isRegistryAway: boolean
  /** Since when it is not reachable. */
  readonly sinceMs: number | undefined
  /** Kafka only, once the group has assigned them. */
  readonly shards: OwnedShards | undefined
}

export interface OwnedShards {
  readonly owned: readonly number[]
  readonly total: number
}

export interface ForwarderStatus {
  readonly destination: string
  /**
   * `unknown`: it was not asked yet. `unavailable` is tried again by itself, `blocked` needs a person. `stalled`: the
   * journal gives nothing to forward, whatever the collector does.
   */
  readonly state: 'unknown' | 'flowing' | 'stalled' | 'unavailable' | 'blocked'
  readonly message: string | undefined
  /** Since when it is stalled, unavailable or blocked. */
  readonly sinceMs: number | undefined
  /** Committed values that wait; undefined while the journal cannot say. */
  readonly backlog: number | undefined
  /** Since the start of the process, like the two after it. */
  readonly delivered: number
  readonly rejected: number
  readonly deadLettered: number
  readonly lastError: { readonly message: string; readonly atMs: number } | undefined
}

/**
 * - `starting`: this worker has not finished a poll of it yet; what earlier ones left is shown.
 * - `backfill`: its first poll, or one that goes on where another was cut off, is under way.
 * - `polling`: any other poll is under way.
 * - `current`: the last poll published something. `quiet`: it brought nothing new.
 * - `failing`: the last try failed and comes again by itself. `blocked`: a person must act.
 * - `elsewhere`: another worker polls it.
 */
export type Phase =
  | 'starting'
  | 'backfill'
  | 'polling'
  | 'current'
  | 'quiet'
  | 'failing'
  | 'blocked'
  | 'elsewhere'

export interface OrganizationStatus {
  /** Its identity. */
  readonly organization: string
  /** Its present name at the Hub. */
  readonly name: string
  readonly phase: Phase
  /** The last poll that got to its end, whichever process made it. */
  readonly lastPoll: LastPoll | undefined
  readonly nextPollAtMs: number | undefined
  /**
   * Since the last poll that got to its end; where there was none, since this worker took the organization. Undefined
   * for one that another worker polls.
   */
  readonly lagMs: number | undefined
  readonly newestEventAtMs: number | undefined
  /** Records published over the whole life of the trail; undefined while its checkpoint was not read. */
  readonly sequence: number | undefined
  /** Published events by the hour of their createdAt, the oldest first; the last is the hour that runs. */
  readonly eventsPerHour: readonly number[]
  /** Undefined while this worker has not finished a poll. */
  readonly wireBytesPerMonth: number | undefined
  readonly progress: Progress | undefined
  readonly problem: Problem | undefined
  readonly findings: Findings
  /** Elements of exports that were no events, over the whole life of the trail. */
  readonly deadLetters: number | undefined
  /** Events published since the start of the process whose types the catalogue lacks. */
  readonly unknownTypes: readonly UnknownTypeStatus[]
  /** Undefined where the Hub did not say. */
  readonly tokenExpiresAtMs: number | undefined
}

export interface UnknownTypeStatus {
  /** `_OTHER` for those that came after the first 50 types of the organization. */
  readonly type: string
  readonly events: number
}

export interface LastPoll {
  /** When its download began: what the Hub had then is in the journal. */
  readonly receivedAtMs: number
  /** The rest is known of this worker's own polls. */
  readonly durationMs: number | undefined
  readonly published: number | undefined
  readonly wireBytes: number | undefined
}

export interface Progress {
  readonly step: 'downloading' | 'publishing'
  /** Bytes on the wire, or events. */
  readonly done: number
  /** Undefined where the Hub has not said how much it will send. */
  readonly total: number | undefined
  /** Of this step. */
  readonly remainingMs: number | undefined
}

export interface Problem {
  readonly code: ErrorCode
  /** What is wrong and how to mend it. */
  readonly message: string
  readonly sinceMs: number
  readonly attempts: number
}

export interface Findings {
  /** False while what earlier processes found was not read from the journal. */
  readonly isComplete: boolean
  readonly counts: Readonly<Partial<Record<Finding['kind'], number>>>
  /** The newest first. */
  readonly latest: readonly FindingStatus[]
}

export interface FindingStatus {
  readonly kind: Finding['kind']
  readonly severity: string
  readonly message: string
  readonly count: number
  readonly foundAtMs: number
}
