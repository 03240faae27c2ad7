import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import { decodeValue } from '../event/avro.ts'
import type { StreamName } from '../event/records.ts'
import type { JournalEntry } from '../ports.ts'
import type { OrganizationRows } from './organization-rows.ts'
import { streamCode, streamOfCode } from './schema.ts'

/** A page ends with the value that reaches this, so that memory is bounded by bytes as well as by count. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024
/** How many positions one page by index looks through at most, so that no read is long. */
const INDEX_WINDOW = 50_000

export interface PageRequest {
  /** From the first position after this one … */
  readonly after: number
  /** … up to this one. */
  readonly through: number
  readonly streams: readonly StreamName[]
  readonly organization?: string | undefined
  readonly maxEntries: number
}

export interface Page {
  readonly entries: readonly JournalEntry[]
  /** What to ask for next: everything up to here was seen. */
  readonly next: number
}

/** Reads the journal in short transactions, page after page: a long one would keep the write-ahead log growing. */
export interface PageReader {
  read(request: PageRequest): Page
  /** The position that was given last, whether or not its value is still there; 0 before the first. */
  lastPosition(): number
  /** Up to here values may have been deleted by age. */
  prunedThrough(): number
}

type EntryRow = [position: number, organization: number, stream: number, value: Uint8Array]

export function createPageReader(
  database: DatabaseSync,
  organizations: OrganizationRows,
  path: string,
): PageReader {
  const columns = 'position, organization, stream, value'
  /** In the order of the table: right when most values are wanted. */
  const scan = rowsAsArrays(
    database.prepare(
      `SELECT ${columns} FROM entry NOT INDEXED WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`,
    ),
  )
  const statements = new Map<string, StatementSync>()
  const selectLast = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'entry'")
  const selectPruned = database.prepare('SELECT through FROM pruned')

  /** By index: when one organization is wanted, or only the streams with few values. */
  function lookup(streams: readonly StreamName[], organization: number | undefined): StatementSync {
    const owner = organization === undefined ? '(SELECT id FROM organization)' : `(${organization})`
    const codes = `(${streams.map(streamCode).join()})`
    const sql =
      `SELECT ${columns} FROM entry NOT INDEXED WHERE position IN (` +
      `SELECT position FROM entry INDEXED BY entry_stream WHERE organization IN ${owner} AND stream IN ${codes} ` +
      'AND position > ? AND position <= ? ORDER BY position LIMIT ?) ORDER BY position'
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = rowsAsArrays(database.prepare(sql))
      statements.set(sql, statement)
    }
    return statement
  }

  function readByScan({ after, through, streams, maxEntries }: PageRequest): Page {
    const entries: JournalEntry[] = []
    const wanted = new Set(streams)
    const next = walk(scan, after, through, maxEntries, row => {
      if (wanted.has(streamOf(row, path))) entries.push(entryOf(row, organizations, path))
    })
    return { entries, next }
  }

  function readByIndex({ after, through, streams, organization, maxEntries }: PageRequest): Page {
    const owner = organization === undefined ? undefined : organizations.find(organization)?.id
    // Nothing of an organization that is not there yet.
    if (organization !== undefined && owner === undefined) return { entries: [], next: through }
    const entries: JournalEntry[] = []
    const windowEnd = Math.min(through, after + INDEX_WINDOW)
    const next = walk(lookup(streams, owner), after, windowEnd, maxEntries, row => {
      entries.push(entryOf(row, organizations, path))
    })
    return { entries, next }
  }

  return {
    read(request) {
      const { after, through, streams, organization } = request
      if (after >= through || streams.length === 0) return { entries: [], next: Math.max(after, through) }
      return organization === undefined && streams.includes('events')
        ? readByScan(request)
        : readByIndex(request)
    },
    lastPosition() {
      return Number(selectLast.get()?.seq ?? 0)
    },
    prunedThrough() {
      return Number(selectPruned.get()?.through ?? 0)
    },
  }
}

function rowsAsArrays(statement: StatementSync): StatementSync {
  statement.setReturnArrays(true)
  return statement
}

/** Takes rows until the page is full; returns up to which position everything was seen. */
function walk(
  statement: StatementSync,
  after: number,
  through: number,
  maxRows: number,
  take: (row: EntryRow) => void,
): number {
  let rows = 0
  let bytes = 0
  let last = after
  for (const row of statement.iterate(after, through, maxRows) as unknown as Iterable<EntryRow>) {
    take(row)
    last = row[0]
    rows += 1
    bytes += row[3].length
    if (rows === maxRows || bytes >= MAX_PAGE_BYTES) return last
  }
  return through
}

function streamOf(row: EntryRow, path: string): StreamName {
  const stream = streamOfCode(row[2])
  if (stream === undefined) throw unreadable(path, row, `belongs to stream ${row[2]}, which is none`)
  return stream
}

function entryOf(row: EntryRow, organizations: OrganizationRows, path: string): JournalEntry {
  const [position, owner, , bytes] = row
  const stream = streamOf(row, path)
  const organization = organizations.identityOf(owner)
  if (organization === undefined) throw unreadable(path, row, 'belongs to no organization')
  const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    const record = decodeValue(stream, value)
    return { stream, organization, position: String(position), record } as JournalEntry
  } catch (error) {
    throw unreadable(path, row, error instanceof Error ? error.message : String(error), error)
  }
}

function unreadable(path: string, row: EntryRow, what: string, cause?: unknown): ConnectorError {
  return new ConnectorError('JOURNAL_MISMATCH', `${path}, entry ${row[0]}: ${what}`, { cause })
}
