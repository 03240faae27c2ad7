import type { DatabaseSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import type { Head } from '../event/checkpoint.ts'
import { decodeHead } from '../event/head-codec.ts'
import { SeenEvents } from '../event/seen-events.ts'
import type { OrganizationRows } from './organization-rows.ts'
import type { SeenRows } from './seen-rows.ts'

export interface StoredCheckpoint {
  /** Undefined for an organization that was never polled. */
  readonly head: Head | undefined
  readonly seen: SeenEvents
}

export interface CheckpointReader {
  /** Throws `JOURNAL_MISMATCH` when head and events do not belong together, or the head is not readable. */
  read(identity: string): StoredCheckpoint
}

export function createCheckpointReader(
  database: DatabaseSync,
  organizations: OrganizationRows,
  seen: SeenRows,
): CheckpointReader {
  const selectLast = database.prepare(
    'SELECT max(sequence) AS sequence FROM entry WHERE organization = ? AND sequence IS NOT NULL',
  )

  return {
    read(identity) {
      const row = organizations.find(identity)
      if (row === undefined) return { head: undefined, seen: new SeenEvents() }
      const head = row.head === undefined ? undefined : decodeHead(row.head, `of ${identity}`)
      const lastStored = selectLast.get(row.id)?.sequence as number | null
      requireWholeTrail(identity, head, lastStored ?? row.firstSequence - 1)
      return { head, seen: seen.load(row.id) }
    },
  }
}

/** Lost state is never taken for a first start, and a log that was cut short is never written on. */
function requireWholeTrail(identity: string, head: Head | undefined, lastSequence: number): void {
  const expected = head?.sequence ?? 0
  if (lastSequence === expected) return
  throw new ConnectorError(
    'JOURNAL_MISMATCH',
    `the events of ${identity} in the journal end at sequence ${lastSequence}, and its checkpoint ` +
      `${head === undefined ? 'is missing' : `stands at ${expected}`}: something other than this connector changed ` +
      `the file; restore it from a backup, or accept what is left with "hf-audit recover --organization ${identity}"`,
  )
}
