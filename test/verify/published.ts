import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { decodeValue, encodeValue, singleObjectHeader } from '../../src/event/avro.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { AuditRecord, LedgerEntry } from '../../src/event/records.ts'
import { createPoller, type PollerSettings } from '../../src/poller.ts'
import type { Journal } from '../../src/ports.ts'
import { createFileSpool } from '../../src/spool/file-spool.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createSqliteScanner } from '../../src/sqlite/scan.ts'
import type { OrganizationResult } from '../../src/verify/conclusion.ts'
import { type VerifyOptions, verifyJournal } from '../../src/verify/verify.ts'
import { eventText, exportOf } from '../support/exports.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

export const example: Organization = {
  name: 'example',
  identity: 'example',
  endpoint: 'http://127.0.0.1:1',
}
const { signal } = new AbortController()
const START_MS = Date.UTC(2026, 10, 1)

/** Invented events with many of their fields filled, a second apart. */
export function events(from: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const n = from + index
    return eventText(n, START_MS + n * 1000, {
      data: { repo: { name: `example/repo-${n}` } },
      ip: '192.0.2.1',
      location: { formatted: 'Exampleton, XA', country: 'XA', city: 'Exampleton' },
      token: { type: 'access_token', id: `token-${n}`, deleted: false },
    })
  })
}

/** Publishes each poll's export with the real poller. */
export async function publish(
  journal: Journal,
  organization: Organization,
  polls: readonly (readonly (string | Buffer)[])[],
  settings: Partial<PollerSettings> & { directory: string; accepts?: (type: string) => boolean },
): Promise<LedgerEntry[]> {
  const ledger: LedgerEntry[] = []
  let receivedAtMs = START_MS + 3_600_000
  for (const elements of polls) {
    receivedAtMs += 60_000
    const poller = createPoller(
      { workspaceId: '', sourceTtlDays: 0, exportCap: 100_000, maxRecordBytes: 900_000, ...settings },
      {
        hub: {
          exportAuditLog: async () => exportOf(elements, { receivedAtMs }),
          ownUserId: async () => undefined,
        },
        journal,
        createSpool: () => createFileSpool({ directory: settings.directory, memoryBytes: 4096 }),
        accepts: settings.accepts ?? (() => true),
        now: () => receivedAtMs,
      },
    )
    ledger.push((await poller.poll(organization, signal)).ledger)
  }
  return ledger
}

export interface PublishedJournal {
  readonly dataDirectory: string
  readonly journal: Journal
  readonly ledger: readonly LedgerEntry[]
  publish(...polls: (readonly (string | Buffer)[])[]): Promise<LedgerEntry[]>
  verify(options?: Partial<VerifyOptions>): Promise<OrganizationResult[]>
  /** With a handle of its own, past the connector. */
  tamper(change: (database: DatabaseSync) => void): void
  /** Changes the stored record of a sequence, without changing anything else. */
  edit(sequence: number, change: (record: AuditRecord) => void): void
}

/** An embedded journal that the real poller has filled: one poll for each list of elements. */
export async function publishedJournal(
  t: TestContext,
  polls: readonly (readonly (string | Buffer)[])[],
  settings: Partial<PollerSettings> & { accepts?: (type: string) => boolean } = {},
): Promise<PublishedJournal> {
  const dataDirectory = temporaryDirectory(t)
  const journal = createSqliteJournal({ dataDirectory, organizations: [example] })
  await journal.open(signal)
  t.after(() => journal.close())
  const directory = dataDirectory
  const ledger = await publish(journal, example, polls, { ...settings, directory })
  const tamper = (change: (database: DatabaseSync) => void): void => {
    using database = new DatabaseSync(join(dataDirectory, 'journal.db'))
    change(database)
  }
  return {
    dataDirectory,
    journal,
    ledger,
    publish: (...more) => publish(journal, example, more, { ...settings, directory }),
    async verify(options = {}) {
      const scanner = createSqliteScanner({ dataDirectory })
      const spool = createFileSpool({ directory: dataDirectory, memoryBytes: 4096 })
      await scanner.open(signal)
      try {
        return await verifyJournal(
          { endpoint: example.endpoint, problemLimit: 20, ...options },
          { scanner, spool },
          signal,
        )
      } finally {
        spool.dispose()
        await scanner.close()
      }
    },
    tamper,
    edit(sequence, change) {
      tamper(database => {
        const row = database.prepare('SELECT value FROM entry WHERE sequence = ?').get(sequence)
        const record = decodeValue('events', Buffer.from(row!.value as Uint8Array))
        change(record)
        const value = encodeValue('events', singleObjectHeader('events'), record)
        database.prepare('UPDATE entry SET value = ? WHERE sequence = ?').run(value, sequence)
      })
    },
  }
}

/** `kind sequence` of each problem, in their order. */
export function told(result: OrganizationResult | undefined): string[] {
  return (result?.problems ?? []).map(({ kind, sequence }) => `${kind} ${sequence ?? '-'}`)
}
