import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { acquireWriterLock } from '../../src/sqlite/lock.ts'
import { createSqliteReader } from '../../src/sqlite/reader.ts'
import { freshOrganization } from '../contract/batches.ts'
import { startChild } from '../support/sqlite/children.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()

test('one process writes: a second is refused with the directory and the holder, until the first dies', async t => {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  const child = startChild(t, 'hold-journal', dataDirectory, organization)
  await child.nextLine()

  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  const holder = readFileSync(join(dataDirectory, 'lock.holder'), 'utf8')
  await assert.rejects(journal.open(signal), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'JOURNAL_LOCKED')
    assert.match(error.message, /process \d+ on /)
    assert.ok(error.message.includes(dataDirectory) && error.message.includes(holder), error.message)
    return true
  })
  const reader = createSqliteReader({ dataDirectory })
  t.after(() => reader.close())
  await reader.open(signal)

  await child.kill()
  await journal.open(signal)
  assert.equal((await journal.resume(organization, signal)).head, undefined)
})

test('two journals of one process do not write side by side either, and a refusal takes nothing away', async t => {
  const dataDirectory = temporaryDirectory(t)
  const settings = { dataDirectory, organizations: [] }
  const first = createSqliteJournal(settings)
  t.after(() => first.close())
  await first.open(signal)
  for (const _ of [1, 2]) {
    await assert.rejects(createSqliteJournal(settings).open(signal), { code: 'JOURNAL_LOCKED' })
  }
  // POSIX locks go when their process closes the file: the refusals must not have closed it.
  const child = startChild(t, 'hold-journal', dataDirectory, freshOrganization())
  assert.equal(await child.nextLine(), 'JOURNAL_LOCKED')
})

test('the lock is free after a release, and leaves no word of a holder', t => {
  const dataDirectory = temporaryDirectory(t)
  const lock = acquireWriterLock(dataDirectory)
  assert.throws(() => acquireWriterLock(dataDirectory), { code: 'JOURNAL_LOCKED' })
  lock.release()
  lock.release()
  assert.deepEqual(readdirSync(dataDirectory), ['lock.db'])
  acquireWriterLock(dataDirectory).release()
})
