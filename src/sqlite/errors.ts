import { ConnectorError } from '../errors.ts'

/** Primary result codes, https://www.sqlite.org/rescode.html */
const SQLITE_PERM = 3
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
const SQLITE_NOTADB = 26

/** The primary result code of an error of `node:sqlite`; undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  return error.errcode & 0xff
}

export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === SQLITE_BUSY || code === SQLITE_LOCKED
}

/** What went wrong with the file at `path`, in words and with the mend. Errors of ours go through as they are. */
export function journalError(error: unknown, path: string): ConnectorError {
  if (error instanceof ConnectorError) return error
  const said = error instanceof Error ? error.message : String(error)
  const unavailable = (what: string): ConnectorError =>
    new ConnectorError('JOURNAL_UNAVAILABLE', `${path}: ${what} (${said})`, { retryable: true, cause: error })
  const mismatch = (what: string): ConnectorError =>
    new ConnectorError('JOURNAL_MISMATCH', `${path}: ${what} (${said})`, { cause: error })

  switch (sqliteCode(error)) {
    case SQLITE_FULL:
      return unavailable('the disk is full, so nothing was stored; free some space and it goes on')
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable('another program holds a lock on the database; end it and it goes on')
    case SQLITE_IOERR:
      return unavailable('the disk failed, so nothing was stored; look at the disk and its quota')
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return unavailable('cannot be opened for this user; give it read and write permission on the directory')
    case SQLITE_CORRUPT:
      return mismatch('the database is damaged; restore it from a backup, it is left as it is')
    case SQLITE_NOTADB:
      return mismatch(
        'is no SQLite database; it is left as it is: move it away or name another HF_AUDIT_DATA_DIR',
      )
    case undefined:
      return fileError(error, path, said)
    default:
      return new ConnectorError('UNEXPECTED', `${path}: ${said}`, { cause: error })
  }
}

/** Errors of `node:fs`, while directory and files are made. */
function fileError(error: unknown, path: string, said: string): ConnectorError {
  if (error instanceof Error && 'syscall' in error) {
    const what = 'cannot be made or opened; HF_AUDIT_DATA_DIR must be a directory that this user may write to'
    return new ConnectorError('JOURNAL_UNAVAILABLE', `${path}: ${what} (${said})`, {
      retryable: true,
      cause: error,
    })
  }
  return new ConnectorError('UNEXPECTED', `${path}: ${said}`, { cause: error })
}

export function stopped(): ConnectorError {
  return new ConnectorError('STOPPED', 'stopped before the journal was ready')
}

export function notOpen(path: string): ConnectorError {
  return new ConnectorError('JOURNAL_UNAVAILABLE', `${path}: is not open`, { retryable: true })
}
