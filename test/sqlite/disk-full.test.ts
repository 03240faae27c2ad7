import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBatchWriter } from '../../src/sqlite/batch.ts'
import { createOrOpenDatabase } from '../../src/sqlite/database.ts'
import { journalError } from '../../src/sqlite/errors.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createOrganizationRows } from '../../src/sqlite/organization-rows.ts'
import { createSeenRows } from '../../src/sqlite/seen-rows.ts'
import { batchFrom, freshOrganization } from '../contract/batches.ts'
import { readAll, sequencesOf } from '../contract/under-test.ts'
import { startChild } from '../support/sqlite/children.ts'
import { sqliteStore, temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()

test('a commit that does not fit leaves nothing, and the same one is stored when there is room', t => {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  const framing = createSqliteJournal({ dataDirectory, organizations: [] })
  const database = createOrOpenDatabase(dataDirectory)
  t.after(() => database.close())
  const organizations = createOrganizationRows(database)
  const seen = createSeenRows(database)
  const writer = createBatchWriter(database, organizations, seen)
  const batch = batchFrom(framing, organization, { term: 1, head: undefined }, { events: 500 })

  database.exec('PRAGMA max_page_count = 40')
  assert.throws(
    () => writer.write(batch),
    (error: unknown) => {
      const { code, retryable, message } = journalError(error, 'journal.db')
      assert.equal(code, 'JOURNAL_UNAVAILABLE')
      assert.ok(retryable)
      assert.match(message, /disk is full/)
      return true
    },
  )
  assert.equal(database.isTransaction, false)
  assert.equal(organizations.find(organization.identity), undefined)

  database.exec('PRAGMA max_page_count = 100000')
  writer.write(batch)
  assert.equal(seen.load(organizations.findOrAdd(organization.identity).id).size, 500)
})

test('a disk that refuses to write: the journal says so, knows what it holds, and goes on later', async t => {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  const child = startChild(t, 'commit-until-refused', dataDirectory, organization, {
    maxFileKilobytes: 2_000,
  })
  await child.ended
  const told = JSON.parse(child.lines.join())
  assert.equal(told.code, 'JOURNAL_UNAVAILABLE')
  assert.equal(told.retryable, true)
  assert.ok(
    told.sequence > 0 && told.sequence % 200 === 0,
    `${told.sequence} is not a number of whole commits`,
  )
  assert.equal(told.entries, told.sequence)

  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  await journal.open(signal)
  const checkpoint = await journal.resume(organization, signal)
  assert.equal(checkpoint.head?.sequence, told.sequence)
  await journal.commit(batchFrom(journal, organization, checkpoint, { events: 1 }))
  const options = { streams: ['events'] as const, organization: organization.identity }
  const entries = await readAll(t, sqliteStore(dataDirectory), told.sequence + 1, options)
  assert.deepEqual(
    sequencesOf(entries),
    Array.from({ length: told.sequence + 1 }, (_, index) => index + 1),
  )
})
