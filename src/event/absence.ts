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

/** Absent entries are kept up to the cap's number; beyond that the longest absent go first. */
export function longestAbsent(
  { seen, selection, exportCap }: AbsenceContext,
  put: readonly SeenEntry[],
): string[] {
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

/** The events that the same poll brought first; times in milliseconds. */
interface Arrival {
  readonly seconds: number
  /** Of all that are known of it, those dated ahead left out. */
  newestMs: number
  /** Of those in this export, those dated ahead left out. */
  newestPresentMs: number
  oldestPresentMs: number
}

/**
 * Whether an absent event should be in this export: where the export is proven to be taken after the event came, and,
 * at the cap, to reach back to it.
 *
 * *After it came*: a lagging replica serves the log as it was, so the export must hold an event that is dated after it
 * and came with the same poll or a later one. One poll's events are taken to have come in the order of their dates,
 * except late ones, dated before what earlier polls had brought: for those only a later poll's event is a proof.
 * *Reaches back to it*: it holds an event that is dated before it and came with the same poll or an earlier one (one
 * that came later may be a late one, of an old date, that says nothing of where the window begins).
 * What was dated ahead of its arrival proves nothing.
 */
export function expectation({ seen, selection, exportCap }: AbsenceContext): Expectation {
  const arrivals = arrivalsOf(seen, selection.present)
  const index = new Map(arrivals.map(({ seconds }, place) => [seconds, place]))
  const newestBefore = scan(arrivals, arrival => arrival.newestMs, Math.max, Number.NEGATIVE_INFINITY)
  const oldestUpTo = scan(arrivals, arrival => arrival.oldestPresentMs, Math.min, Number.POSITIVE_INFINITY)
  const newestAfter = scan(
    arrivals.toReversed(),
    arrival => arrival.newestPresentMs,
    Math.max,
    Number.NEGATIVE_INFINITY,
  ).reverse()
  const newestKnown = newestBefore.at(-1)!
  // Old history that a lagging replica shows at the cap is new to us too: it proves nothing of how fresh the export is.
  const newestNew = selection.newestNewAtMs > newestKnown ? selection.newestNewAtMs : Number.NEGATIVE_INFINITY
  const atCap = selection.fetched >= exportCap
  return slot => {
    const createdAtMs = seen.createdAtMsAt(slot)
    const place = index.get(seen.firstSeenSecondsAt(slot))!
    if (atCap && createdAtMs <= oldestUpTo[place + 1]!) return 'unknown'
    const isLate = createdAtMs <= newestBefore[place]!
    const newest = Math.max(newestNew, newestAfter[isLate ? place + 1 : place]!)
    return createdAtMs < newest ? 'expected' : 'unknown'
  }
}

/** The latest createdAt that is known, events dated ahead left out; null when there is none. */
export function newestKnownMs(seen: SeenEvents, head: Head): number | null {
  const arrivals = arrivalsOf(seen, new Uint8Array(seen.slotCount))
  const newest = scan(arrivals, ({ newestMs }) => newestMs, Math.max, Number.NEGATIVE_INFINITY).at(-1)!
  return Number.isFinite(newest) ? newest : head.newestCreatedAtMs
}

/** By the poll that brought them, oldest poll first. */
function arrivalsOf(seen: SeenEvents, present: Uint8Array): Arrival[] {
  const bySeconds = new Map<number, Arrival>()
  let arrival: Arrival | undefined
  for (let slot = 0; slot < present.length; slot++) {
    if (seen.keyAt(slot) === undefined || seen.stateAt(slot) === 'dead-lettered') continue
    const seconds = seen.firstSeenSecondsAt(slot)
    if (arrival?.seconds !== seconds) {
      arrival = bySeconds.get(seconds) ?? {
        seconds,
        newestMs: Number.NEGATIVE_INFINITY,
        newestPresentMs: Number.NEGATIVE_INFINITY,
        oldestPresentMs: Number.POSITIVE_INFINITY,
      }
      bySeconds.set(seconds, arrival)
    }
    const createdAtMs = seen.createdAtMsAt(slot)
    const isPresent = present[slot] === 1
    if (isPresent && createdAtMs < arrival.oldestPresentMs) arrival.oldestPresentMs = createdAtMs
    if (createdAtMs >= (seconds + 1) * 1000) continue
    if (createdAtMs > arrival.newestMs) arrival.newestMs = createdAtMs
    if (isPresent && createdAtMs > arrival.newestPresentMs) arrival.newestPresentMs = createdAtMs
  }
  return [...bySeconds.values()].sort((a, b) => a.seconds - b.seconds)
}

/** What folding gives before each arrival, and after the last. */
function scan(
  arrivals: readonly Arrival[],
  timeOf: (arrival: Arrival) => number,
  fold: (a: number, b: number) => number,
  start: number,
): number[] {
  const folded = [start]
  for (const arrival of arrivals) folded.push(fold(folded.at(-1)!, timeOf(arrival)))
  return folded
}
