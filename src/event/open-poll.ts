import type { Head } from './checkpoint.ts'
import type { SeenEvents } from './seen-events.ts'
import type { Selection } from './select.ts'

/** What became of a poll that was cut off, as far as this export tells. */
export interface OpenPollVerdict {
  /** The export begins after the oldest event that poll had not published: it is lost. */
  readonly isLost: boolean
  /** What stays open after this poll. */
  readonly stillOpen: Head['openPoll']
}

/**
 * A poll that was cut off stays open until the oldest event it had not published is brought again, or is told as lost.
 * Until then an export that reaches back to it without holding it is that of a lagging replica.
 */
export function judgeOpenPoll(
  head: Head | undefined,
  seen: SeenEvents,
  selection: Selection,
  exportCap: number,
): OpenPollVerdict {
  const openPoll = head?.openPoll ?? null
  if (openPoll === null || bringsEventOf(openPoll.oldestUnpublishedCreatedAtMs, seen, selection)) {
    return { isLost: false, stillOpen: null }
  }
  const oldest = selection.oldestCreatedAtMs
  const isLost =
    selection.fetched >= exportCap && oldest !== null && oldest >= openPoll.oldestUnpublishedCreatedAtMs
  return { isLost, stillOpen: isLost ? null : openPoll }
}

/** Whether an event of that time comes with this export for the first time, to be published or filtered. */
function bringsEventOf(createdAtMs: number, seen: SeenEvents, { fresh, put }: Selection): boolean {
  for (let index = 0; index < fresh.count; index++) {
    if (fresh.createdAtMsAt(index) === createdAtMs) return true
  }
  return put.some(entry => entry.createdAtMs === createdAtMs && seen.slotOf(entry.key) < 0)
}
