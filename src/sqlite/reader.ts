import type { DatabaseSync } from 'node:sqlite'
import type { JournalEntry, JournalReader, TailOptions } from '../ports.ts'
import { openDatabase } from './database.ts'
import { journalError, notOpen, stopped } from './errors.ts'
import { journalPath } from './files.ts'
import { createOrganizationRows } from './organization-rows.ts'
import { createPageReader, type PageReader } from './pages.ts'
import { pause } from './pause.ts'

export interface SqliteReaderSettings {
  readonly dataDirectory: string
}

const PAGE_ENTRIES = 500
/** How often a following reader looks for what another process has committed. */
const FOLLOW_INTERVAL_MS = 250

/** Reads a journal beside the process that writes it; a connection that cannot write. */
export function createSqliteReader(settings: SqliteReaderSettings): JournalReader {
  const path = journalPath(settings.dataDirectory)
  let store: { database: DatabaseSync; pages: PageReader } | undefined

  function read<T>(work: (pages: PageReader) => T): T {
    if (store === undefined) throw notOpen(path)
    try {
      return work(store.pages)
    } catch (error) {
      throw journalError(error, path)
    }
  }

  async function* follow(
    options: TailOptions,
    endAtCall: number,
    signal: AbortSignal,
  ): AsyncIterable<JournalEntry> {
    const { streams, organization } = options
    let after = options.fromBeginning ? 0 : endAtCall
    while (!signal.aborted) {
      const through = options.follow ? read(pages => pages.lastPosition()) : endAtCall
      const page = read(pages =>
        pages.read({ after, through, streams, organization, maxEntries: PAGE_ENTRIES }),
      )
      for (const entry of page.entries) {
        if (signal.aborted) return
        yield entry
      }
      after = page.next
      if (after < through) continue
      if (!options.follow) return
      await pause(FOLLOW_INTERVAL_MS, signal)
    }
  }

  return {
    async open(signal) {
      if (signal.aborted) throw stopped()
      if (store !== undefined) return
      const database = openDatabase(settings.dataDirectory, { readOnly: true })
      const pages = createPageReader(database, createOrganizationRows(database), path)
      store = { database, pages }
    },

    tail(options, signal) {
      return follow(
        options,
        read(pages => pages.lastPosition()),
        signal,
      )
    },

    async close() {
      store?.database.close()
      store = undefined
    },
  }
}
