import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { asConnectorError } from '../errors.ts'
import { decodeValue } from '../event/avro.ts'
import { decodeHead } from '../event/head-codec.ts'
import { SeenEvents } from '../event/seen-events.ts'
import type { JournalScanner, StoredTrail, StoredValue } from '../stored-journal.ts'
import { openDatabase } from './database.ts'
import { journalError, notOpen, stopped } from './errors.ts'
import { journalPath } from './files.ts'
import { createOrganizationRows, type OrganizationRows } from './organization-rows.ts'
import type { SqliteReaderSettings } from './reader.ts'
import { streamOfCode } from './schema.ts'
import { createSeenRows } from './seen-rows.ts'

/** Short reads: a long one would keep the write-ahead log growing. */
const PAGE_ROWS = 500
const PAGE_BYTES = 4 * 1024 * 1024
/** Rows that were added by hand may stand before the first position that is ever given. */
const BEFORE_FIRST = Number.MIN_SAFE_INTEGER

type Row = [number, number, number, number, number | null, Uint8Array]

/** The embedded journal's rows as they are. */
export function createSqliteScanner(settings: SqliteReaderSettings): JournalScanner {
  const path = journalPath(settings.dataDirectory)
  let database: DatabaseSync | undefined

  function read<T>(work: (database: DatabaseSync) => T): T {
    if (database === undefined) throw notOpen(path)
    try {
      return work(database)
    } catch (error) {
      throw journalError(error, path)
    }
  }

  return {
    async open(signal) {
      if (signal.aborted) throw stopped()
      database ??= openDatabase(settings.dataDirectory, { readOnly: true })
    },

    async state() {
      return { trails: read(trailsOf), firstOffsets: [0] }
    },

    async scan(_options, take, signal) {
      const { first, last } = read(positions)
      const next = read(database => createPages(database))
      let after = BEFORE_FIRST
      for (;;) {
        if (signal.aborted) throw stopped()
        const page = read(() => next(after, last))
        const end = page.at(-1)?.offset
        if (end === undefined) break
        after = end
        await take(page, { done: Math.max(0, end - first + 1), total: last - first + 1 })
        await nextTurn()
      }
    },

    decode: decodeValue,

    async seen(organization) {
      return read(database => {
        const row = createOrganizationRows(database).find(organization)
        return row === undefined ? new SeenEvents() : createSeenRows(database).load(row.id)
      })
    },

    positionText: (_stream, _partition, offset) => `row ${offset}`,

    async close() {
      database?.close()
      database = undefined
    },
  }
}

/** In one statement: heads and first sequences of one moment. */
function trailsOf(database: DatabaseSync): StoredTrail[] {
  const rows = database.prepare('SELECT identity, head, first_sequence FROM organization ORDER BY id').all()
  return rows.map(({ identity, head, first_sequence }) => ({
    organization: String(identity),
    ...headOf(head as string | null, String(identity)),
    firstSequence: Number(first_sequence),
  }))
}

function headOf(text: string | null, identity: string): Pick<StoredTrail, 'head' | 'fault'> {
  if (text === null) return { head: undefined, fault: undefined }
  try {
    return { head: decodeHead(text, `of ${identity}`), fault: undefined }
  } catch (error) {
    return { head: undefined, fault: asConnectorError(error).message }
  }
}

function positions(database: DatabaseSync): { first: number; last: number } {
  const row = database.prepare('SELECT min(position) AS first, max(position) AS last FROM entry').get()
  return { first: Number(row?.first ?? 0), last: Number(row?.last ?? 0) }
}

function createPages(database: DatabaseSync): (after: number, through: number) => StoredValue[] {
  const organizations = createOrganizationRows(database)
  const select = database.prepare(
    'SELECT position, organization, stream, timestamp_ms, sequence, value FROM entry NOT INDEXED ' +
      `WHERE position > ? AND position <= ? ORDER BY position LIMIT ${PAGE_ROWS}`,
  )
  select.setReturnArrays(true)
  return (after, through) => {
    const page: StoredValue[] = []
    let bytes = 0
    for (const row of select.iterate(after, through) as unknown as Iterable<Row>) {
      page.push(storedValue(row, organizations))
      bytes += row[5].length
      if (bytes >= PAGE_BYTES) break
    }
    return page
  }
}

function storedValue(row: Row, organizations: OrganizationRows): StoredValue {
  const [offset, owner, stream, timestampMs, sequence, value] = row
  return {
    stream: streamOfCode(stream),
    key: organizations.identityOf(owner),
    partition: 0,
    expectedPartition: 0,
    offset,
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    timestampMs,
    // Only events have one.
    sequence: sequence ?? (streamOfCode(stream) === 'events' ? Number.NaN : undefined),
    headers: undefined,
  }
}
