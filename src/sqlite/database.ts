import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import { journalError } from './errors.ts'
import { journalPath, makePrivateFile } from './files.ts'
import { APPLICATION_ID, SCHEMA_SQL, SCHEMA_VERSION } from './schema.ts'

/** Readers of other processes may hold the file for moments, while the write-ahead log is put back. */
const BUSY_TIMEOUT_MS = 5_000
/** The write-ahead log is cut back to this after a large commit. */
const WAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024

/** Opens the journal of a directory to write it, and makes it when there is none. The caller holds the lock. */
export function createOrOpenDatabase(dataDirectory: string): DatabaseSync {
  const path = journalPath(dataDirectory)
  return opened(path, () => {
    makePrivateFile(path)
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    return prepared(database, path, () => {
      // WAL lets readers work beside the writer; larger pages suit records of about a kilobyte.
      database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL')
      inTransaction(database, () => {
        database.exec(SCHEMA_SQL)
        database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
      })
    })
  })
}

/** Opens a journal that exists, beside its writer. Throws `JOURNAL_UNAVAILABLE` when there is none yet. */
export function openDatabase(dataDirectory: string, options: { readonly readOnly: boolean }): DatabaseSync {
  const path = journalPath(dataDirectory)
  return opened(path, () => {
    if (!existsSync(path)) throw noJournalYet(path)
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, readOnly: options.readOnly })
    return prepared(database, path, () => {
      throw noJournalYet(path)
    })
  })
}

/**
 * Runs `work` in one write transaction: all of it is stored, or nothing. A failed COMMIT may have been stored or not:
 * read again what is there.
 */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // On some errors, a full disk among them, SQLite has rolled back by itself.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function opened(path: string, open: () => DatabaseSync): DatabaseSync {
  try {
    return open()
  } catch (error) {
    throw journalError(error, path)
  }
}

/** Checks what the file is before anything is written to it, and sets what holds for this connection. */
function prepared(database: DatabaseSync, path: string, initialize: () => void): DatabaseSync {
  try {
    if (isEmpty(database)) initialize()
    else requireOurs(database, path)
    database.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${WAL_SIZE_LIMIT_BYTES}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function isEmpty(database: DatabaseSync): boolean {
  const row = database.prepare('SELECT count(*) AS objects FROM sqlite_schema').get()
  return (
    row?.objects === 0 && pragma(database, 'user_version') === 0 && pragma(database, 'application_id') === 0
  )
}

function requireOurs(database: DatabaseSync, path: string): void {
  if (pragma(database, 'application_id') !== APPLICATION_ID) {
    throw new ConnectorError(
      'JOURNAL_MISMATCH',
      `${path}: is the database of another program; it is left as it is: move it away or name another HF_AUDIT_DATA_DIR`,
    )
  }
  const version = pragma(database, 'user_version')
  if (version !== SCHEMA_VERSION) {
    throw new ConnectorError(
      'JOURNAL_MISMATCH',
      `${path}: has schema version ${version}, and this release knows ${SCHEMA_VERSION}: ` +
        'a newer release wrote it; update this program',
    )
  }
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

function noJournalYet(path: string): ConnectorError {
  return new ConnectorError(
    'JOURNAL_UNAVAILABLE',
    `${path}: there is no journal here yet; \`hf-audit run\` makes it (HF_AUDIT_DATA_DIR names the directory)`,
    { retryable: true },
  )
}
