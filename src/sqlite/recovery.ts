import type { DatabaseSync } from 'node:sqlite'
import { asConnectorError } from '../errors.ts'
import { keptAbsent } from '../event/absence.ts'
import { encodeValue, singleObjectHeader } from '../event/avro.ts'
import { decodeHead, encodeHead, isNewerHead } from '../event/head-codec.ts'
import type { Organization } from '../event/organization.ts'
import { RebuiltTrail } from '../event/rebuilt-trail.ts'
import type { StreamName } from '../event/records.ts'
import type { StoredState, TrailEvidence } from '../event/trail-evidence.ts'
import type { JournalRecovery, RecoveredTrail } from '../ports.ts'
import { createEntryInsert } from './batch.ts'
import { inTransaction, openDatabase } from './database.ts'
import { journalError } from './errors.ts'
import { journalPath } from './files.ts'
import { acquireWriterLock } from './lock.ts'
import { requireNotMoved } from './moved.ts'
import { createOrganizationRows, type OrganizationRow, type OrganizationRows } from './organization-rows.ts'
import { createPageReader, type PageReader } from './pages.ts'
import { FORWARDER_CURSOR, streamCode } from './schema.ts'
import { createSeenRows, type SeenRows } from './seen-rows.ts'

export interface SqliteRecoverySettings {
  readonly dataDirectory: string
  /** Elements at which an export counts as cut: twice as many of the youngest ids are kept. */
  readonly exportCap: number
}

const STREAMS: readonly StreamName[] = ['events', 'dead-letters', 'ledger']
const PAGE_ENTRIES = 500

interface Store {
  readonly database: DatabaseSync
  readonly organizations: OrganizationRows
  readonly seen: SeenRows
  readonly pages: PageReader
}

/** Looks at one organization's trail in the file, and stores a new checkpoint for it while no other process writes. */
export function createSqliteRecovery(settings: SqliteRecoverySettings): JournalRecovery {
  const { dataDirectory, exportCap } = settings
  const path = journalPath(dataDirectory)

  function withStore<T>(readOnly: boolean, work: (store: Store) => T): T {
    let database: DatabaseSync | undefined
    try {
      database = openDatabase(dataDirectory, { readOnly })
      const organizations = createOrganizationRows(database)
      const pages = createPageReader(database, organizations, path)
      return work({ database, organizations, seen: createSeenRows(database), pages })
    } catch (error) {
      throw journalError(error, path)
    } finally {
      database?.close()
    }
  }

  function look({ database, organizations, seen, pages }: Store, organization: Organization): TrailEvidence {
    const { identity } = organization
    const row = organizations.find(identity)
    const records = new RebuiltTrail(organization, 2 * keptAbsent(exportCap))
    const through = pages.lastPosition()
    for (let after = 0; after < through; ) {
      const page = pages.read({
        after,
        through,
        streams: STREAMS,
        organization: identity,
        maxEntries: PAGE_ENTRIES,
      })
      for (const { stream, record, position } of page.entries) {
        if (stream === 'events') records.addEvent(record, position)
        else if (stream === 'dead-letters') records.addDeadLetter(record)
        else if (stream === 'ledger') records.addLedgerEntry(record)
      }
      after = page.next
    }
    const stored = stateOf(row, seen, identity)
    const sequence = stored.kind === 'whole' ? stored.head.sequence : records.ledger?.sequence
    // Pruning notes how far it took the events away.
    const expired = row !== undefined && row.firstSequence > 1 && row.firstSequence - 1 === sequence
    const problem = stored.kind === 'whole' ? columnProblem(database, row!, stored.head.sequence) : undefined
    return { organization, stored, records, expired, ...(problem === undefined ? {} : { problem }) }
  }

  function store(
    into: Store,
    organization: Organization,
    firstSequence: number,
    trail: RecoveredTrail,
  ): void {
    const { database, organizations, seen, pages } = into
    const { id } = organizations.findOrAdd(organization.identity)
    alignSequences(database, pages, id, organization.identity)
    database.prepare('DELETE FROM seen WHERE organization = ?').run(id)
    for (const entry of trail.entries) seen.put(id, entry)
    organizations.setFirstSequence(id, firstSequence)
    organizations.setHead(id, encodeHead(trail.head))
    const insert = createEntryInsert(database)
    for (const finding of trail.findings) {
      const value = encodeValue('findings', singleObjectHeader('findings'), finding)
      insert(id, 'findings', { value, timestampMs: finding.foundAt })
    }
    const value = encodeValue('ledger', singleObjectHeader('ledger'), trail.ledger)
    insert(id, 'ledger', { value, timestampMs: trail.ledger.finishedAt })
  }

  return {
    async open() {
      withStore(true, () => undefined)
    },

    async examine(organization) {
      return withStore(true, opened => look(opened, organization))
    },

    async rewrite(organization, decide) {
      const lock = acquireWriterLock(dataDirectory)
      try {
        withStore(false, opened => {
          const { database, pages } = opened
          requireNotMoved(database, path)
          inTransaction(database, () => {
            // Positions that are given again would else lie before the forwarder's place.
            database
              .prepare('UPDATE cursor SET position = min(position, ?) WHERE name = ?')
              .run(pages.lastPosition(), FORWARDER_CURSOR)
            const evidence = look(opened, organization)
            const trail = decide(evidence)
            store(opened, organization, evidence.records.firstSequence ?? trail.head.sequence + 1, trail)
          })
        })
      } finally {
        lock.release()
      }
    },

    async close() {},
  }
}

function stateOf(row: OrganizationRow | undefined, seen: SeenRows, identity: string): StoredState {
  if (row?.head === undefined) return { kind: 'missing' }
  try {
    return { kind: 'whole', head: decodeHead(row.head, `of ${identity}`), seen: seen.load(row.id) }
  } catch (error) {
    if (isNewerHead(row.head)) throw error
    return { kind: 'unreadable', reason: asConnectorError(error).message }
  }
}

/** What the journal itself looks at before it goes on. */
function columnProblem(database: DatabaseSync, row: OrganizationRow, expected: number): string | undefined {
  const last = database
    .prepare('SELECT max(sequence) AS sequence FROM entry WHERE organization = ? AND sequence IS NOT NULL')
    .get(row.id)?.sequence as number | null
  const stored = last ?? row.firstSequence - 1
  return stored === expected
    ? undefined
    : `The rows end at sequence ${stored}, and the checkpoint at ${expected}.`
}

/** The column is a copy of what the record says; where somebody changed it, the record is right. */
function alignSequences(
  database: DatabaseSync,
  pages: PageReader,
  organization: number,
  identity: string,
): void {
  const through = pages.lastPosition()
  const update = database.prepare('UPDATE entry SET sequence = ? WHERE position = ?')
  database
    .prepare(`UPDATE entry SET sequence = NULL WHERE organization = ? AND stream = ${streamCode('events')}`)
    .run(organization)
  for (let after = 0; after < through; ) {
    const page = pages.read({
      after,
      through,
      streams: ['events'],
      organization: identity,
      maxEntries: PAGE_ENTRIES,
    })
    for (const entry of page.entries) {
      if (entry.stream === 'events') update.run(entry.record.sequence, Number(entry.position))
    }
    after = page.next
  }
}
