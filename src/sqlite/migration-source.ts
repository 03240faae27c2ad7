import type { DatabaseSync } from 'node:sqlite'
import { decodeValue } from '../event/avro.ts'
import type { EmbeddedValue, MigrationSource, PageLimits } from '../migration-ports.ts'
import { type CheckpointReader, createCheckpointReader } from './checkpoint.ts'
import { createForwarderCursor, type ForwarderCursor } from './cursor.ts'
import { inTransaction, openDatabase } from './database.ts'
import { journalError, notOpen } from './errors.ts'
import { journalPath } from './files.ts'
import { acquireWriterLock, type WriterLock } from './lock.ts'
import { markMoved, movedTo } from './moved.ts'
import { createOrganizationRows, type OrganizationRows } from './organization-rows.ts'
import { createPageReader, type PageReader } from './pages.ts'
import { streamOfCode } from './schema.ts'
import { createSeenRows, type SeenRows } from './seen-rows.ts'

interface Store {
  readonly lock: WriterLock
  readonly database: DatabaseSync
  readonly organizations: OrganizationRows
  readonly seen: SeenRows
  readonly checkpoints: CheckpointReader
  readonly cursor: ForwarderCursor
  readonly pages: PageReader
}

/** How many positions one page looks through at most, so that no read is long. */
const WINDOW = 50_000

/** An embedded journal as what is moved from. It must exist, and nobody else writes it meanwhile. */
export function createSqliteMigrationSource(dataDirectory: string): MigrationSource {
  const path = journalPath(dataDirectory)
  let store: Store | undefined

  function use<T>(work: (store: Store) => T): T {
    if (store === undefined) throw notOpen(path)
    try {
      return work(store)
    } catch (error) {
      throw journalError(error, path)
    }
  }

  return {
    location: path,

    open() {
      // Before the lock: what is not there is not made.
      openDatabase(dataDirectory, { readOnly: true }).close()
      const lock = acquireWriterLock(dataDirectory)
      try {
        const database = openDatabase(dataDirectory, { readOnly: false })
        const organizations = createOrganizationRows(database)
        const seen = createSeenRows(database)
        const checkpoints = createCheckpointReader(database, organizations, seen)
        const cursor = createForwarderCursor(database)
        const pages = createPageReader(database, organizations, path)
        store = { lock, database, organizations, seen, checkpoints, cursor, pages }
      } catch (error) {
        lock.release()
        throw journalError(error, path)
      }
    },

    movedTo: () => use(({ database }) => movedTo(database)?.destination),

    trails() {
      return use(({ database, organizations, checkpoints }) => {
        const count = database.prepare('SELECT count(*) AS entries FROM entry WHERE organization = ?')
        return organizations.ids().map(id => {
          const identity = organizations.identityOf(id)!
          const { head } = checkpoints.read(identity)
          const { firstSequence } = organizations.find(identity)!
          return { identity, head, firstSequence, values: Number(count.get(id)?.entries) }
        })
      })
    },

    forwardedThrough: () => use(({ cursor }) => cursor.read()),

    lastPosition: () => use(({ pages }) => pages.lastPosition()),

    read: (identity, after, through, limits) =>
      use(opened => readPage(opened, identity, after, through, limits)),

    chainHashAt(identity, sequence) {
      return use(({ database, organizations }) => {
        const row = database
          .prepare('SELECT value FROM entry WHERE organization = ? AND sequence = ?')
          .get(organizations.find(identity)?.id ?? -1, sequence)
        return row === undefined ? undefined : decodeValue('events', bufferOf(row.value)).chainHash
      })
    },

    seen(identity) {
      return use(({ organizations, seen }) => {
        const row = organizations.find(identity)
        return row === undefined ? [] : [...seen.load(row.id).entries()]
      })
    },

    markMoved(destination, atMs) {
      use(({ database }) => inTransaction(database, () => markMoved(database, { destination, atMs })))
    },

    close() {
      const closing = store
      store = undefined
      closing?.database.close()
      closing?.lock.release()
    },
  }
}

/** By index, so that a trail among many is not looked for in all of them. */
function readPage(
  { database, organizations }: Store,
  identity: string,
  after: number,
  through: number,
  { maxValues, maxBytes }: PageLimits,
): { values: EmbeddedValue[]; next: number } {
  const windowEnd = Math.min(through, after + WINDOW)
  const statement = database.prepare(
    `SELECT position, stream, timestamp_ms, value FROM entry NOT INDEXED WHERE position IN (
       SELECT position FROM entry INDEXED BY entry_stream
       WHERE organization = ? AND stream IN (0, 1, 2, 3) AND position > ? AND position <= ?
       ORDER BY position LIMIT ?) ORDER BY position`,
  )
  const values: EmbeddedValue[] = []
  let bytes = 0
  const id = organizations.find(identity)?.id ?? -1
  for (const row of statement.iterate(id, after, windowEnd, maxValues)) {
    const value = bufferOf(row.value)
    const position = Number(row.position)
    values.push({
      position,
      stream: streamOfCode(Number(row.stream))!,
      timestampMs: Number(row.timestamp_ms),
      value,
    })
    bytes += value.length
    if (values.length === maxValues || bytes >= maxBytes) return { values, next: position }
  }
  return { values, next: windowEnd }
}

function bufferOf(bytes: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array
  return Buffer.from(buffer, byteOffset, byteLength)
}
