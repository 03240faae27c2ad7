import type { EventQuery } from './event-query.ts'
import type { Queried } from './query-export.ts'

/**
 * What the answer cannot hold because the Hub's export has an end, in a sentence; undefined when it holds everything.
 * `isShort`: fewer events than were asked for.
 */
export function reachNote(
  { condition, fetched, oldestMs }: Queried,
  { startMs }: Pick<EventQuery, 'startMs'>,
  exportCap: number,
  isShort: boolean,
): string | undefined {
  if (startMs !== undefined && oldestMs !== undefined && oldestMs <= startMs) return undefined
  const cap = exportCap.toLocaleString('en-US')
  if (fetched >= exportCap) {
    const from = oldestMs === undefined ? 'an unknown time' : instantText(oldestMs)
    const begins = `The Hub's export is cut at ${cap} events and begins at ${from}`
    if (startMs !== undefined) {
      return `${begins}: what happened between ${instantText(startMs)} and then is out of its reach.`
    }
    return isShort ? `${begins}: what happened before is out of its reach.` : undefined
  }
  if (condition === undefined || startMs === undefined) return undefined
  return (
    `The Hub was asked for ${condition} alone and exports its last ${cap} events at most: whether those reach back ` +
    `to ${instantText(startMs)} cannot be told from its answer.`
  )
}

function instantText(epochMs: number): string {
  const date = new Date(epochMs)
  return Number.isNaN(date.getTime()) ? `${epochMs} ms` : date.toISOString()
}
