import { blocksOrganization, type ConnectorError } from '../errors.ts'
import { lookup } from '../event/catalogue.ts'
import type { Checkpoint, Head } from '../event/checkpoint.ts'
import { timeOfIdentity } from '../event/finding-identity.ts'
import type { Organization } from '../event/organization.ts'
import type { Finding } from '../event/records.ts'
import type { PollOutcome, PollProgress } from '../poller.ts'
import type { Batch } from '../ports.ts'
import { HourlyCounts } from './hourly-counts.ts'
import type { FindingStatus, LastPoll, OrganizationStatus, Phase, Problem, Progress } from './model.ts'
import { UnknownTypeCounts } from './unknown-type-counts.ts'

const MONTH_MS = 30 * 24 * 3_600_000
/** Of whose sizes the month's bytes are estimated. */
const POLLS_REMEMBERED = 20
const FINDINGS_SHOWN = 10
/** Of older ones only the number is kept. */
const FINDINGS_REMEMBERED = 500

interface RunningPoll {
  readonly isBackfill: boolean
  step: Progress['step'] | undefined
  stepStartedAtMs: number
  done: number
  total: number | undefined
}

/** What is known of one organization, noted as it happens. Times are epoch milliseconds. */
export class OrganizationBook {
  readonly #organization: Organization
  readonly #pollIntervalMs: number
  readonly #hours = new HourlyCounts()
  readonly #unknownTypes = new UnknownTypeCounts()
  readonly #wireBytes: number[] = []
  readonly #findings = new Map<string, FindingStatus>()
  readonly #olderFindings = new Map<Finding['kind'], number>()
  #findingsRead = false
  #ownedSinceMs: number | undefined
  #term: number | undefined
  #head: Head | undefined
  #lastPoll: LastPoll | undefined
  #polledHere = false
  #running: RunningPoll | undefined
  #nextPollAtMs: number | undefined
  #problem: Problem | undefined
  #tokenExpiresAtMs: number | undefined

  constructor(organization: Organization, pollIntervalMs: number) {
    this.#organization = organization
    this.#pollIntervalMs = pollIntervalMs
  }

  get isOwned(): boolean {
    return this.#ownedSinceMs !== undefined
  }

  get problem(): Problem | undefined {
    return this.#problem
  }

  get isBackfilling(): boolean {
    return this.#running?.isBackfill === true
  }

  owned(nowMs: number): void {
    this.#ownedSinceMs ??= nowMs
  }

  /** Another worker has it: what was known here grows old, and is read again when it comes back. */
  lost(): void {
    this.#ownedSinceMs = undefined
    this.#running = undefined
    this.#nextPollAtMs = undefined
    this.#problem = undefined
    this.#polledHere = false
    this.#findingsRead = false
    this.#findings.clear()
    this.#olderFindings.clear()
  }

  waiting(untilMs: number): void {
    this.#nextPollAtMs = untilMs
  }

  /** A poll begins. */
  resumed(checkpoint: Checkpoint, nowMs: number): void {
    const { head, term, seen } = checkpoint
    const isBackfill = head === undefined || head.polledAtMs === null || head.openPoll !== null
    this.#running = { isBackfill, step: undefined, stepStartedAtMs: nowMs, done: 0, total: undefined }
    this.#nextPollAtMs = undefined
    this.#noteHead(head)
    if (term === this.#term) return
    this.#term = term
    this.#hours.clear()
    for (let slot = 0; slot < seen.slotCount; slot++) {
      if (seen.keyAt(slot) !== undefined && seen.stateAt(slot) === 'published')
        this.#hours.add(seen.createdAtMsAt(slot), nowMs)
    }
  }

  progressed(progress: PollProgress, nowMs: number): void {
    const running = this.#running
    if (running === undefined) return
    if (running.step !== progress.phase) {
      running.step = progress.phase
      running.stepStartedAtMs = nowMs
    }
    running.done = progress.done
    running.total = progress.total
  }

  committed(batch: Batch, nowMs: number): void {
    this.#noteHead(batch.head)
    for (const { type, createdAtMs } of batch.events) {
      this.#hours.add(createdAtMs, nowMs)
      if (lookup(type) === undefined) this.#unknownTypes.add(type)
    }
  }

  polled({ ledger, findings }: PollOutcome): void {
    const { receivedAt, startedAt, finishedAt, published, wireBytes } = ledger
    this.#lastPoll = {
      receivedAtMs: receivedAt ?? finishedAt,
      durationMs: finishedAt - startedAt,
      published,
      wireBytes,
    }
    this.#polledHere = true
    this.#wireBytes.push(wireBytes)
    if (this.#wireBytes.length > POLLS_REMEMBERED) this.#wireBytes.shift()
    this.#running = undefined
    this.#problem = undefined
    for (const finding of findings) this.found(finding)
  }

  failed(error: ConnectorError, retryAtMs: number | undefined, nowMs: number): void {
    const { code, message } = error
    const before = this.#problem
    const sinceMs = before === undefined ? nowMs : before.sinceMs
    this.#problem = { code, message, sinceMs, attempts: (before?.attempts ?? 0) + 1 }
    this.#running = undefined
    this.#nextPollAtMs = retryAtMs
  }

  /** Also those that earlier processes have found, in any order and more than once. */
  found(finding: Finding): void {
    const { kind, severity, message, count, foundAt } = finding
    const status = { kind, severity, message, count, foundAtMs: foundAt }
    this.#findings.set(`${kind} ${timeOfIdentity(finding) ?? message} ${finding.sequence} ${count}`, status)
    if (this.#findings.size <= FINDINGS_REMEMBERED) return
    const [key, oldest] = this.#findings.entries().next().value!
    this.#findings.delete(key)
    this.#olderFindings.set(oldest.kind, (this.#olderFindings.get(oldest.kind) ?? 0) + 1)
  }

  findingsRead(): void {
    this.#findingsRead = true
  }

  tokenExpires(atMs: number | undefined): void {
    this.#tokenExpiresAtMs = atMs
  }

  status(nowMs: number): OrganizationStatus {
    const head = this.#head
    return {
      organization: this.#organization.identity,
      name: this.#organization.name,
      phase: this.#phase(),
      lastPoll: this.#lastPoll,
      nextPollAtMs: this.#running === undefined ? this.#nextPollAtMs : undefined,
      lagMs:
        this.#ownedSinceMs === undefined
          ? undefined
          : Math.max(0, nowMs - (this.#lastPoll?.receivedAtMs ?? this.#ownedSinceMs)),
      newestEventAtMs: head?.newestCreatedAtMs ?? undefined,
      sequence: head?.sequence,
      eventsPerHour: this.#hours.counts(nowMs),
      wireBytesPerMonth: this.#wireBytesPerMonth(),
      progress: this.#progress(nowMs),
      problem: this.#problem,
      findings: this.#findingsStatus(),
      deadLetters: head?.totals.deadLettered,
      unknownTypes: this.#unknownTypes.counts(),
      tokenExpiresAtMs: this.#tokenExpiresAtMs,
    }
  }

  #noteHead(head: Head | undefined): void {
    this.#head = head
    const receivedAtMs = head?.polledAtMs ?? undefined
    if (receivedAtMs === undefined || receivedAtMs === this.#lastPoll?.receivedAtMs) return
    this.#lastPoll = { receivedAtMs, durationMs: undefined, published: undefined, wireBytes: undefined }
  }

  #phase(): Phase {
    if (this.#ownedSinceMs === undefined) return 'elsewhere'
    if (this.#problem !== undefined) return blocksOrganization(this.#problem) ? 'blocked' : 'failing'
    if (this.#running !== undefined) {
      if (this.#running.isBackfill && this.#running.step !== undefined) return 'backfill'
      return this.#polledHere ? 'polling' : 'starting'
    }
    if (!this.#polledHere) return 'starting'
    return (this.#lastPoll?.published ?? 0) > 0 ? 'current' : 'quiet'
  }

  #progress(nowMs: number): Progress | undefined {
    const running = this.#running
    if (running?.step === undefined) return undefined
    const { step, done, total, stepStartedAtMs } = running
    const elapsedMs = nowMs - stepStartedAtMs
    const canTell = total !== undefined && done > 0 && done <= total && elapsedMs > 0
    const remainingMs = canTell ? Math.round((elapsedMs / done) * (total - done)) : undefined
    return { step, done, total, remainingMs }
  }

  #wireBytesPerMonth(): number | undefined {
    const polls = this.#wireBytes
    if (polls.length === 0) return undefined
    const mean = polls.reduce((sum, bytes) => sum + bytes, 0) / polls.length
    return Math.round((mean * MONTH_MS) / this.#pollIntervalMs)
  }

  #findingsStatus(): OrganizationStatus['findings'] {
    const counts: Partial<Record<Finding['kind'], number>> = Object.fromEntries(this.#olderFindings)
    const all = [...this.#findings.values()]
    for (const { kind } of all) counts[kind] = (counts[kind] ?? 0) + 1
    all.sort((a, b) => b.foundAtMs - a.foundAtMs)
    return { isComplete: this.#findingsRead, counts, latest: all.slice(0, FINDINGS_SHOWN) }
  }
}
