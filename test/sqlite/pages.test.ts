import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import type { StreamName } from '../../src/event/records.ts'
import { openDatabase } from '../../src/sqlite/database.ts'
import { createSqliteJournal, type SqliteJournal } from '../../src/sqlite/journal.ts'
import { createOrganizationRows } from '../../src/sqlite/organization-rows.ts'
import { createPageReader, type PageReader } from '../../src/sqlite/pages.ts'
import { createSqliteReader } from '../../src/sqlite/reader.ts'
import { batchFrom, type Contents, freshOrganization } from '../contract/batches.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()
const ALL_STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']

test('a page ends at the bytes it may hold, so that large records do not fill the memory', async t => {
  const { journal, organization, pages } = await opened(t)
  await commit(journal, organization, { events: 6, rawLogBytes: 1_500_000 })
  const sizes = readThrough(pages, { streams: ALL_STREAMS }).map(page => page.length)
  assert.deepEqual(sizes, [3, 3])
  const ofOne = readThrough(pages, { streams: ['events'], organization: organization.identity })
  assert.deepEqual(
    ofOne.map(page => page.length),
    [3, 3],
  )
})

test('every way through the journal meets each value once, whatever the size of the pages', async t => {
  const { dataDirectory, journal, organization, pages } = await opened(t)
  const other = freshOrganization()
  for (let round = 0; round < 4; round++) {
    await commit(journal, organization, { events: 3, deadLetters: 2, ledger: true })
    await commit(journal, other, { events: 1, findings: 1 })
    // Long after the last one, so that a way by index needs several windows.
    const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
    database.exec('UPDATE sqlite_sequence SET seq = seq + 120000')
    database.close()
  }
  for (const maxEntries of [1, 2, 5, 1_000]) {
    for (const organizationOnly of [undefined, organization.identity, other.identity]) {
      for (const streams of [ALL_STREAMS, ['events'], ['ledger', 'findings'], ['dead-letters']] as const) {
        const request = { streams, maxEntries, ...(organizationOnly && { organization: organizationOnly }) }
        const entries = readThrough(pages, request).flat()
        const positions = entries.map(entry => Number(entry.position))
        assert.deepEqual(
          positions,
          [...new Set(positions)].sort((a, b) => a - b),
        )
        assert.equal(entries.length, countOf(streams, organizationOnly, organization, other))
      }
    }
  }
})

test('a reader that stops in the middle of the journal does not hold back the write-ahead log', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  await commit(journal, organization, { events: 2_000 })
  const reader = createSqliteReader({ dataDirectory })
  t.after(() => reader.close())
  await reader.open(signal)
  const options = { streams: ['events'] as const, fromBeginning: true, follow: false }
  const tail = reader.tail(options, signal)[Symbol.asyncIterator]()
  await tail.next()

  await commit(journal, organization, { events: 1 })
  const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
  t.after(() => database.close())
  assert.equal(database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy, 0)
  // What is the end when it is called: the later commit is not in it.
  let entries = 1
  while (!(await tail.next()).done) entries += 1
  assert.equal(entries, 2_000)
})

test('a value that is not ours is an error with its place, and is not passed over', async t => {
  const { dataDirectory, journal, organization, pages } = await opened(t)
  await commit(journal, organization, { events: 3 })
  const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
  database.exec("UPDATE entry SET value = x'00' WHERE position = 2")
  database.close()
  assert.throws(() => readThrough(pages, { streams: ALL_STREAMS }), {
    code: 'JOURNAL_MISMATCH',
    message: /journal\.db, entry 2: /,
  })
})

async function opened(t: TestContext) {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  await journal.open(signal)
  const database = openDatabase(dataDirectory, { readOnly: true })
  t.after(() => database.close())
  const pages = createPageReader(database, createOrganizationRows(database), 'journal.db')
  return { dataDirectory, organization, journal, pages }
}

async function commit(journal: SqliteJournal, organization: Organization, contents: Contents): Promise<void> {
  const checkpoint = await journal.resume(organization, signal)
  await journal.commit(batchFrom(journal, organization, checkpoint, contents))
}

/** Every page with something on it. */
function readThrough(
  pages: PageReader,
  request: { streams: readonly StreamName[]; organization?: string; maxEntries?: number },
) {
  const read = []
  const through = pages.lastPosition()
  for (let after = 0; after < through; ) {
    const page = pages.read({ maxEntries: 1_000, ...request, after, through })
    assert.ok(page.next > after)
    after = page.next
    if (page.entries.length > 0) read.push(page.entries)
  }
  return read
}

function countOf(
  streams: readonly StreamName[],
  only: string | undefined,
  organization: Organization,
  other: Organization,
): number {
  const counts: Record<string, Partial<Record<StreamName, number>>> = {
    [organization.identity]: { events: 12, 'dead-letters': 8, ledger: 4 },
    [other.identity]: { events: 4, findings: 4 },
  }
  let count = 0
  for (const [identity, perStream] of Object.entries(counts)) {
    if (only !== undefined && only !== identity) continue
    for (const stream of streams) count += perStream[stream] ?? 0
  }
  return count
}
