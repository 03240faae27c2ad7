import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ConnectorError } from '../errors.ts'
import { decodeValue } from '../event/avro.ts'
import { CONTENT_TYPE, cloudEventHeaders } from '../event/cloud-events.ts'
import { decodeHead } from '../event/head-codec.ts'
import { sourceUri } from '../event/organization.ts'
import type { JournalEntry } from '../ports.ts'
import type { ReplayRecord, ReplaySelection, ReplaySource, ReplaySpan } from '../replay-ports.ts'
import { openDatabase } from './database.ts'
import { journalError, notOpen, stopped } from './errors.ts'
import { journalPath } from './files.ts'
import { createOrganizationRows, type OrganizationRows } from './organization-rows.ts'
import { createReplayRows, type ReplayRow, type ReplayRows } from './replay-rows.ts'

export interface SqliteReplaySettings {
  readonly dataDirectory: string
}

interface Store {
  readonly database: DatabaseSync
  readonly organizations: OrganizationRows
  readonly rows: ReplayRows
}

/** Reads the embedded journal again beside the process that writes it, through a connection that cannot write. */
export function createSqliteReplaySource({ dataDirectory }: SqliteReplaySettings): ReplaySource {
  const path = journalPath(dataDirectory)
  let store: Store | undefined
  const sources = new Map<string, string>()

  function use<T>(work: (store: Store) => T): T {
    if (store === undefined) throw notOpen(path)
    try {
      return work(store)
    } catch (error) {
      throw journalError(error, path)
    }
  }

  /** The organization's URI, with the endpoint that it was polled from. */
  function sourceOf(organization: string, organizations: OrganizationRows): string {
    const known = sources.get(organization)
    if (known !== undefined) return known
    const head = organizations.find(organization)?.head
    if (head === undefined) throw unreadable(path, `${organization} has events and no checkpoint`)
    const { endpoint } = decodeHead(head, `of ${organization} in ${path}`)
    const source = sourceUri({ name: organization, identity: organization, endpoint })
    sources.set(organization, source)
    return source
  }

  function recordOf(
    row: ReplayRow,
    selection: ReplaySelection,
    organizations: OrganizationRows,
  ): ReplayRecord {
    const { stream } = selection
    const organization = organizations.identityOf(row.organization)
    if (organization === undefined) throw unreadable(path, `entry ${row.position} belongs to no organization`)
    const { value, timestampMs } = row
    const entry = {
      stream,
      organization,
      position: String(row.position),
      record: decodeValue(stream, value),
    } as JournalEntry
    const headers = headersOf(entry, () => sourceOf(organization, organizations))
    return { entry, stored: { key: Buffer.from(organization, 'utf8'), value, headers, timestampMs } }
  }

  return {
    origin: `the journal ${path}`,

    async open(signal) {
      if (signal.aborted) throw stopped()
      if (store !== undefined) return
      const database = openDatabase(dataDirectory, { readOnly: true })
      store = { database, organizations: createOrganizationRows(database), rows: createReplayRows(database) }
    },

    async spans(selection) {
      return use(({ organizations, rows }) => {
        const span = rows.span(selection, ownerOf(selection, organizations))
        return span.from < span.to ? [span] : []
      })
    },

    async *read(span: ReplaySpan, selection, signal) {
      for (let next = span.from; next < span.to; ) {
        if (signal.aborted) throw stopped()
        const page = use(({ organizations, rows }) => {
          const found = rows.read(selection, ownerOf(selection, organizations), next, span.to)
          return {
            records: found.rows.map(row => recordOf(row, selection, organizations)),
            next: found.next,
          }
        })
        next = page.next
        yield page
        // Windows without a record of the range take no other turn.
        await nextTurn()
      }
    },

    async close() {
      store?.database.close()
      store = undefined
    },
  }
}

/** -1 for one that is not there: of it nothing is found. */
function ownerOf({ organization }: ReplaySelection, organizations: OrganizationRows): number | undefined {
  return organization === undefined ? undefined : (organizations.find(organization)?.id ?? -1)
}

/** As the journal on Kafka would have written them. */
function headersOf(entry: JournalEntry, source: () => string): Record<string, string> {
  if (entry.stream !== 'events') return { 'content-type': CONTENT_TYPE }
  const { id, eventType, eventTime } = entry.record
  return cloudEventHeaders(source(), { id, type: eventType, createdAtMs: eventTime })
}

function unreadable(path: string, what: string): ConnectorError {
  return new ConnectorError('JOURNAL_MISMATCH', `${path}: ${what}`)
}
