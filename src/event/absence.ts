import type { Head, SeenEntry } from './checkpoint.ts'
import type { SeenEvents } from './seen-events.ts'
import { FINDING_ID_LIMIT, type Selection } from './select.ts'

export interface AbsenceContext {
  readonly seen: SeenEvents
  readonly selection: Selection
  /** Number of elements at which an export counts as cut. */
  readonly exportCap: number
}

/** For a slot of an absent entry: whether this export should hold it, and whether one export is enough to say so. */
type Expectation = (slot: number) => 'unknown' | 'expected' | 'believed'

/** What a third empty array in a row says: the log is empty. */
export const ALL_GONE: Expectation = () => 'believed'

export interface Presence {
  /** Entries whose presence changed. */
  readonly put: readonly SeenEntry[]
  readonly vanished: { readonly count: number; readonly ids: readonly string[] }
}

/** Which entries the export holds again, or no longer; an event is vanished when two exports that should hold it do not. */
export function presence({ seen, selection }: AbsenceContext, expect: Expectation): Presence {
  const nowSeconds = Math.floor(selection.receivedAtMs / 1000)
  const alreadyPut = new Map(selection.put.map(entry => [entry.key, entry]))
  const put: SeenEntry[] = []
  const vanished = { count: 0, ids: [] as string[] }
  for (let slot = 0; slot < selection.present.length; slot++) {
    const key = seen.keyAt(slot)
    if (key === undefined) continue
    const absentSince = seen.absentSinceSecondsAt(slot)
    const missed = seen.missedAt(slot)
    const entry = () => alreadyPut.get(key) ?? seen.entryAt(slot)
    if (selection.present[slot] === 1) {
      if (absentSince !== 0 || missed !== 0) put.push({ ...entry(), missed: 0, absentSinceSeconds: 0 })
      continue
    }
    const expected = seen.stateAt(slot) === 'published' && missed < 2 ? expect(slot) : 'unknown'
    const nowMissed = expected === 'believed' ? 2 : expected === 'expected' ? missed + 1 : missed
    if (nowMissed === 2 && missed < 2) {
      vanished.count += 1
      if (vanished.ids.length < FINDING_ID_LIMIT) vanished.ids.push(key)
    }
    if (absentSince !== 0 && nowMissed === missed) continue
    put.push({ ...entry(), missed: nowMissed, absentSinceSeconds: absentSince || nowSeconds })
  }
  return { put, vanished }
}

/** Of the Hub itself. */
const LEAST_KEPT = 100_000

/**
 * How many absent ids are kept: the cap's number, and no fewer than the Hub's, since a server may send more than the cap
 * that it is said to have: what is forgotten while a replica lags is published twice.
 */
export function keptAbsent(exportCap: number): number {
  return Math.max(exportCap, LEAST_KEPT)
}

/** Beyond what is kept the longest absent go first. */
export function longestAbsent(
  { seen, selection }: Pick<AbsenceContext, 'seen' | 'selection'>,
  put: readonly SeenEntry[],
  maxAbsent: number,
): string[] {
  let absentCount = 0
  for (let slot = 0; slot < selection.present.length; slot++) {
    if (selection.present[slot] === 0 && seen.keyAt(slot) !== undefined) absentCount += 1
  }
  if (absentCount <= maxAbsent) return []
  const absentNow = new Map(put.map(entry => [entry.key, entry.absentSinceSeconds]))
  const absent: { key: string; since: number; createdAtMs: number }[] = []
  for (let slot = 0; slot < selection.present.length; slot++) {
    const key = seen.keyAt(slot)
    if (key === undefined || selection.present[slot] === 1) continue
    const since = absentNow.get(key) ?? seen.absentSinceSecondsAt(slot)
    absent.push({ key, since, createdAtMs: seen.createdAtMsAt(slot) })
  }
  absent.sort((a, b) => a.since - b.since || a.createdAtMs - b.createdAtMs)
  return absent.slice(0, absentCount - maxAbsent).map(entry => entry.key)
}

/**
 * Whether an absent event should be in this export: where the export was taken after the event came, and, at the cap,
 * reaches back to it; a lagging replica serves the log as it was.
 *
 * An event came no earlier than its date, unless it was dated ahead, and with its date, unless it is *late*: dated before
 * what an earlier poll had brought. Of a late one only the poll is known before which it came. So an export was taken
 * after whatever came before the latest date in it; and it reaches back to whatever is dated after the first of its
 * events came, whether the window is cut by date or by arrival.
 */
export function expectation({ seen, selection, exportCap }: AbsenceContext): Expectation {
  const { present } = selection
  const cameBy = arrivalTimes(seen)
  let takenAfterMs = selection.newestNewAtMs
  let beginsMs = Number.POSITIVE_INFINITY
  for (let slot = 0; slot < present.length; slot++) {
    if (present[slot] === 0 || seen.stateAt(slot) === 'dead-lettered') continue
    if (!isDatedAhead(seen, slot)) takenAfterMs = Math.max(takenAfterMs, seen.createdAtMsAt(slot))
    beginsMs = Math.min(beginsMs, cameBy(slot))
  }
  const isWhole = selection.fetched < exportCap
  return slot =>
    cameBy(slot) < takenAfterMs && (isWhole || seen.createdAtMsAt(slot) > beginsMs) ? 'expected' : 'unknown'
}

/** The latest createdAt that is known, events dated ahead left out; null when there is none. */
export function newestKnownMs(seen: SeenEvents, head: Head): number | null {
  const newest = newestByPoll(seen).at(-1)?.newestMs
  return newest !== undefined && Number.isFinite(newest) ? newest : head.newestCreatedAtMs
}

/** By slot: when the event had come at the latest, epoch milliseconds. */
function arrivalTimes(seen: SeenEvents): (slot: number) => number {
  const before = new Map<number, number>()
  let newestMs = Number.NEGATIVE_INFINITY
  for (const poll of newestByPoll(seen)) {
    before.set(poll.seconds, newestMs)
    newestMs = poll.newestMs
  }
  return slot => {
    const createdAtMs = seen.createdAtMsAt(slot)
    const seconds = seen.firstSeenSecondsAt(slot)
    return createdAtMs <= before.get(seconds)! ? (seconds + 1) * 1000 : createdAtMs
  }
}

/** The latest createdAt that was known after each poll which brought events, events dated ahead left out. */
function newestByPoll(seen: SeenEvents): { readonly seconds: number; readonly newestMs: number }[] {
  const bySeconds = new Map<number, number>()
  for (let slot = 0; slot < seen.slotCount; slot++) {
    if (seen.keyAt(slot) === undefined || seen.stateAt(slot) === 'dead-lettered') continue
    const seconds = seen.firstSeenSecondsAt(slot)
    const newest = bySeconds.get(seconds) ?? Number.NEGATIVE_INFINITY
    const createdAtMs = isDatedAhead(seen, slot) ? Number.NEGATIVE_INFINITY : seen.createdAtMsAt(slot)
    bySeconds.set(seconds, Math.max(newest, createdAtMs))
  }
  let newestMs = Number.NEGATIVE_INFINITY
  return [...bySeconds]
    .sort(([a], [b]) => a - b)
    .map(([seconds, newest]) => {
      newestMs = Math.max(newestMs, newest)
      return { seconds, newestMs }
    })
}

/** When it was first received its date was still to come: that says nothing of when it came. */
function isDatedAhead(seen: SeenEvents, slot: number): boolean {
  return seen.createdAtMsAt(slot) >= (seen.firstSeenSecondsAt(slot) + 1) * 1000
}
