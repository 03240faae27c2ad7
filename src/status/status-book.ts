import type { ConnectorError, ErrorCode } from '../errors.ts'
import type { Checkpoint } from '../event/checkpoint.ts'
import type { Organization } from '../event/organization.ts'
import type { Finding } from '../event/records.ts'
import type { ForwarderState } from '../forwarder.ts'
import type { PollOutcome, PollProgress } from '../poller.ts'
import type { Batch, JournalHealth } from '../ports.ts'
import type { ForwarderStatus, JournalStatus, Status } from './model.ts'
import { OrganizationBook } from './organization-book.ts'

export interface StatusSettings {
  /** May change while it runs. */
  readonly organizations: readonly Organization[]
  readonly hub: string
  readonly pollIntervalMs: number
  readonly version: string
  readonly journal: { readonly kind: 'kafka' | 'sqlite'; readonly place: string }
  /** Undefined: nothing is forwarded. */
  readonly otlpDestination: string | undefined
}

const UNKNOWN_REASON = 'it has not answered for longer than the session time-out'

/** Notes what happens in this process and says on demand how it stands. Asks nobody: what it does not hear it does not know. */
export class StatusBook {
  readonly #settings: StatusSettings
  readonly #now: () => number
  readonly #startedAtMs: number
  readonly #books = new Map<string, OrganizationBook>()
  #journalHealth: (() => JournalHealth | undefined) | undefined
  #openingTrouble:
    | { readonly message: string; readonly code: ErrorCode; readonly sinceMs: number }
    | undefined
  #silentSinceMs: number | undefined
  #forwarder: ForwarderState | undefined
  #forwarderTroubleSinceMs: number | undefined

  constructor(settings: StatusSettings, now: () => number) {
    this.#settings = settings
    this.#now = now
    this.#startedAtMs = now()
  }

  /** The journal is open; `health` is asked whenever the status is. */
  journalOpened(health: () => JournalHealth | undefined): void {
    this.#journalHealth = health
    this.#openingTrouble = undefined
  }

  /** The journal could not be opened yet. */
  openingFailed(message: string, code: ErrorCode): void {
    if (this.#journalHealth !== undefined) return
    this.#openingTrouble = { message, code, sinceMs: this.#openingTrouble?.sinceMs ?? this.#now() }
  }

  owned(identities: ReadonlySet<string>): void {
    for (const organization of this.#settings.organizations) {
      const book = this.#bookOf(organization)
      if (identities.has(organization.identity)) book.owned(this.#now())
      else if (book.isOwned) book.lost()
    }
  }

  waiting({ identity }: Organization, forMs: number): void {
    this.#books.get(identity)?.waiting(this.#now() + forMs)
  }

  resumed({ identity }: Organization, checkpoint: Checkpoint): void {
    this.#books.get(identity)?.resumed(checkpoint, this.#now())
  }

  progressed(progress: PollProgress): void {
    this.#books.get(progress.organization.identity)?.progressed(progress, this.#now())
  }

  isBackfilling({ identity }: Organization): boolean {
    return this.#books.get(identity)?.isBackfilling === true
  }

  committed(batch: Batch): void {
    this.#books.get(batch.organization.identity)?.committed(batch, this.#now())
  }

  polled({ identity }: Organization, outcome: PollOutcome): void {
    this.#books.get(identity)?.polled(outcome)
  }

  failed({ identity }: Organization, error: ConnectorError, retryInMs: number | undefined): void {
    const nowMs = this.#now()
    const retryAtMs = retryInMs === undefined ? undefined : nowMs + retryInMs
    this.#books.get(identity)?.failed(error, retryAtMs, nowMs)
  }

  found(finding: Finding): void {
    this.#books.get(finding.organization)?.found(finding)
  }

  findingsRead(identities: Iterable<string>): void {
    for (const identity of identities) this.#books.get(identity)?.findingsRead()
  }

  tokenExpires({ identity }: Organization, atMs: number | undefined): void {
    this.#books.get(identity)?.tokenExpires(atMs)
  }

  forwarderAt(state: ForwarderState): void {
    this.#forwarder = state
    const isWell = (state.blocked ?? state.unavailable ?? state.stalled) === undefined
    this.#forwarderTroubleSinceMs = isWell ? undefined : (this.#forwarderTroubleSinceMs ?? this.#now())
  }

  status(): Status {
    const nowMs = this.#now()
    const { version, hub, pollIntervalMs } = this.#settings
    return {
      takenAtMs: nowMs,
      worker: {
        version,
        nodeVersion: process.versions.node,
        hub,
        pollIntervalMs,
        startedAtMs: this.#startedAtMs,
        memoryBytes: process.memoryUsage.rss(),
      },
      journal: this.#journal(nowMs),
      forwarder: this.#forwarderStatus(),
      organizations: this.#settings.organizations.map(one => this.#bookOf(one).status(nowMs)),
    }
  }

  #bookOf(organization: Organization): OrganizationBook {
    let book = this.#books.get(organization.identity)
    if (book === undefined) {
      book = new OrganizationBook(organization, this.#settings.pollIntervalMs)
      this.#books.set(organization.identity, book)
    }
    return book
  }

  #journal(nowMs: number): JournalStatus {
    const { kind, place } = this.#settings.journal
    if (this.#journalHealth === undefined) {
      const trouble = this.#openingTrouble
      return {
        kind,
        place,
        state: 'opening',
        message: trouble?.message,
        isRegistryAway: trouble?.code === 'REGISTRY_UNAVAILABLE',
        sinceMs: trouble?.sinceMs,
        shards: undefined,
      }
    }
    const health = this.#journalHealth()
    const trouble = [...this.#books.values()]
      .map(({ problem }) => problem)
      .find(problem => problem !== undefined && isJournalTrouble(problem.code))
    const answers = health?.reachable !== false
    this.#silentSinceMs = answers ? undefined : (this.#silentSinceMs ?? nowMs)
    const sinceMs = trouble?.sinceMs ?? this.#silentSinceMs
    return {
      kind,
      place,
      state: sinceMs === undefined ? 'reachable' : 'unreachable',
      message: sinceMs === undefined ? undefined : (trouble?.message ?? UNKNOWN_REASON),
      isRegistryAway: trouble?.code === 'REGISTRY_UNAVAILABLE',
      sinceMs,
      shards: health?.shards,
    }
  }

  #forwarderStatus(): ForwarderStatus | undefined {
    const destination = this.#settings.otlpDestination
    if (destination === undefined) return undefined
    const state = this.#forwarder
    return {
      destination,
      ...forwardingOf(state),
      sinceMs: this.#forwarderTroubleSinceMs,
      backlog: state?.backlog,
      delivered: state?.delivered ?? 0,
      rejected: state?.rejected ?? 0,
      deadLettered: state?.deadLettered ?? 0,
      lastError: state?.lastError,
    }
  }
}

function forwardingOf(state: ForwarderState | undefined): Pick<ForwarderStatus, 'state' | 'message'> {
  if (state === undefined) return { state: 'unknown', message: undefined }
  const { blocked, unavailable, stalled } = state
  if (blocked !== undefined) return { state: 'blocked', message: blocked }
  if (unavailable !== undefined) return { state: 'unavailable', message: unavailable }
  if (stalled !== undefined) return { state: 'stalled', message: stalled }
  return { state: 'flowing', message: undefined }
}

/** Not of one organization: the journal itself cannot be reached or written. */
function isJournalTrouble(code: ErrorCode): boolean {
  return code === 'JOURNAL_UNAVAILABLE' || code === 'REGISTRY_UNAVAILABLE'
}
