import { ALL_GONE, expectation, keptAbsent, longestAbsent, newestKnownMs, presence } from './absence.ts'
import type { Head, SeenEntry } from './checkpoint.ts'
import { judgeOpenPoll } from './open-poll.ts'
import type { Organization } from './organization.ts'
import type { Finding } from './records.ts'
import { rfc3339Text } from './rfc3339.ts'
import type { SeenEvents } from './seen-events.ts'
import type { Selection } from './select.ts'

/** After how many empty arrays in a row an empty log is believed. */
const EMPTY_EXPORTS_BELIEVED = 3

export interface Judgement {
  /**
   * To be stored with the poll's first transaction: once some of its events are published, the next poll finds ids that
   * it knows and sees no gap any more.
   */
  readonly gaps: readonly Finding[]
  /** To be stored with its last transaction, with the entries that say they were told. */
  readonly others: readonly Finding[]
  /** Entries whose presence changed. */
  readonly put: readonly SeenEntry[]
  /** Entries that have been absent longest, beyond the number that is kept. */
  readonly remove: readonly string[]
  readonly emptyExports: number
  /** An earlier poll that was cut off and of which nothing more is known after this one. */
  readonly openPoll: Head['openPoll']
}

interface Context {
  readonly organization: Organization
  readonly head: Head | undefined
  readonly seen: SeenEvents
  readonly selection: Selection
  /** Number of elements at which an export counts as cut. */
  readonly exportCap: number
}

/** What a polled export says of the trail: gaps, vanished and changed events, and which ids it no longer holds. */
export function judge(context: Context): Judgement {
  const { head, seen, selection, exportCap } = context
  const openPoll = judgeOpenPoll(head, seen, selection, exportCap)
  if (selection.fetched === 0 && seen.size > 0) {
    const emptyExports = Math.min((head?.emptyExports ?? 0) + 1, EMPTY_EXPORTS_BELIEVED)
    const nothing = { gaps: [], others: [], put: [], remove: [], emptyExports, openPoll: openPoll.stillOpen }
    // Until then a lagging replica is likelier than an emptied log; and what it lacks is not called absent.
    if (emptyExports < EMPTY_EXPORTS_BELIEVED) return nothing
    const { put, vanished } = presence(context, ALL_GONE)
    return { ...nothing, others: tell(context, vanished), put }
  }
  const { put, vanished } = presence(context, expectation(context))
  const remove = longestAbsent(context, put, keptAbsent(exportCap))
  const removed = new Set(remove)
  return {
    gaps: findGap(context, openPoll.isLost),
    others: tell(context, vanished),
    put: put.filter(({ key }) => !removed.has(key)),
    remove,
    emptyExports: 0,
    openPoll: openPoll.stillOpen,
  }
}

/** A saved export that is imported proves neither a gap nor that anything vanished: only changed contents are told. */
export function judgeImport(context: Context): Judgement {
  const { head, seen, selection } = context
  return {
    gaps: [],
    others: tell(context, { count: 0, ids: [] }),
    put: [],
    remove: [],
    emptyExports: head?.emptyExports ?? 0,
    openPoll: judgeOpenPoll(head, seen, selection, Number.POSITIVE_INFINITY).stillOpen,
  }
}

/** False before the first event of an organization: then an export at the cap is no gap, only without older history. */
export function knowsAnyEvent(seen: SeenEvents): boolean {
  for (let slot = 0; slot < seen.slotCount; slot++) {
    if (seen.keyAt(slot) !== undefined && seen.stateAt(slot) !== 'dead-lettered') return true
  }
  return false
}

function findGap({ organization, head, seen, selection, exportCap }: Context, isLost: boolean): Finding[] {
  const oldest = selection.oldestCreatedAtMs
  if (head === undefined || oldest === null || selection.fetched < exportCap) return []
  // With nothing new nothing more can be lost than was told before.
  const bringsAny = selection.fresh.count + selection.filtered > 0
  const unconnected = bringsAny && !selection.sharesSeenId && knowsAnyEvent(seen)
  if (!isLost && !unconnected) return []
  const newest = newestKnownMs(seen, head)
  const newestPublished = newest === null ? 'the first poll' : rfc3339Text(newest)
  const isOlder = newest !== null && (selection.newestCreatedAtMs ?? oldest) <= newest
  let why = 'The export is at its cap and holds no event seen before'
  let span = `between ${newestPublished} and ${rfc3339Text(oldest)}`
  if (!unconnected) {
    why =
      'A poll was cut off, and the export, at its cap, begins after the oldest event that poll had not published'
  } else if (isOlder) {
    why = 'The export is at its cap, holds no event seen before, and ends before what was published'
    span = `after ${newestPublished}`
  }
  return [
    {
      ...findingOf(organization, selection, head.sequence),
      kind: 'GAP',
      severity: 'ERROR',
      message:
        `${why}: events ${span} may be lost. ` +
        'Poll more often; a saved export of that time can be added with hf-audit import.',
      newestPublishedAt: newest,
      oldestReceivedAt: oldest,
    },
  ]
}

function tell(
  { organization, head, selection }: Context,
  vanished: { readonly count: number; readonly ids: readonly string[] },
): Finding[] {
  const found: Finding[] = []
  const common = findingOf(organization, selection, head?.sequence ?? 0)
  const { changed } = selection
  if (changed.count > 0) {
    found.push({
      ...common,
      kind: 'CHANGED',
      severity: 'WARN',
      message:
        `${events(changed.count)} other content than before, beyond the fields that the Hub rewrites, or more than ` +
        'one content in one export.',
      count: changed.count,
      ids: [...changed.ids],
    })
  }
  if (vanished.count > 0) {
    found.push({
      ...common,
      kind: 'VANISHED',
      severity: 'ERROR',
      message: `${vanished.count === 1 ? '1 published event is' : `${vanished.count} published events are`} missing from exports that should hold ${vanished.count === 1 ? 'it' : 'them'}.`,
      count: vanished.count,
      ids: [...vanished.ids],
    })
  }
  return found
}

function events(count: number): string {
  return count === 1 ? '1 event has' : `${count} events have`
}

function findingOf(organization: Organization, selection: Selection, sequence: number) {
  return {
    organization: organization.identity,
    endpoint: organization.endpoint,
    foundAt: selection.receivedAtMs,
    count: 0,
    ids: [] as string[],
    newestPublishedAt: null,
    oldestReceivedAt: null,
    sequence,
  }
}
