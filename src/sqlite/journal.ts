import type { DatabaseSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import { singleObjectHeader } from '../event/avro.ts'
import type { Checkpoint, Head } from '../event/checkpoint.ts'
import type { Organization } from '../event/organization.ts'
import type { StreamName } from '../event/records.ts'
import type { SeenEvents } from '../event/seen-events.ts'
import type { Batch, Journal } from '../ports.ts'
import { type BatchWriter, createBatchWriter } from './batch.ts'
import { type CheckpointReader, createCheckpointReader, type StoredCheckpoint } from './checkpoint.ts'
import { createOrOpenDatabase } from './database.ts'
import { journalError, notOpen, stopped } from './errors.ts'
import { journalPath, makeDataDirectory } from './files.ts'
import { acquireWriterLock, type WriterLock } from './lock.ts'
import { requireNotMoved } from './moved.ts'
import { createOrganizationRows } from './organization-rows.ts'
import { createPruner, type Pruner } from './prune.ts'
import { createSeenRows } from './seen-rows.ts'

export interface SqliteJournalSettings {
  /** Made when it is missing; the only process that writes here is this one. */
  readonly dataDirectory: string
  /** Whose logs this process polls: `ownership` names all of them. */
  readonly organizations: readonly Organization[]
}

export interface SqliteJournal extends Journal {
  /** Calls `listener` after each commit, so that a forwarder in this process need not wait for its next look. */
  onCommit(listener: () => void): () => void
}

/** One reading of a checkpoint, kept up to date by the commits that follow it. */
interface Reading {
  readonly term: number
  head: Head | undefined
  readonly seen: SeenEvents
}

/** What is there while the journal is open. */
interface Store {
  readonly lock: WriterLock
  readonly database: DatabaseSync
  readonly checkpoints: CheckpointReader
  readonly writer: BatchWriter
  readonly pruner: Pruner
}

/** The embedded journal: one SQLite file, written by one process. */
export function createSqliteJournal(settings: SqliteJournalSettings): SqliteJournal {
  const path = journalPath(settings.dataDirectory)
  const readings = new Map<string, Reading>()
  const listeners = new Set<() => void>()
  let lastTerm = 0
  let store: Store | undefined
  let lastCommitFailed = false

  function opened(): Store {
    if (store === undefined) throw notOpen(path)
    return store
  }

  function readCheckpoint(identity: string): StoredCheckpoint {
    const { checkpoints } = opened()
    try {
      return checkpoints.read(identity)
    } catch (error) {
      throw journalError(error, path)
    }
  }

  return {
    kind: 'sqlite',

    async open(signal) {
      if (signal.aborted) throw stopped()
      store ??= openStore(settings.dataDirectory)
    },

    async *ownership(signal) {
      if (signal.aborted) return
      yield new Set(settings.organizations.map(organization => organization.identity))
      await new Promise<void>(resolve => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
    },

    async resume(organization, signal): Promise<Checkpoint> {
      if (signal.aborted) throw stopped()
      const { identity } = organization
      let reading = readings.get(identity)
      if (reading === undefined) {
        reading = { term: lastTerm + 1, ...readCheckpoint(identity) }
        lastTerm += 1
        readings.set(identity, reading)
      }
      return { term: reading.term, head: reading.head, seen: reading.seen }
    },

    async commit(batch) {
      const { writer } = opened()
      const { identity } = batch.organization
      const reading = readings.get(identity)
      // Refused before anything is touched, so the present reading stays good.
      if (reading?.term !== batch.term) throw staleTerm(batch, reading)
      try {
        reading.head = writer.write(batch)
        lastCommitFailed = false
      } catch (error) {
        lastCommitFailed = true
        readings.delete(identity)
        throw journalError(error, path)
      }
      for (const key of batch.remove) reading.seen.remove(key)
      for (const entry of batch.put) reading.seen.put(entry)
      for (const listener of listeners) listener()
    },

    framing(stream: StreamName) {
      return singleObjectHeader(stream)
    },

    health() {
      return store === undefined ? undefined : { reachable: !lastCommitFailed, shards: undefined }
    },

    prune(olderThanMs, forwarding) {
      return opened().pruner.prune(olderThanMs, forwarding)
    },

    async close() {
      if (store === undefined) return
      const { database, lock, pruner } = store
      store = undefined
      readings.clear()
      pruner.stop()
      try {
        database.close()
      } finally {
        lock.release()
      }
    },

    onCommit(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function openStore(dataDirectory: string): Store {
  const path = journalPath(dataDirectory)
  let lock: WriterLock | undefined
  let database: DatabaseSync | undefined
  try {
    makeDataDirectory(dataDirectory)
    lock = acquireWriterLock(dataDirectory)
    database = createOrOpenDatabase(dataDirectory)
    requireNotMoved(database, path)
    const organizations = createOrganizationRows(database)
    const seen = createSeenRows(database)
    return {
      lock,
      database,
      checkpoints: createCheckpointReader(database, organizations, seen),
      writer: createBatchWriter(database, organizations, seen),
      pruner: createPruner(database, organizations, path),
    }
  } catch (error) {
    database?.close()
    lock?.release()
    throw journalError(error, path)
  }
}

function staleTerm(batch: Batch, reading: Reading | undefined): ConnectorError {
  return new ConnectorError(
    'JOURNAL_STALE',
    `a batch of ${batch.organization.identity} was selected in term ${batch.term}, and ` +
      `${reading === undefined ? 'its checkpoint must be read again' : `term ${reading.term} has begun`}: ` +
      'nothing was stored, the poll starts over',
  )
}
