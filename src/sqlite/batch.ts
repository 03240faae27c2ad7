import type { DatabaseSync } from 'node:sqlite'
import { ConnectorError } from '../errors.ts'
import { firstChainHash } from '../event/chain.ts'
import type { Head } from '../event/checkpoint.ts'
import { decodeHead, encodeHead } from '../event/head-codec.ts'
import { type Organization, sourceUri } from '../event/organization.ts'
import type { StreamName } from '../event/records.ts'
import type { Batch, EncodedValue } from '../ports.ts'
import { inTransaction } from './database.ts'
import type { OrganizationRows } from './organization-rows.ts'
import { streamCode } from './schema.ts'
import type { SeenRows } from './seen-rows.ts'

/** Writes batches through one connection. */
export interface BatchWriter {
  /**
   * Stores all of the batch or nothing; returns the head as it was stored.
   * Throws `JOURNAL_STALE` when the stored head is not the one that the batch goes on from.
   */
  write(batch: Batch): Head
}

export function createBatchWriter(
  database: DatabaseSync,
  organizations: OrganizationRows,
  seen: SeenRows,
): BatchWriter {
  const insert = createEntryInsert(database)

  function write(batch: Batch): Head {
    const { id, head: storedHead } = organizations.findOrAdd(batch.organization.identity)
    const stored =
      storedHead === undefined ? undefined : decodeHead(storedHead, `of ${batch.organization.identity}`)
    requirePrevious(batch, stored)
    requireConsecutive(batch)

    let lastPosition = stored?.lastPosition ?? null
    for (const event of batch.events) lastPosition = String(insert(id, 'events', event, event.sequence))
    for (const value of batch.deadLetters) insert(id, 'dead-letters', value)
    for (const value of batch.findings) insert(id, 'findings', value)
    if (batch.ledger !== undefined) insert(id, 'ledger', batch.ledger)
    for (const key of batch.remove) seen.remove(id, key)
    for (const entry of batch.put) seen.put(id, entry)

    const head: Head = { ...batch.head, chainHash: Buffer.from(batch.head.chainHash), lastPosition }
    organizations.setHead(id, encodeHead(head))
    return head
  }

  return { write: batch => inTransaction(database, () => write(batch)) }
}

/** Returns the position that the value got. */
export type EntryInsert = (
  organization: number,
  stream: StreamName,
  value: EncodedValue,
  sequence?: number,
) => number

export function createEntryInsert(database: DatabaseSync): EntryInsert {
  const insert = database.prepare(
    'INSERT INTO entry (organization, stream, timestamp_ms, sequence, value) VALUES (?, ?, ?, ?, ?)',
  )
  return (organization, stream, { timestampMs, value }, sequence) =>
    Number(insert.run(organization, streamCode(stream), timestampMs, sequence ?? null, value).lastInsertRowid)
}

/** Whether the stream holds the very same value behind a position. */
export function createStoredLookup(
  database: DatabaseSync,
): (position: number, organization: number, stream: StreamName, value: Buffer) => boolean {
  const select = database.prepare(
    'SELECT 1 FROM entry INDEXED BY entry_stream WHERE organization = ? AND stream = ? AND position > ? AND value = ?',
  )
  return (position, organization, stream, value) =>
    select.get(organization, streamCode(stream), position, value) !== undefined
}

/** Where the trail of an organization stands: what the next batch goes on from. */
export function trailEnd(
  organization: Organization,
  head: Head | undefined,
): { sequence: number; chainHash: Buffer } {
  return head ?? { sequence: 0, chainHash: firstChainHash(sourceUri(organization)) }
}

function requirePrevious(batch: Batch, stored: Head | undefined): void {
  const expected = trailEnd(batch.organization, stored)
  const { previous } = batch
  if (previous.sequence === expected.sequence && expected.chainHash.equals(previous.chainHash)) return
  throw new ConnectorError(
    'JOURNAL_STALE',
    `a batch of ${batch.organization.identity} goes on from sequence ${previous.sequence}, and the journal stands ` +
      `at ${expected.sequence}${previous.sequence === expected.sequence ? ' with another chain hash' : ''}: ` +
      'nothing was stored, the poll starts over',
  )
}

/** A hole would be in the trail for ever, so a batch with one is a mistake that must not get there. */
function requireConsecutive(batch: Batch): void {
  let sequence = batch.previous.sequence
  for (const event of batch.events) {
    sequence += 1
    if (event.sequence !== sequence)
      throw inconsistent(batch, `event ${event.sequence} instead of ${sequence}`)
  }
  if (batch.head.sequence !== sequence) {
    throw inconsistent(batch, `a head at ${batch.head.sequence} after event ${sequence}`)
  }
}

function inconsistent(batch: Batch, what: string): ConnectorError {
  return new ConnectorError(
    'UNEXPECTED',
    `a batch of ${batch.organization.identity} has ${what}; nothing was stored`,
  )
}
