import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { firstChainHash, nextChainHash } from '../../src/event/chain.ts'
import { type Organization, sourceUri } from '../../src/event/organization.ts'
import type { AuditRecord, LedgerEntry, StreamName } from '../../src/event/records.ts'
import { createPoller, type PollerSettings, type PollOutcome } from '../../src/poller.ts'
import type { AuditLogExport, Journal, JournalEntry } from '../../src/ports.ts'
import { createFileSpool } from '../../src/spool/file-spool.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createSqliteReader } from '../../src/sqlite/reader.ts'

export const organization: Organization = {
  name: 'example',
  identity: 'example',
  endpoint: 'http://127.0.0.1:1',
}
export const never = new AbortController().signal
/** What the poller's clock says, whenever it is asked. */
export const start = Date.UTC(2026, 10, 1)

export interface PollBench {
  readonly journal: Journal
  poll(download: AuditLogExport): Promise<PollOutcome>
  importExport(download: AuditLogExport): Promise<PollOutcome>
  read<S extends StreamName>(stream: S): Promise<Extract<JournalEntry, { stream: S }>['record'][]>
  /** All streams, in the order in which they were stored. */
  readAll(): Promise<JournalEntry[]>
}

export type PollBenchOptions = Partial<PollerSettings> & {
  accepts?: (type: string) => boolean
  wrap?: (journal: Journal) => Pick<Journal, 'resume' | 'commit' | 'framing'>
  ownUserId?: string
}

/** The real poller on a real embedded journal in a directory of its own; the test hands it the exports. */
export async function pollBench(
  t: Pick<TestContext, 'after'>,
  options: PollBenchOptions = {},
): Promise<PollBench> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'hf-audit-poller-'))
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  await journal.open(never)
  const reader = createSqliteReader({ dataDirectory })
  const opened = reader.open(never)
  const tail = async (streams: readonly StreamName[]) => {
    await opened
    return reader.tail({ streams, fromBeginning: true, follow: false }, never)
  }
  t.after(async () => {
    await reader.close()
    await journal.close()
    rmSync(dataDirectory, { recursive: true, force: true })
  })
  let next: AuditLogExport
  const poller = createPoller(
    { workspaceId: '', sourceTtlDays: 0, exportCap: 100_000, maxRecordBytes: 900_000, ...options },
    {
      hub: { exportAuditLog: async () => next, ownUserId: async () => options.ownUserId },
      journal: options.wrap?.(journal) ?? journal,
      createSpool: () => createFileSpool({ directory: dataDirectory, memoryBytes: 4096 }),
      accepts: options.accepts ?? (() => true),
      now: () => start,
    },
  )
  return {
    journal,
    poll(download) {
      next = download
      return poller.poll(organization, never)
    },
    importExport: download => poller.importExport(organization, download, never),
    async read(stream) {
      const records: unknown[] = []
      for await (const entry of await tail([stream])) records.push(entry.record)
      return records as never
    },
    readAll: async () => Array.fromAsync(await tail(['events', 'findings', 'ledger', 'dead-letters'])),
  }
}

/** Sequence and chain, worked out anew. */
export function assertTrail(records: readonly AuditRecord[]): void {
  let chainHash = firstChainHash(sourceUri(organization))
  for (const [index, record] of records.entries()) {
    assert.equal(record.sequence, index + 1)
    chainHash = nextChainHash(chainHash, createHash('sha256').update(record.rawLog, 'utf8').digest())
    assert.deepEqual(record.chainHash, chainHash)
  }
}

export function assertBooksBalance(ledger: LedgerEntry): void {
  const { fetched, published, alreadySeen, filtered, deadLettered, repeated } = ledger
  assert.equal(fetched, published + alreadySeen + filtered + deadLettered + repeated)
}
