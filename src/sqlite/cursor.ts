import type { DatabaseSync } from 'node:sqlite'
import type { StreamName } from '../event/records.ts'
import { FORWARDER_CURSOR, streamCode } from './schema.ts'

export const FORWARDED_STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger']

/** The forwarder's place in the journal: every position up to it was delivered, or is not for forwarding. */
export interface ForwarderCursor {
  /** 0 before the first delivery. */
  read(): number
  /** Whether anything was ever delivered. */
  exists(): boolean
  save(position: number): void
  /** How many values wait behind the cursor; reads no value. `last` and `prunedThrough` as in `PageReader`. */
  backlog(last: number, prunedThrough: number): number
  /** How many of the positions behind `cursor` were deleted before they were delivered (dead letters among them). */
  missing(cursor: number, prunedThrough: number): number
}

export function createForwarderCursor(database: DatabaseSync): ForwarderCursor {
  const select = database.prepare('SELECT position FROM cursor WHERE name = ?')
  const replace = database.prepare('REPLACE INTO cursor VALUES (?, ?)')
  const byIndex = 'entry INDEXED BY entry_stream WHERE organization IN (SELECT id FROM organization)'
  const forwarded = FORWARDED_STREAMS.map(streamCode).join()
  const countForwarded = database.prepare(
    `SELECT count(*) AS entries FROM ${byIndex} AND stream IN (${forwarded}) AND position > ? AND position <= ?`,
  )
  const countDeadLetters = database.prepare(
    `SELECT count(*) AS entries FROM ${byIndex} AND stream = ${streamCode('dead-letters')} AND position > ?`,
  )
  const countAll = database.prepare(
    'SELECT count(*) AS entries FROM entry WHERE position > ? AND position <= ?',
  )

  function read(): number {
    return Number(select.get(FORWARDER_CURSOR)?.position ?? 0)
  }

  return {
    read,
    exists: () => select.get(FORWARDER_CURSOR) !== undefined,
    save(position) {
      replace.run(FORWARDER_CURSOR, position)
    },
    backlog(last, prunedThrough) {
      const cursor = read()
      // Behind the last pruned position no position is empty, so a difference counts what would be long to count.
      const whole = Math.max(cursor, prunedThrough)
      const behindPruned = Number(countForwarded.get(cursor, whole)?.entries)
      return behindPruned + (last - whole) - Number(countDeadLetters.get(whole)?.entries)
    },
    missing(cursor, prunedThrough) {
      return prunedThrough - cursor - Number(countAll.get(cursor, prunedThrough)?.entries)
    },
  }
}
