import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ALL_STREAMS } from '../event/avro.ts'
import type { StreamName } from '../event/records.ts'
import { inTransaction } from './database.ts'
import { journalError } from './errors.ts'
import type { OrganizationRows } from './organization-rows.ts'
import { FORWARDER_CURSOR, streamCode } from './schema.ts'

/** Deleted in one transaction: some milliseconds, between which commits take their turn. */
const SLICE_ROWS = 1_000

export interface Pruner {
  /**
   * Deletes values older than `olderThanMs` (epoch milliseconds): all of them, or with `forwarding` those up to the forwarder's cursor.
   * Of each stream of each organization it takes from the front and ends at the first value that must stay, so that
   * the chain is whole from the first event kept. Freed pages are used again; the file does not shrink.
   * Returns how many values it deleted.
   */
  prune(olderThanMs: number, forwarding: boolean): Promise<number>
  /** A pruning under way ends after its present slice. */
  stop(): void
}

interface Candidate {
  position: number
  timestamp_ms: number
  sequence: number | null
}

export function createPruner(database: DatabaseSync, organizations: OrganizationRows, path: string): Pruner {
  const selectFront = database.prepare(
    `SELECT position, timestamp_ms, sequence FROM entry INDEXED BY entry_stream
     WHERE organization = ? AND stream = ? ORDER BY position LIMIT ${SLICE_ROWS}`,
  )
  const erase = database.prepare(
    'DELETE FROM entry INDEXED BY entry_stream WHERE organization = ? AND stream = ? AND position <= ?',
  )
  const movePruned = database.prepare('UPDATE pruned SET through = max(through, ?)')
  const selectCursor = database.prepare('SELECT position FROM cursor WHERE name = ?')
  let stopping = false

  /** Returns how many it deleted; fewer than a whole slice when nothing more may go. */
  function pruneSlice(
    organization: number,
    stream: StreamName,
    olderThanMs: number,
    through: number,
  ): number {
    const front = selectFront.all(organization, streamCode(stream)) as unknown as Candidate[]
    const kept = front.findIndex(row => row.timestamp_ms >= olderThanMs || row.position > through)
    const old = kept < 0 ? front : front.slice(0, kept)
    const last = old.at(-1)
    if (last === undefined) return 0
    inTransaction(database, () => {
      erase.run(organization, streamCode(stream), last.position)
      movePruned.run(last.position)
      if (last.sequence !== null) organizations.setFirstSequence(organization, last.sequence + 1)
    })
    return old.length
  }

  async function prune(olderThanMs: number, forwarding: boolean): Promise<number> {
    // Read once: the cursor only moves on, and what it passes meanwhile is for the next pruning.
    const through = forwarding
      ? Number(selectCursor.get(FORWARDER_CURSOR)?.position ?? 0)
      : Number.MAX_SAFE_INTEGER
    let deleted = 0
    for (const organization of organizations.ids()) {
      for (const stream of ALL_STREAMS) {
        let slice = SLICE_ROWS
        while (slice === SLICE_ROWS && !stopping) {
          slice = pruneSlice(organization, stream, olderThanMs, through)
          deleted += slice
          if (slice > 0) await nextTurn()
        }
      }
    }
    return deleted
  }

  return {
    async prune(olderThanMs, forwarding) {
      try {
        return await prune(olderThanMs, forwarding)
      } catch (error) {
        throw journalError(error, path)
      }
    },
    stop() {
      stopping = true
    },
  }
}
