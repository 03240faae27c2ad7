import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { silentLogger } from '../../src/log.ts'
import { createSqliteForwardingSource } from '../../src/sqlite/forwarding.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createSqliteReader } from '../../src/sqlite/reader.ts'
import { batchFrom, freshOrganization } from '../contract/batches.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()

test('what it makes is private, and a directory that exists keeps its mode', async t => {
  const parent = temporaryDirectory(t)
  chmodSync(parent, 0o755)
  const dataDirectory = join(parent, 'a', 'b')
  const organization = await committedJournal(t, dataDirectory)
  const reader = createSqliteReader({ dataDirectory })
  t.after(() => reader.close())
  await reader.open(signal)
  for (const name of readdirSync(dataDirectory)) {
    assert.equal(statSync(join(dataDirectory, name)).mode & 0o777, 0o600, name)
  }
  assert.equal(statSync(dataDirectory).mode & 0o777, 0o700)
  assert.equal(statSync(join(parent, 'a')).mode & 0o777, 0o700)
  assert.equal(statSync(parent).mode & 0o777, 0o755)
  assert.ok(organization)
})

test('a reader and a forwarder without a journal say where there is none, and make nothing', async t => {
  const dataDirectory = temporaryDirectory(t)
  for (const part of [
    createSqliteReader({ dataDirectory }),
    createSqliteForwardingSource({ dataDirectory, log: silentLogger }),
  ]) {
    await assert.rejects(part.open(signal), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'JOURNAL_UNAVAILABLE')
      assert.match(error.message, /no journal here yet/)
      return true
    })
  }
  assert.deepEqual(readdirSync(dataDirectory), [])
})

for (const [what, make, words] of [
  [
    'a file that is no database',
    (path: string) => writeFileSync(path, 'x'.repeat(9_000)),
    /no SQLite database/,
  ],
  ['a database of another program', makeForeignDatabase, /another program/],
] as const) {
  test(`${what} is refused and left as it is`, async t => {
    const dataDirectory = temporaryDirectory(t)
    const path = join(dataDirectory, 'journal.db')
    make(path)
    const before = readFileSync(path)
    const journal = createSqliteJournal({ dataDirectory, organizations: [] })
    const reader = createSqliteReader({ dataDirectory })
    for (const part of [journal, reader, journal]) {
      await assert.rejects(part.open(signal), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'JOURNAL_MISMATCH')
        assert.match(error.message, words)
        assert.ok(error.message.includes(path))
        return true
      })
    }
    assert.deepEqual(readFileSync(path), before)
  })
}

test('a journal of a newer release is refused', async t => {
  const dataDirectory = temporaryDirectory(t)
  await committedJournal(t, dataDirectory)
  change(dataDirectory, 'PRAGMA user_version = 2')
  const journal = createSqliteJournal({ dataDirectory, organizations: [] })
  await assert.rejects(journal.open(signal), { code: 'JOURNAL_MISMATCH', message: /newer release/ })
})

test('a directory that cannot be one is told', async t => {
  const dataDirectory = join(temporaryDirectory(t), 'file')
  writeFileSync(dataDirectory, '')
  const journal = createSqliteJournal({ dataDirectory, organizations: [] })
  await assert.rejects(journal.open(signal), { code: 'JOURNAL_UNAVAILABLE', message: /HF_AUDIT_DATA_DIR/ })
})

test('a journal.db that is a directory is told', async t => {
  const dataDirectory = temporaryDirectory(t)
  mkdirSync(join(dataDirectory, 'journal.db'))
  const journal = createSqliteJournal({ dataDirectory, organizations: [] })
  await assert.rejects(journal.open(signal), { code: 'JOURNAL_UNAVAILABLE' })
})

for (const [what, sql, words] of [
  [
    'a head of a newer format',
    `UPDATE organization SET head = json_set(head, '$.formatVersion', 99)`,
    /format 99/,
  ],
  ['a head that is none', `UPDATE organization SET head = '{'`, /recover/],
  ['a lost head', 'UPDATE organization SET head = NULL', /checkpoint is missing/],
  [
    'a log cut short',
    'DELETE FROM entry WHERE sequence = 3',
    /end at sequence 2, and its checkpoint stands at 3/,
  ],
  ['a lost log', 'DELETE FROM entry', /end at sequence 0/],
  [
    'a log that is longer than its checkpoint',
    'UPDATE entry SET sequence = 4 WHERE sequence = 3',
    /sequence 4/,
  ],
] as const) {
  test(`lost state is never taken for a first start: ${what}`, async t => {
    const dataDirectory = temporaryDirectory(t)
    const organization = await committedJournal(t, dataDirectory)
    change(dataDirectory, sql)
    const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
    t.after(() => journal.close())
    await journal.open(signal)
    await assert.rejects(journal.resume(organization, signal), { code: 'JOURNAL_MISMATCH', message: words })
  })
}

test('a damaged database is refused in words', async t => {
  const dataDirectory = temporaryDirectory(t)
  const organization = await committedJournal(t, dataDirectory)
  truncateSync(join(dataDirectory, 'journal.db'), 3 * 8_192)
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  await assert.rejects(
    async () => {
      await journal.open(signal)
      await journal.resume(organization, signal)
    },
    { code: 'JOURNAL_MISMATCH', message: /damaged/ },
  )
})

test('a page overwritten, whichever it is: words and a refusal, and never an empty start', async t => {
  const organization = freshOrganization()
  const whole = temporaryDirectory(t)
  const path = join(whole, 'journal.db')
  const journal = createSqliteJournal({ dataDirectory: whole, organizations: [organization] })
  await journal.open(signal)
  for (let batch = 0; batch < 4; batch++) {
    const checkpoint = await journal.resume(organization, signal)
    const contents = { events: 10, rawLogBytes: 2_000, ledger: true }
    await journal.commit(batchFrom(journal, organization, checkpoint, contents))
  }
  await journal.close()
  const bytes = readFileSync(path)
  let refused = 0
  for (let page = 0; page < bytes.length / 8_192; page++) {
    const dataDirectory = temporaryDirectory(t)
    const spoilt = Buffer.from(bytes)
    spoilt.fill(0xa5, page * 8_192, page * 8_192 + 4_096)
    writeFileSync(join(dataDirectory, 'journal.db'), spoilt)
    const reopened = createSqliteJournal({ dataDirectory, organizations: [organization] })
    const reader = createSqliteReader({ dataDirectory })
    try {
      await reopened.open(signal)
      const { head } = await reopened.resume(organization, signal)
      assert.equal(head?.sequence, 40)
      await reader.open(signal)
      const tail = reader.tail({ streams: ['events', 'ledger'], fromBeginning: true, follow: false }, signal)
      for await (const { record } of tail) assert.equal(record.organization, organization.identity)
    } catch (error) {
      refused += 1
      const { code, message } = error as Error & { code?: string }
      assert.equal(code, 'JOURNAL_MISMATCH', `page ${page}: ${message}`)
      assert.ok(message.includes(dataDirectory) || message.includes(organization.identity), message)
    } finally {
      await reader.close()
      await reopened.close()
    }
  }
  assert.ok(refused > bytes.length / 8_192 / 2, `only ${refused} of the pages mattered`)
})

/** A journal with three events of one organization, closed again. */
async function committedJournal(t: TestContext, dataDirectory: string): Promise<Organization> {
  const organization = freshOrganization()
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  await journal.open(signal)
  const checkpoint = await journal.resume(organization, signal)
  await journal.commit(batchFrom(journal, organization, checkpoint, { events: 3 }))
  await journal.close()
  return organization
}

function change(dataDirectory: string, sql: string): void {
  const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
  database.exec(sql)
  database.close()
}

function makeForeignDatabase(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE recipe (name TEXT)')
  database.close()
}
