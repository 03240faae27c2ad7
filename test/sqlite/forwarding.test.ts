import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import type { JournalEntry } from '../../src/ports.ts'
import { createSqliteForwardingSource } from '../../src/sqlite/forwarding.ts'
import { createSqliteJournal, type SqliteJournal } from '../../src/sqlite/journal.ts'
import { batchFrom, type Contents, deadLetter, freshOrganization } from '../contract/batches.ts'
import { eventually, sequencesOf } from '../contract/under-test.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()

test('a commit of the same process is handed over without waiting for the next look', {
  timeout: 60_000,
}, async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  const listeners = new Set<() => void>()
  const onCommit = (listener: () => void) => {
    listeners.add(listener)
    const unsubscribe = journal.onCommit(listener)
    return () => {
      listeners.delete(listener)
      unsubscribe()
    }
  }
  const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger, onCommit })
  t.after(() => source.close())
  await source.open(signal)
  // Time stands still: nothing but the commit can wake it.
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const end = new AbortController()
  const delivered: JournalEntry[] = []
  const { promise: handedOver, resolve } = Promise.withResolvers<void>()
  const running = source.run(
    async entries => {
      delivered.push(...entries)
      resolve()
    },
    { maxEntries: 10 },
    end.signal,
  )
  await commit(journal, organization, { events: 2 })
  await handedOver
  assert.deepEqual(sequencesOf(delivered), [1, 2])
  end.abort()
  await running
  assert.equal(listeners.size, 0)
})

test('values pruned before they were forwarded are told, and it goes on with the first that was kept', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  await commit(journal, organization, { events: 5, timestampMs: 10 })
  await commit(journal, organization, { events: 2, deadLetters: 1, timestampMs: 30 })
  assert.equal(await journal.prune(20, false), 5)

  const warnings: object[] = []
  const log: Logger = { ...silentLogger, warn: fields => warnings.push(fields) }
  const source = createSqliteForwardingSource({ dataDirectory, log })
  t.after(() => source.close())
  await source.open(signal)
  assert.equal(await source.backlog(), 2)
  const delivered: JournalEntry[] = []
  const end = new AbortController()
  const running = source.run(async entries => void delivered.push(...entries), { maxEntries: 1 }, end.signal)
  assert.ok(await eventually(async () => (await source.backlog()) === 0))
  end.abort()
  await running
  assert.deepEqual(sequencesOf(delivered), [6, 7])
  assert.deepEqual(
    warnings.map(fields => 'missing' in fields && fields.missing),
    [5],
  )
})

test('what was pruned behind the cursor is told in a finding, and once', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  const forwarded = async (): Promise<JournalEntry[]> => {
    const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger })
    await source.open(signal)
    const delivered: JournalEntry[] = []
    const end = new AbortController()
    const running = source.run(
      async entries => void delivered.push(...entries),
      { maxEntries: 2 },
      end.signal,
    )
    const isDrained = async () => (await source.backlog()) === 0
    // A finding comes with the first look, so there is something to hand over afterwards.
    assert.ok(await eventually(async () => delivered.length > 0 && (await isDrained())))
    end.abort()
    await running
    await source.close()
    return delivered
  }
  await commit(journal, organization, { events: 3, timestampMs: 10 })
  assert.deepEqual(sequencesOf(await forwarded()), [1, 2, 3])
  await commit(journal, organization, { events: 4, timestampMs: 10 })
  await commit(journal, organization, { events: 2, timestampMs: 30 })
  assert.equal(await journal.prune(20, false), 7)

  const delivered = await forwarded()
  assert.deepEqual(sequencesOf(delivered), [8, 9])
  const findings = delivered.flatMap(entry => (entry.stream === 'findings' ? [entry.record] : []))
  assert.deepEqual(
    findings.map(({ kind, severity, count, endpoint }) => [kind, severity, count, endpoint]),
    [['UNFORWARDED', 'ERROR', 4, organization.endpoint]],
  )
  await commit(journal, organization, { events: 1, timestampMs: 30 })
  assert.deepEqual(
    (await forwarded()).map(({ stream }) => stream),
    ['events'],
  )
})

test('the backlog leaves out dead letters and what was pruned, wherever the cursor stands', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  const other = freshOrganization()
  await commit(journal, organization, { events: 3, deadLetters: 2, ledger: true, timestampMs: 30 })
  await commit(journal, other, { events: 4, timestampMs: 10 })
  await commit(journal, organization, { events: 2, deadLetters: 5, timestampMs: 30 })
  const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger })
  t.after(() => source.close())
  await source.open(signal)
  assert.equal(await source.backlog(), 3 + 1 + 4 + 2)
  await journal.prune(20, false)
  assert.equal(await source.backlog(), 3 + 1 + 2)
  await source.storeDeadLetter(other.identity, deadLetter(other, '{}', 30))
  assert.equal(await source.backlog(), 3 + 1 + 2)

  const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
  t.after(() => database.close())
  const last = Number(database.prepare('SELECT max(position) AS last FROM entry').get()?.last)
  for (let cursor = 0; cursor <= last; cursor++) {
    database.prepare("REPLACE INTO cursor VALUES ('forwarder', ?)").run(cursor)
    const counted = database.prepare('SELECT count(*) AS n FROM entry WHERE position > ? AND stream <> 3')
    assert.equal(await source.backlog(), counted.get(cursor)?.n, `cursor ${cursor}`)
  }
})

test('a value that cannot be read ends the run with its place, and the cursor stays before it', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  await commit(journal, organization, { events: 2 })
  const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
  t.after(() => database.close())
  database.exec("UPDATE entry SET value = x'c301' WHERE position = 2")
  const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger })
  t.after(() => source.close())
  await source.open(signal)
  const delivered: JournalEntry[] = []
  const run = source.run(async entries => void delivered.push(...entries), { maxEntries: 1 }, signal)
  await assert.rejects(run, { code: 'JOURNAL_MISMATCH', message: /entry 2/ })
  assert.deepEqual(sequencesOf(delivered), [1])
  assert.equal(await source.backlog(), 1)
})

test('a dead letter of an organization that was never polled does not stop its first poll', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger })
  t.after(() => source.close())
  await source.open(signal)
  await source.storeDeadLetter(organization.identity, deadLetter(organization, '{}', 30))
  await commit(journal, organization, { events: 1 })
  assert.equal((await journal.resume(organization, signal)).head?.sequence, 1)
})

test('a record that is refused again after a restart is among the dead letters once', async t => {
  const { dataDirectory, journal, organization } = await opened(t)
  await commit(journal, organization, { events: 2 })
  const count = () => {
    const database = new DatabaseSync(join(dataDirectory, 'journal.db'), { readOnly: true })
    try {
      return database.prepare('SELECT count(*) AS letters FROM entry WHERE stream = 3').get()?.letters
    } finally {
      database.close()
    }
  }
  for (const bytes of ['{"a":1}', '{"a":1}', '{"b":2}']) {
    const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger })
    await source.open(signal)
    await source.storeDeadLetter(organization.identity, deadLetter(organization, bytes, 30))
    await source.close()
  }
  assert.equal(count(), 2)
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
