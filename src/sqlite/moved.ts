import { existsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { openDatabase } from './database.ts'
import { journalPath } from './files.ts'
import { createOrganizationRows } from './organization-rows.ts'

/** A journal that was moved elsewhere says so in a table that others do not have. */
const MOVED_SQL =
  'CREATE TABLE IF NOT EXISTS moved (destination TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT'

export interface Moved {
  readonly destination: string
  readonly atMs: number
}

/** Undefined when it was not. */
export function movedTo(database: DatabaseSync): Moved | undefined {
  const table = database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved'`).get()
  if (table === undefined) return undefined
  const row = database.prepare('SELECT destination, at_ms FROM moved').get()
  return row && { destination: String(row.destination), atMs: Number(row.at_ms) }
}

export function markMoved(database: DatabaseSync, { destination, atMs }: Moved): void {
  database.exec(MOVED_SQL)
  database.prepare('INSERT INTO moved VALUES (?, ?)').run(destination, atMs)
}

/** Throws `CONFIG_INVALID`: whoever writes here would begin a second trail beside the one that went on elsewhere. */
export function requireNotMoved(database: DatabaseSync, path: string): void {
  const moved = movedTo(database)
  if (moved === undefined) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${path}: this journal was moved to ${moved.destination} on ${new Date(moved.atMs).toISOString()} and goes on ` +
      'there: set KAFKA_BROKERS and KAFKA_TOPIC, or name another HF_AUDIT_DATA_DIR to begin anew',
  )
}

/**
 * Whether the directory holds an embedded journal with a trail of this organization that was not moved away: where
 * Kafka knows nothing of it, that would be a second beginning. Throws `CONFIG_INVALID` when it cannot be told.
 */
export function holdsTrail(dataDirectory: string, identity: string): boolean {
  const path = journalPath(dataDirectory)
  if (!existsSync(path)) return false
  let database: DatabaseSync | undefined
  try {
    database = openDatabase(dataDirectory, { readOnly: true })
    if (movedTo(database) !== undefined) return false
    return createOrganizationRows(database).find(identity)?.head !== undefined
  } catch (error) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `there is an embedded journal that may hold the trail of ${identity}, and it cannot be read ` +
        `(${asConnectorError(error).message}); mend it, or move ${path} away if it is not needed`,
      { cause: error },
    )
  } finally {
    database?.close()
  }
}
