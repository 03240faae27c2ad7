import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import { makePrivateDirectory } from '../private-directory.ts'
import type { ReplayCursor, ReplayState } from '../replay-ports.ts'
import { isBusy, journalError } from './errors.ts'
import { makeDataDirectory, makePrivateFile } from './files.ts'

const FORMAT_VERSION = 1

export interface SqliteReplayCursorSettings {
  readonly dataDirectory: string
  readonly name: string
}

/**
 * The cursor of one replay in a database of its own, so that the journal's writer is never waited for nor made to wait.
 * Its file stays locked for as long as the replay runs, and the operating system ends that with the process.
 */
export function createSqliteReplayCursor({ dataDirectory, name }: SqliteReplayCursorSettings): ReplayCursor {
  const directory = join(resolve(dataDirectory), 'replay')
  const path = join(directory, `${name}.db`)
  let database: DatabaseSync | undefined

  function open(): DatabaseSync {
    let made: DatabaseSync | undefined
    try {
      makeDataDirectory(dataDirectory)
      makePrivateDirectory(directory)
      makePrivateFile(path)
      made = new DatabaseSync(path, { timeout: 0 })
      // Exclusive: the lock that the first transaction takes is kept after it.
      made.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE')
      made.exec(
        'CREATE TABLE IF NOT EXISTS replay (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)',
      )
      made.exec('COMMIT')
      return made
    } catch (error) {
      made?.close()
      if (isBusy(error)) throw isRunning(name)
      throw journalError(error, path)
    }
  }

  return {
    async resume() {
      database ??= open()
      const text = database.prepare('SELECT state FROM replay').get()?.state
      return text === undefined ? undefined : storedState(String(text), path)
    },

    async save(state) {
      if (database === undefined) throw new ConnectorError('UNEXPECTED', `${path}: is not open`)
      try {
        const text = JSON.stringify({ version: FORMAT_VERSION, ...state })
        database.prepare('REPLACE INTO replay VALUES (1, ?)').run(text)
      } catch (error) {
        throw journalError(error, path)
      }
    },

    async close() {
      database?.close()
      database = undefined
    },
  }
}

function storedState(text: string, path: string): ReplayState {
  const { version, ...state } = JSON.parse(text) as ReplayState & { version: number }
  if (version === FORMAT_VERSION) return state
  throw new ConnectorError(
    'JOURNAL_MISMATCH',
    `${path}: has format ${version}, and this release knows ${FORMAT_VERSION}: give the replay another --name`,
  )
}

function isRunning(name: string): ConnectorError {
  return new ConnectorError(
    'JOURNAL_LOCKED',
    `another process runs the replay ${name}: wait for its end, or give this one another --name`,
  )
}
