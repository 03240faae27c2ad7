import type { DatabaseSync } from 'node:sqlite'
import type { ReplaySelection, ReplaySpan } from '../replay-ports.ts'
import { streamCode } from './schema.ts'

const PAGE_BYTES = 4 * 1024 * 1024
const PAGE_RECORDS = 2_000
/** How many positions or sequences one read looks through at most, so that no read is long. */
const WINDOW = 50_000
const LEAST_TIME = Number.MIN_SAFE_INTEGER
const GREATEST_TIME = Number.MAX_SAFE_INTEGER

export interface ReplayRow {
  readonly position: number
  readonly organization: number
  readonly timestampMs: number
  readonly value: Buffer
}

/**
 * The journal's values for a replay. The unit of its spans is the position, and for a range of sequences the sequence.
 * `owner`: the number of the only organization that is wanted.
 */
export interface ReplayRows {
  span(selection: ReplaySelection, owner: number | undefined): ReplaySpan
  /** From `from` up to `to` (exclusive), or less: `next` is where to go on. */
  read(
    selection: ReplaySelection,
    owner: number | undefined,
    from: number,
    to: number,
  ): { readonly rows: readonly ReplayRow[]; readonly next: number }
}

type Row = [unit: number, position: number, organization: number, timestampMs: number, value: Uint8Array]

export function createReplayRows(database: DatabaseSync): ReplayRows {
  const columns = 'position, organization, timestamp_ms, value'
  const bySequence = database.prepare(
    `SELECT sequence, ${columns} FROM entry INDEXED BY entry_sequence ` +
      'WHERE organization = ? AND sequence >= ? AND sequence < ? ORDER BY sequence LIMIT ?',
  )
  /** In the order of the table; what is not wanted is passed over without reading its value. */
  const byPosition = database.prepare(
    `SELECT position, ${columns} FROM entry NOT INDEXED WHERE position >= ? AND position < ? AND stream = ? ` +
      'AND timestamp_ms >= ? AND timestamp_ms < ? AND (? IS NULL OR organization = ?) ORDER BY position LIMIT ?',
  )
  for (const statement of [bySequence, byPosition]) statement.setReturnArrays(true)
  const sequences = database.prepare(
    'SELECT min(sequence) AS least, max(sequence) AS most FROM entry INDEXED BY entry_sequence ' +
      'WHERE organization = ? AND sequence IS NOT NULL',
  )
  const positions = database.prepare('SELECT min(position) AS least, max(position) AS most FROM entry')

  return {
    span({ range }, owner) {
      const kept = range.by === 'sequence' ? sequences.get(owner ?? -1) : positions.get()
      if (kept?.least == null) return { partition: 0, from: 0, to: 0 }
      const [least, end] = [Number(kept.least), Number(kept.most) + 1]
      if (range.by !== 'sequence') return { partition: 0, from: least, to: end }
      return {
        partition: 0,
        from: Math.max(least, range.from),
        to: range.to === undefined ? end : Math.min(end, range.to + 1),
      }
    },

    read({ stream, range }, owner, from, to) {
      const windowEnd = Math.min(to, from + WINDOW)
      if (range.by === 'sequence') {
        return page(bySequence.iterate(owner ?? -1, from, windowEnd, PAGE_RECORDS), windowEnd)
      }
      const { fromMs, toMs } = range.by === 'received-time' ? range : { fromMs: undefined, toMs: undefined }
      const wanted = [streamCode(stream), fromMs ?? LEAST_TIME, toMs ?? GREATEST_TIME]
      const one = owner ?? null
      return page(byPosition.iterate(from, windowEnd, ...wanted, one, one, PAGE_RECORDS), windowEnd)
    },
  }
}

function page(
  found: Iterable<unknown>,
  windowEnd: number,
): { readonly rows: readonly ReplayRow[]; readonly next: number } {
  const rows: ReplayRow[] = []
  let bytes = 0
  for (const [unit, position, organization, timestampMs, value] of found as Iterable<Row>) {
    rows.push({
      position,
      organization,
      timestampMs,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    })
    bytes += value.length
    if (rows.length === PAGE_RECORDS || bytes >= PAGE_BYTES) return { rows, next: unit + 1 }
  }
  return { rows, next: windowEnd }
}
