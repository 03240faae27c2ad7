import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { createSqliteJournal, type SqliteJournal } from '../../src/sqlite/journal.ts'
import { batchFrom, type Contents, freshOrganization } from '../contract/batches.ts'
import { readAll, sequencesOf } from '../contract/under-test.ts'
import { sqliteStore, temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()

test('the chain stays whole: nothing is taken from the middle, though a clock was set back', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  for (const timestampMs of [10, 30, 10]) await commit(journal, organization, { events: 2, timestampMs })
  assert.equal(await journal.prune(20, false), 2)
  const options = { streams: ['events'] as const, organization: organization.identity }
  assert.deepEqual(sequencesOf(await readAll(t, sqliteStore(dataDirectory), 4, options)), [3, 4, 5, 6])
})

test('one organization with young values keeps nothing of another', async t => {
  const { journal, organization } = await opened(t)
  await commit(journal, freshOrganization(), { events: 2, ledger: true, timestampMs: 30 })
  await commit(journal, organization, { events: 2, ledger: true, timestampMs: 10 })
  assert.equal(await journal.prune(20, false), 3)
})

test('commits go on while many slices are deleted, and a close ends it', async t => {
  const { journal, organization } = await opened(t)
  await commit(journal, organization, { events: 3_500, timestampMs: 10 })
  const pruning = journal.prune(20, false)
  await commit(journal, organization, { events: 1, timestampMs: 10 })
  assert.equal(await pruning, 3_501)

  await commit(journal, organization, { events: 2_500, timestampMs: 10 })
  const cut = journal.prune(20, false)
  await journal.close()
  assert.equal(await cut, 1_000)
  await journal.open(signal)
  assert.equal((await journal.resume(organization, signal)).head?.sequence, 6_001)
  assert.equal(await journal.prune(20, false), 1_500)
})

async function opened(t: TestContext) {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  await journal.open(signal)
  return { dataDirectory, organization, journal }
}

async function commit(journal: SqliteJournal, organization: Organization, contents: Contents): Promise<void> {
  const checkpoint = await journal.resume(organization, signal)
  await journal.commit(batchFrom(journal, organization, checkpoint, contents))
}
