import { closeSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makePrivateDirectory } from '../private-directory.ts'

export function journalPath(dataDirectory: string): string {
  return join(resolve(dataDirectory), 'journal.db')
}

export function lockPath(dataDirectory: string): string {
  return join(resolve(dataDirectory), 'lock.db')
}

/** Who holds the lock, for the message to the one who does not get it. */
export function lockHolderPath(dataDirectory: string): string {
  return join(resolve(dataDirectory), 'lock.holder')
}

/** Private where we make it; a directory that exists keeps the mode that someone chose. */
export function makeDataDirectory(dataDirectory: string): void {
  makePrivateDirectory(resolve(dataDirectory))
}

/**
 * Makes an empty private file, which SQLite takes for a new database; its -wal and -shm get the same mode. Leaves an
 * existing file alone, and above all unopened: closing a file gives up every POSIX lock this process holds on it.
 */
export function makePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
