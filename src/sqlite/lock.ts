import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import { isBusy, journalError } from './errors.ts'
import { lockHolderPath, lockPath, makePrivateFile } from './files.ts'

export interface WriterLock {
  release(): void
}

/**
 * Makes this the only process that writes the journal in `dataDirectory` (which must exist): a transaction on a
 * database of its own stays open for as long as the lock is held. The operating system ends it with the process,
 * however that dies, so there is no stale lock to clear. Not for network file systems without locks.
 * Throws `JOURNAL_LOCKED` when another one has it, `JOURNAL_UNAVAILABLE`, `JOURNAL_MISMATCH`.
 */
export function acquireWriterLock(dataDirectory: string): WriterLock {
  const path = lockPath(dataDirectory)
  const holderPath = lockHolderPath(dataDirectory)
  let database: DatabaseSync | undefined
  try {
    makePrivateFile(path)
    database = new DatabaseSync(path)
    // Nothing is ever written here, so no rollback journal is to lie beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    if (isBusy(error)) throw lockedError(dataDirectory, holderPath)
    throw journalError(error, path)
  }
  writeHolder(holderPath)

  let held: DatabaseSync | undefined = database
  return {
    release() {
      if (held === undefined) return
      rmSync(holderPath, { force: true })
      held.close()
      held = undefined
    },
  }
}

/** Only for the words of a refusal: that it cannot be written must not stop anyone. */
function writeHolder(holderPath: string): void {
  try {
    writeFileSync(holderPath, `process ${process.pid} on ${hostname()}`, { mode: 0o600 })
  } catch {
    // Then a refusal says "another process".
  }
}

function lockedError(dataDirectory: string, holderPath: string): ConnectorError {
  let holder = 'another process'
  try {
    holder = readFileSync(holderPath, 'utf8')
  } catch {
    // It has not written it yet.
  }
  return new ConnectorError(
    'JOURNAL_LOCKED',
    `${resolve(dataDirectory)}: ${holder} writes the journal in this directory, and only one may; ` +
      'end that one or name another HF_AUDIT_DATA_DIR (tail and other readers work beside it)',
  )
}
