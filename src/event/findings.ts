import type { Head, SeenEntry } from './checkpoint.ts'
import type { Organization } from './organization.ts'
import type { Finding } from './records.ts'
import type { SeenEvents } from './seen-events.ts'
import { FINDING_ID_LIMIT, type Selection } from './select.ts'

/** After how many empty arrays in a row an empty log is believed. */
const EMPTY_EXPORTS_BELIEVED = 3

export interface Judgement {
  readonly findings: readonly Finding[]
  /** Entries whose presence changed. */
  readonly put: readonly SeenEntry[]
  /** Entries that have been absent longest, beyond the number that is kept. */
  readonly remove: readonly string[]
  readonly emptyExports: number
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
  const { head, seen, selection } = context
  if (selection.fetched === 0 && seen.size > 0) {
    const emptyExports = Math.min((head?.emptyExports ?? 0) + 1, EMPTY_EXPORTS_BELIEVED)
    // Until then a lagging replica is likelier than an emptied log; and what it lacks is not called absent.
    if (emptyExports < EMPTY_EXPORTS_BELIEVED) return { findings: [], put: [], remove: [], emptyExports }
    const { put, vanished } = presence(context, () => 'believed')
    return { findings: tell(context, vanished), put, remove: [], emptyExports }
  }
  const { put, vanished } = presence(context, expectation(context))
  return {
    findings: [...findGap(context), ...tell(context, vanished)],
    put,
    remove: longestAbsent(context, put),
    emptyExports: 0,
  }
}

/** A saved export that is imported proves neither a gap nor that anything vanished: only changed contents are told. */
export function judgeImport(context: Context): Judgement {
  const none = { count: 0, ids: [] }
  return { findings: tell(context, none), put: [], remove: [], emptyExports: context.head?.emptyExports ?? 0 }
}

function findGap({ organization, head, seen, selection, exportCap }: Context): Finding[] {
  const oldest = selection.oldestCreatedAtMs
  if (head === undefined || oldest === null || selection.fetched < exportCap) return []
  const cutOff = head.openPoll !== null && oldest > head.openPoll.oldestUnpublishedCreatedAtMs
  const unconnected = seen.size > 0 && !selection.sharesSeenId
  if (!cutOff && !unconnected) return []
  const newestPublished =
    head.newestCreatedAtMs === null ? 'the first poll' : new Date(head.newestCreatedAtMs).toISOString()
  const why = unconnected
    ? 'The export is at its cap and holds no event seen before'
    : 'A poll was cut off, and the export, at its cap, begins after the oldest event that poll had not published'
  return [
    {
      ...findingOf(organization, selection, head.sequence),
      kind: 'GAP',
      severity: 'ERROR',
      message:
        `${why}: events between ${newestPublished} and ${new Date(oldest).toISOString()} may be lost. ` +
        'Poll more often; a saved export of that time can be added with hf-audit import.',
      newestPublishedAt: head.newestCreatedAtMs,
      oldestReceivedAt: oldest,
    },
  ]
}

type Expectation = 'unknown' | 'expected' | 'believed'

/**
 * Whether an absent entry should have been in this export. It should when the export reaches back to it and is at
 * least as fresh as the entry: a lagging replica that lacks everything that came with or after the entry proves nothing.
 */
function expectation({ seen, selection, exportCap }: Context): (slot: number) => Expectation {
  const newest = Math.min(selection.newestCreatedAtMs ?? Number.NEGATIVE_INFINITY, selection.receivedAtMs)
  const atCap = selection.fetched >= exportCap
  if (atCap && !selection.sharesSeenId) return () => 'unknown'
  const oldest = atCap ? (selection.oldestCreatedAtMs ?? Number.POSITIVE_INFINITY) : Number.NEGATIVE_INFINITY
  const freshestArrival =
    selection.fresh.count > 0 ? Number.POSITIVE_INFINITY : selection.newestArrivalSeconds
  return slot => {
    const createdAtMs = seen.createdAtMsAt(slot)
    const reached = createdAtMs > oldest && createdAtMs < newest
    return reached && seen.firstSeenSecondsAt(slot) <= freshestArrival ? 'expected' : 'unknown'
  }
}

function presence(context: Context, expect: (slot: number) => Expectation) {
  const { seen, selection } = context
  const nowSeconds = Math.floor(selection.receivedAtMs / 1000)
  const alreadyPut = new Map(selection.put.map(entry => [entry.key, entry]))
  const put: SeenEntry[] = []
  const vanished = { count: 0, ids: [] as string[] }
  for (let slot = 0; slot < selection.present.length; slot++) {
    const key = seen.keyAt(slot)
    if (key === undefined) continue
    const absentSince = seen.absentSinceSecondsAt(slot)
    const missed = seen.missedAt(slot)
    if (selection.present[slot] === 1) {
      if (absentSince === 0 && missed === 0) continue
      put.push({ ...(alreadyPut.get(key) ?? seen.entryAt(slot)), missed: 0, absentSinceSeconds: 0 })
      continue
    }
    const published = seen.stateAt(slot) === 'published'
    const expected = published && missed < 2 ? expect(slot) : 'unknown'
    const nowMissed = expected === 'believed' ? 2 : expected === 'expected' ? missed + 1 : missed
    if (nowMissed === 2 && missed < 2) {
      vanished.count += 1
      if (vanished.ids.length < FINDING_ID_LIMIT) vanished.ids.push(key)
    }
    if (absentSince !== 0 && nowMissed === missed) continue
    put.push({ ...seen.entryAt(slot), missed: nowMissed, absentSinceSeconds: absentSince || nowSeconds })
  }
  return { put, vanished }
}

/** Absent entries are kept up to the cap's number; beyond that the longest absent go first. */
function longestAbsent({ seen, selection, exportCap }: Context, put: readonly SeenEntry[]): string[] {
  let absentCount = 0
  for (let slot = 0; slot < selection.present.length; slot++) {
    if (selection.present[slot] === 0 && seen.keyAt(slot) !== undefined) absentCount += 1
  }
  if (absentCount <= exportCap) return []
  const absentNow = new Map(put.map(entry => [entry.key, entry.absentSinceSeconds]))
  const absent: { key: string; since: number; createdAtMs: number }[] = []
  for (let slot = 0; slot < selection.present.length; slot++) {
    const key = seen.keyAt(slot)
    if (key === undefined || selection.present[slot] === 1) continue
    const since = absentNow.get(key) ?? seen.absentSinceSecondsAt(slot)
    absent.push({ key, since, createdAtMs: seen.createdAtMsAt(slot) })
  }
  absent.sort((a, b) => a.since - b.since || a.createdAtMs - b.createdAtMs)
  return absent.slice(0, absentCount - exportCap).map(entry => entry.key)
}

function tell(
  { organization, head, selection }: Context,
  vanished: { readonly count: number; readonly ids: readonly string[] },
): Finding[] {
  const found: Finding[] = []
  const common = findingOf(organization, selection, head?.sequence ?? 0)
  if (selection.changed.count > 0) {
    found.push({
      ...common,
      kind: 'CHANGED',
      severity: 'WARN',
      message: `${selection.changed.count} events have other content than when they were first received, beyond the fields that the Hub rewrites.`,
      count: selection.changed.count,
      ids: [...selection.changed.ids],
    })
  }
  if (vanished.count > 0) {
    found.push({
      ...common,
      kind: 'VANISHED',
      severity: 'ERROR',
      message: `${vanished.count} published events are missing from exports that should hold them.`,
      count: vanished.count,
      ids: [...vanished.ids],
    })
  }
  return found
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
