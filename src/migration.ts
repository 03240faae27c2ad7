import { ConnectorError } from './errors.ts'
import { anchorOf } from './event/chain.ts'
import type { ForwardedOffsets, Head, Migration } from './event/checkpoint.ts'
import { newHead } from './event/new-head.ts'
import type { Organization } from './event/organization.ts'
import { type PageTrail, pageOf, UNKNOWN_CHAIN_HASH } from './migration-page.ts'
import type { EmbeddedTrail, MigratedBatch, MigrationSource, MigrationTarget } from './migration-ports.ts'
import { retryDelayMs, sleep, stoppedError } from './retry.ts'

export interface MigrationSettings {
  /** A record larger than this goes without its raw text. */
  readonly maxRecordBytes: number
  /** Of trails that have none of their own yet. */
  readonly endpoint: string
  /** Only says what would be done. */
  readonly dryRun: boolean
}

export interface MigrationDependencies {
  readonly source: MigrationSource
  readonly target: MigrationTarget
  readonly now: () => number
  readonly random: () => number
  /** Shows the plan; false: nothing is to be changed. */
  readonly approve: (plan: MigrationPlan) => Promise<boolean>
  readonly onProgress?: (organization: Organization, done: number, total: number) => void
  readonly onRetry?: (error: ConnectorError, waitMs: number) => void
}

export interface MigrationPlan {
  readonly from: string
  readonly to: string
  /** Set when the move was finished before, and nothing is left to do. */
  readonly movedTo: string | undefined
  readonly trails: readonly {
    readonly organization: string
    readonly values: number
    readonly anchor: string
    /** `begun`: an earlier move was interrupted; `done`: all of it is there. */
    readonly state: 'new' | 'begun' | 'done'
  }[]
}

/** One transaction's worth: as much as a poll's batch. */
const PAGE_LIMITS = { maxValues: 10_000, maxBytes: 3 * 1024 * 1024 }
const RETRY = { baseMs: 500, capMs: 10_000 }

interface MovingTrail extends PageTrail {
  readonly shard: number
  head: Head | undefined
  /** What is there is another trail than this one. */
  readonly isForeign: boolean
  moved: number
}

/**
 * Moves every trail of an embedded journal to Kafka. Values keep their order within a trail; in each shard everything
 * that was forwarded before comes first, so that one offset a partition parts it from what was not. How far each trail
 * came is in its head, stored in the same transaction as what it tells of: an interrupted move goes on there, whatever
 * became of its last commit. Nobody else may write a trail until all of it is there.
 */
export async function migrate(
  settings: MigrationSettings,
  dependencies: MigrationDependencies,
  signal: AbortSignal,
): Promise<{ plan: MigrationPlan; done: boolean }> {
  const { source, target, now, approve } = dependencies
  const movedTo = source.movedTo()
  if (movedTo !== undefined) {
    const plan = { from: source.location, to: target.location, movedTo, trails: [] }
    if (movedTo !== target.location) throw movedElsewhere(plan)
    await approve(plan)
    return { plan, done: true }
  }
  const move = createMove(settings, dependencies, signal)
  const embedded = source.trails()
  const isThere = await target.open(signal, settings.dryRun ? 'look' : 'move')
  if (isThere && source.forwardedThrough() > 0) await target.requireIdleForwarders()
  const trails: MovingTrail[] = []
  for (const trail of embedded) trails.push(await move.look(trail, isThere))
  const foreign = trails.flatMap(trail => foreignWords(trail) ?? [])
  if (foreign.length > 0) throw new ConnectorError('CONFIG_INVALID', foreign.join('\n'))
  const plan = {
    from: source.location,
    to: target.location,
    movedTo,
    trails: trails.map(({ organization, embedded, end, head }) => ({
      organization: organization.identity,
      values: embedded.values,
      anchor: anchorOf(end.sequence, end.chainHash),
      state: head === undefined ? 'new' : isFinished(head) ? 'done' : 'begun',
    })),
  } satisfies MigrationPlan
  if (!(await approve(plan)) || settings.dryRun) return { plan, done: false }
  for (const shard of new Set(trails.map(trail => trail.shard))) {
    await move.moveShard(
      shard,
      trails.filter(trail => trail.shard === shard),
    )
  }
  source.markMoved(target.location, now())
  return { plan, done: true }
}

function createMove(settings: MigrationSettings, dependencies: MigrationDependencies, signal: AbortSignal) {
  const { source, target } = dependencies
  const lastPosition = source.lastPosition()

  async function look(embedded: EmbeddedTrail, isThere: boolean): Promise<MovingTrail> {
    const { identity, head } = embedded
    const endpoint = head?.endpoint ?? settings.endpoint
    const organization = { name: identity, identity, endpoint }
    const stored = isThere ? (await again(() => target.resume(organization, signal))).head : undefined
    return {
      embedded,
      organization,
      shard: isThere ? target.shardOf(identity) : 0,
      end: head ?? newHead(organization),
      head: stored,
      isForeign: stored !== undefined && isForeign(stored, embedded, head ?? newHead(organization), source),
      moved: 0,
    }
  }

  async function moveShard(shard: number, trails: readonly MovingTrail[]): Promise<void> {
    const unfinished = trails.filter(({ head }) => !isFinished(head))
    if (unfinished.length === 0) return
    const begun = trails.flatMap(({ head }) => head?.migration ?? [])
    const forwardedThrough = begun[0]?.forwardedThrough ?? source.forwardedThrough()
    for (const trail of unfinished) {
      await moveThrough(trail, forwardedThrough, { forwardedThrough, unforwardedFrom: null })
    }
    const unforwardedFrom =
      begun.find(migration => migration.unforwardedFrom !== null)?.unforwardedFrom ??
      (await again(() => target.ends(shard)))
    for (const trail of unfinished) {
      await moveThrough(trail, lastPosition, { forwardedThrough, unforwardedFrom })
    }
    if (forwardedThrough > 0) await forwardFrom(shard, unforwardedFrom, trails)
    for (const trail of unfinished) await finish(trail)
  }

  /** While every trail of the shard is closed to others. */
  async function forwardFrom(shard: number, offsets: ForwardedOffsets, trails: readonly MovingTrail[]) {
    const moved = new Set(trails.map(({ organization }) => organization.identity))
    await again(async () => {
      await target.requireIdleForwarders()
      await target.forwardFrom(shard, offsets, moved, signal)
    })
  }

  async function moveThrough(
    trail: MovingTrail,
    through: number,
    place: Pick<Migration, 'forwardedThrough' | 'unforwardedFrom'>,
  ): Promise<void> {
    const { organization, embedded } = trail
    for (;;) {
      const after = trail.head?.migration?.through ?? 0
      if (after >= through && trail.head !== undefined) return
      const { values, next } = source.read(
        organization.identity,
        after,
        Math.max(after, through),
        PAGE_LIMITS,
      )
      const page = pageOf(values, trail, settings.maxRecordBytes, stream => target.framing(stream))
      const migration = { ...place, through: Math.max(after, next), finished: null }
      await store(trail, { ...page, head: { ...page.head, migration }, put: [] })
      trail.moved += values.length
      dependencies.onProgress?.(organization, trail.moved, embedded.values)
    }
  }

  async function finish(trail: MovingTrail): Promise<void> {
    const { end, organization } = trail
    const head = trail.head!
    const isSame =
      head.sequence === end.sequence &&
      (head.chainHash.equals(end.chainHash) || head.chainHash.equals(UNKNOWN_CHAIN_HASH))
    if (!isSame) throw doesNotAddUp(trail)
    const migration = { ...head.migration!, finished: anchorOf(end.sequence, end.chainHash) }
    const put = source.seen(organization.identity)
    const empty = { events: [], deadLetters: [], findings: [], ledger: [] }
    await store(trail, { ...empty, head: { ...end, migration }, put })
  }

  /** Until it is stored. After a failure nobody knows whether it was: then what is there says how to go on. */
  async function store(
    trail: MovingTrail,
    content: Omit<MigratedBatch, 'organization' | 'term' | 'after'>,
  ): Promise<void> {
    const { organization } = trail
    const wanted = content.head.migration!
    const before = trail.head?.migration?.through
    trail.head = await again(async () => {
      const { term, head } = await target.resume(organization, signal)
      const there = head?.migration
      if (there?.through === wanted.through && there.finished === wanted.finished && head !== undefined) {
        return head
      }
      await target.commit({ ...content, organization, term, after: before })
      return { ...content.head, lastPosition: null }
    })
  }

  async function again<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw stoppedError(signal)
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof ConnectorError) || !isTransient(error)) throw error
        const waitMs = retryDelayMs({ attempt, ...RETRY, random: dependencies.random() })
        dependencies.onRetry?.(error, waitMs)
        await sleep(waitMs, signal)
      }
    }
  }

  return { look, moveShard }
}

function isTransient({ retryable, code }: ConnectorError): boolean {
  return retryable || code === 'JOURNAL_STALE'
}

function isFinished(head: Head | undefined): boolean {
  return head?.migration !== undefined && head.migration.finished !== null
}

/** Whether what the target holds is anything but a part of this trail that was moved there, or all of it. */
function isForeign(
  stored: Head,
  { identity, firstSequence }: EmbeddedTrail,
  end: Head,
  source: MigrationSource,
): boolean {
  const { migration, sequence, chainHash } = stored
  if (migration === undefined) return true
  if (migration.finished !== null) return migration.finished !== anchorOf(end.sequence, end.chainHash)
  if (sequence < firstSequence) return false
  return source.chainHashAt(identity, sequence)?.equals(chainHash) !== true
}

function foreignWords({ organization, end, head, isForeign }: MovingTrail): string | undefined {
  if (!isForeign) return undefined
  return (
    `Kafka already holds another trail of ${organization.identity}, which ends at sequence ${head!.sequence} (the ` +
    `embedded one at ${end.sequence}); two trails cannot be joined. Set KAFKA_TOPIC to a new prefix, or, if the one in ` +
    'Kafka is to go on, move the embedded journal away.'
  )
}

function movedElsewhere({ from, movedTo, to }: MigrationPlan): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `the journal in ${from} was moved to ${movedTo} before, not to ${to}: set KAFKA_BROKERS and KAFKA_TOPIC as then`,
  )
}

function doesNotAddUp({ organization, head, end }: MovingTrail): ConnectorError {
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `the records of ${organization.identity} end at ${anchorOf(head!.sequence, head!.chainHash)}, and their checkpoint ` +
      `says ${anchorOf(end.sequence, end.chainHash)}: the embedded journal was changed by something else; look at it ` +
      'with hf-audit verify',
  )
}
