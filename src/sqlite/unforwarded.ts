import type { DatabaseSync } from 'node:sqlite'
import { encodeValue, singleObjectHeader } from '../event/avro.ts'
import { decodeHead } from '../event/head-codec.ts'
import type { Finding } from '../event/records.ts'
import type { EntryInsert } from './batch.ts'
import type { ForwarderCursor } from './cursor.ts'
import { inTransaction } from './database.ts'
import type { OrganizationRows } from './organization-rows.ts'

/** Beside the forwarder's cursor: up to which position it was told that values never went out. */
const TOLD_CURSOR = 'unforwarded'

export interface Unforwarded {
  /** How many values are missing (dead letters among them), 0 when that was told before. */
  readonly missing: number
  /** What was stored now. */
  readonly findings: readonly Finding[]
}

/**
 * Says in a finding for each organization that values were deleted by age between the forwarder's cursor and
 * `prunedThrough`: findings and the mark that they were told in one transaction, so each loss is told once. A forwarder
 * that never ran has lost nothing.
 */
export function createUnforwardedTeller(
  database: DatabaseSync,
  organizations: OrganizationRows,
  insert: EntryInsert,
  cursor: ForwarderCursor,
): (position: number, prunedThrough: number, foundAtMs: number) => Unforwarded {
  const select = database.prepare('SELECT position FROM cursor WHERE name = ?')
  const replace = database.prepare('REPLACE INTO cursor VALUES (?, ?)')

  return (position, prunedThrough, foundAtMs) => {
    const from = Math.max(position, Number(select.get(TOLD_CURSOR)?.position ?? 0))
    if (from >= prunedThrough) return { missing: 0, findings: [] }
    const missing = cursor.missing(from, prunedThrough)
    if (missing === 0 || !cursor.exists()) return { missing, findings: [] }
    const findings: Finding[] = []
    inTransaction(database, () => {
      const ids = organizations.ids()
      for (const id of ids) {
        const identity = organizations.identityOf(id)!
        const head = organizations.find(identity)?.head
        if (head === undefined) continue
        // Whose they were cannot be told where several organizations share the journal.
        const count = ids.length === 1 ? missing : 0
        const finding: Finding = {
          organization: identity,
          endpoint: decodeHead(head, `of ${identity}`).endpoint,
          kind: 'UNFORWARDED',
          foundAt: foundAtMs,
          severity: 'ERROR',
          message:
            `The forwarder's place in the journal was ${position}, and ${count === 0 ? 'values' : `up to ${count} values`} ` +
            `up to ${prunedThrough} were deleted by age (HF_AUDIT_SOURCE_TTL) while nothing was forwarded: they never ` +
            'reached OTLP.',
          count,
          ids: [],
          newestPublishedAt: null,
          oldestReceivedAt: null,
          sequence: 0,
        }
        findings.push(finding)
        const value = encodeValue('findings', singleObjectHeader('findings'), finding)
        insert(id, 'findings', { value, timestampMs: foundAtMs })
      }
      replace.run(TOLD_CURSOR, prunedThrough)
    })
    return { missing, findings }
  }
}
