import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { asConnectorError } from '../errors.ts'
import { encodeValue, singleObjectHeader } from '../event/avro.ts'
import type { Finding } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { ForwardingSource } from '../ports.ts'
import { createEntryInsert, createStoredLookup, type EntryInsert } from './batch.ts'
import { createForwarderCursor, FORWARDED_STREAMS, type ForwarderCursor } from './cursor.ts'
import { inTransaction, openDatabase } from './database.ts'
import { journalError, notOpen, stopped } from './errors.ts'
import { journalPath } from './files.ts'
import { createOrganizationRows, type OrganizationRows } from './organization-rows.ts'
import { createPageReader, type Page, type PageReader } from './pages.ts'
import { createBell, pause } from './pause.ts'
import { createUnforwardedTeller } from './unforwarded.ts'

export interface SqliteForwardingSettings {
  readonly dataDirectory: string
  readonly log: Logger
  /** Hears of each finding that was stored here. */
  readonly onFinding?: (finding: Finding) => void
  /** `SqliteJournal.onCommit` of the journal in this process: what that commits is then handed over at once. */
  readonly onCommit?: (listener: () => void) => () => void
}

/** How long it waits for a commit before it looks by itself. */
const LOOK_INTERVAL_MS = 500
/** After the first failure; doubled with each further one. */
const FIRST_RETRY_MS = 200
const MAX_RETRY_MS = 10_000

interface Store {
  readonly database: DatabaseSync
  readonly organizations: OrganizationRows
  readonly pages: PageReader
  readonly cursor: ForwarderCursor
  readonly insert: EntryInsert
  readonly isStoredBehind: ReturnType<typeof createStoredLookup>
  readonly tellUnforwarded: ReturnType<typeof createUnforwardedTeller>
}

/**
 * The forwarder's cursor is one row of the journal's file. It has a connection of its own: every transaction of this
 * process begins and ends without giving up the thread, so those of the poller and these never meet.
 */
export function createSqliteForwardingSource(settings: SqliteForwardingSettings): ForwardingSource {
  const { log } = settings
  const path = journalPath(settings.dataDirectory)
  let store: Store | undefined
  let toldPrunedThrough = 0

  function use<T>(work: (store: Store) => T): T {
    if (store === undefined) throw notOpen(path)
    try {
      return work(store)
    } catch (error) {
      throw journalError(error, path)
    }
  }

  function pageAfter(position: number, maxEntries: number): Page & { readonly atEnd: boolean } {
    return use(({ pages, tellUnforwarded }) => {
      const through = pages.lastPosition()
      tellMissing(position, pages.prunedThrough(), tellUnforwarded)
      const page = pages.read({ after: position, through, streams: FORWARDED_STREAMS, maxEntries })
      return { ...page, atEnd: page.next >= through }
    })
  }

  /** Values may have been pruned while nothing was forwarded: that is never passed over in silence. */
  function tellMissing(position: number, prunedThrough: number, tell: Store['tellUnforwarded']): void {
    if (position >= prunedThrough || toldPrunedThrough >= prunedThrough) return
    const { missing, findings } = tell(position, prunedThrough, Date.now())
    toldPrunedThrough = prunedThrough
    for (const finding of findings) settings.onFinding?.(finding)
    if (missing === 0) return
    log.warn(
      { journal: path, cursor: position, prunedThrough, missing },
      'values were deleted by age before they were forwarded; forwarding goes on with the first that was kept',
    )
  }

  /** Ends when the signal is aborted; throws only what no retry can mend. */
  async function run(
    deliver: Parameters<ForwardingSource['run']>[0],
    maxEntries: number,
    signal: AbortSignal,
    wait: () => Promise<void>,
  ): Promise<void> {
    let position = use(({ cursor }) => cursor.read())
    let savedPosition = position
    let failures = 0
    const save = (): void => {
      if (position === savedPosition) return
      use(({ cursor }) => cursor.save(position))
      savedPosition = position
    }

    while (!signal.aborted) {
      let delivering = false
      try {
        const page = pageAfter(position, maxEntries)
        if (page.entries.length > 0) {
          delivering = true
          await deliver(page.entries, signal)
          delivering = false
          position = page.next
        }
        save()
        failures = 0
        if (page.entries.length > 0) continue
        // Passed without a write: these were dead letters, and the next start passes them again.
        position = savedPosition = page.next
        await (page.atEnd ? wait() : nextTurn())
      } catch (error) {
        if (signal.aborted) break
        const known = asConnectorError(error)
        if (!delivering && !known.retryable) throw known
        failures += 1
        const retryMs = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS)
        log.warn({ error: known.message, code: known.code, retryMs }, 'forwarding failed and is tried again')
        await pause(retryMs, signal)
      }
    }
    try {
      save()
    } catch (error) {
      log.warn({ error: asConnectorError(error).message }, 'the last values will be delivered once more')
    }
  }

  return {
    async open(signal) {
      if (signal.aborted) throw stopped()
      store ??= openStore(settings.dataDirectory, path)
    },

    async run(deliver, { maxEntries }, signal) {
      const bell = createBell()
      const unsubscribe = settings.onCommit?.(bell.ring)
      try {
        await run(deliver, maxEntries, signal, () => bell.wait(LOOK_INTERVAL_MS, signal))
      } finally {
        unsubscribe?.()
      }
    },

    async backlog() {
      return use(({ cursor, pages }) => cursor.backlog(pages.lastPosition(), pages.prunedThrough()))
    },

    async storeDeadLetter(organization, record) {
      const value = encodeValue('dead-letters', singleObjectHeader('dead-letters'), record)
      use(({ database, organizations, insert, cursor, isStoredBehind }) =>
        inTransaction(database, () => {
          const { id } = organizations.findOrAdd(organization)
          // Refused before the last restart, with others beside it that still wait.
          if (isStoredBehind(cursor.read(), id, 'dead-letters', value)) return
          insert(id, 'dead-letters', { value, timestampMs: record.receivedAt })
        }),
      )
    },

    async close() {
      store?.database.close()
      store = undefined
    },
  }
}

function openStore(dataDirectory: string, path: string): Store {
  const database = openDatabase(dataDirectory, { readOnly: false })
  const organizations = createOrganizationRows(database)
  const cursor = createForwarderCursor(database)
  const insert = createEntryInsert(database)
  return {
    database,
    organizations,
    pages: createPageReader(database, organizations, path),
    cursor,
    insert,
    isStoredBehind: createStoredLookup(database),
    tellUnforwarded: createUnforwardedTeller(database, organizations, insert, cursor),
  }
}
