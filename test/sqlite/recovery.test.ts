import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { silentLogger } from '../../src/log.ts'
import type { JournalEntry } from '../../src/ports.ts'
import { recoverTrail } from '../../src/recovery.ts'
import { createSqliteForwardingSource } from '../../src/sqlite/forwarding.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createSqliteReader } from '../../src/sqlite/reader.ts'
import { createSqliteRecovery } from '../../src/sqlite/recovery.ts'
import { batchFrom, freshOrganization, seenEntry } from '../contract/batches.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()
const ids = ['a', 'b', 'c', 'd', 'e']

/** A journal with five events of one organization, a filtered id and two dead letters, closed again. */
async function brokenJournal(t: TestContext, sql: string) {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  await journal.open(signal)
  const put = [seenEntry('filtered', { state: 'filtered' })]
  for (const contents of [
    { events: ids.slice(0, 3), put },
    { events: ids.slice(3), deadLetters: 2 },
  ]) {
    const checkpoint = await journal.resume(organization, signal)
    await journal.commit(batchFrom(journal, organization, checkpoint, { ...contents, ledger: true }))
  }
  await journal.close()
  const database = new DatabaseSync(join(dataDirectory, 'journal.db'))
  database.exec(sql)
  database.close()
  return { dataDirectory, organization }
}

async function recover(dataDirectory: string, organization: Organization, confirmEndpoint = false) {
  const recovery = createSqliteRecovery({ dataDirectory, exportCap: 100 })
  await recovery.open(signal)
  const approve = async () => true
  return recoverTrail(organization, { confirmEndpoint }, { recovery, now: () => 5_000, approve }, signal)
}

async function valuesOf(dataDirectory: string, organization: Organization): Promise<JournalEntry[]> {
  const reader = createSqliteReader({ dataDirectory })
  await reader.open(signal)
  const entries: JournalEntry[] = []
  const streams = ['events', 'findings', 'ledger'] as const
  const options = { streams, fromBeginning: true, follow: false, organization: organization.identity }
  for await (const entry of reader.tail(options, signal)) entries.push(entry)
  await reader.close()
  return entries
}

for (const [what, sql, expected] of [
  ['a lost head', 'UPDATE organization SET head = NULL', { actions: 1, sequence: 5, lost: undefined }],
  [
    'a head that cannot be read',
    `UPDATE organization SET head = '{'`,
    { actions: 1, sequence: 5, lost: undefined },
  ],
  [
    'a lost head and lost ids',
    'UPDATE organization SET head = NULL; DELETE FROM seen',
    { actions: 1, sequence: 5, lost: undefined },
  ],
  ['a log cut short', 'DELETE FROM entry WHERE sequence > 3', { actions: 2, sequence: 3, lost: [4, 5] }],
  [
    'a log cut short without its checkpoint',
    'DELETE FROM entry WHERE sequence > 3; UPDATE organization SET head = NULL',
    { actions: 2, sequence: 3, lost: [4, 5] },
  ],
  ['a lost log', 'DELETE FROM entry', { actions: 2, sequence: 0, lost: [1, 5] }],
  [
    'a lost log whose positions begin anew',
    `DELETE FROM entry; DELETE FROM sqlite_sequence; INSERT INTO cursor VALUES ('forwarder', 7)`,
    { actions: 2, sequence: 0, lost: [1, 5] },
  ],
  ['a lost record', 'DELETE FROM entry WHERE sequence = 2', { actions: 2, sequence: 5, lost: [2, 2] }],
  [
    'columns that say something else than the records',
    'UPDATE entry SET sequence = 9 WHERE sequence = 5; UPDATE entry SET sequence = 7 WHERE sequence = 1',
    { actions: 1, sequence: 5, lost: undefined },
  ],
] as const) {
  test(`after ${what}: recovered, and what is lost is published again, once`, async t => {
    const { dataDirectory, organization } = await brokenJournal(t, sql)
    const { plan, done } = await recover(dataDirectory, organization)
    assert.equal(done, true)
    assert.equal(plan.actions.length, expected.actions)
    assert.deepEqual(plan.loss && [plan.loss.ranges[0]!.from, plan.loss.ranges.at(-1)!.to], expected.lost)
    assert.equal((await recover(dataDirectory, organization)).done, false, 'once is enough')

    const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
    await journal.open(signal)
    const checkpoint = await journal.resume(organization, signal)
    assert.equal(checkpoint.head?.sequence, expected.sequence)
    const missing = ids.filter(id => checkpoint.seen.slotOf(id) < 0)
    const lost = expected.lost === undefined ? 0 : expected.lost[1] - expected.lost[0] + 1
    assert.equal(missing.length, lost)
    await journal.commit(batchFrom(journal, organization, checkpoint, { events: missing, ledger: true }))
    await journal.close()

    const values = await valuesOf(dataDirectory, organization)
    const events = values.flatMap(entry => (entry.stream === 'events' ? [entry.record.eventID] : []))
    assert.deepEqual(events.toSorted(), ids)
    const ledger = values.flatMap(entry => (entry.stream === 'ledger' ? [entry.record] : []))
    assert.deepEqual(
      ledger.slice(-2).map(({ kind }) => kind),
      ['REBUILD', 'POLL'],
    )
    const findings = values.flatMap(entry => (entry.stream === 'findings' ? [entry.record] : []))
    assert.deepEqual(
      findings.map(({ kind, count }) => [kind, count]),
      lost === 0 ? [] : [['GAP', lost]],
    )
    await assertForwarded(dataDirectory, findings.length + missing.length)
  })
}

/** Everything stored since the recovery at least reaches the forwarder. */
async function assertForwarded(dataDirectory: string, least: number): Promise<void> {
  const source = createSqliteForwardingSource({ dataDirectory, log: silentLogger })
  await source.open(signal)
  assert.ok((await source.backlog()) >= least + 2)
  await source.close()
}

test('a changed endpoint is confirmed, and the trail goes on where it stood', async t => {
  const { dataDirectory, organization } = await brokenJournal(t, '')
  const moved = { ...organization, endpoint: 'https://mirror.example' }
  assert.equal((await recover(dataDirectory, moved)).done, false)
  const { plan, done } = await recover(dataDirectory, moved, true)
  assert.deepEqual([done, plan.actions], [true, ['confirm-endpoint']])
  const journal = createSqliteJournal({ dataDirectory, organizations: [moved] })
  t.after(() => journal.close())
  await journal.open(signal)
  const { head, seen } = await journal.resume(moved, signal)
  assert.deepEqual([head?.endpoint, head?.sequence, seen.size], [moved.endpoint, 5, 6])
})

test('a checkpoint of a newer release is refused and left as it is', async t => {
  const newer = `UPDATE organization SET head = json_set(head, '$.formatVersion', 99)`
  const { dataDirectory, organization } = await brokenJournal(t, newer)
  await assert.rejects(recover(dataDirectory, organization), {
    code: 'JOURNAL_MISMATCH',
    message: /newer release/,
  })
})

test('beside a running connector it looks, and refuses to write', async t => {
  const { dataDirectory, organization } = await brokenJournal(t, 'DELETE FROM entry WHERE sequence > 3')
  const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
  t.after(() => journal.close())
  await journal.open(signal)
  const recovery = createSqliteRecovery({ dataDirectory, exportCap: 100 })
  assert.equal((await recovery.examine(organization, signal)).stored.kind, 'whole')
  await assert.rejects(recover(dataDirectory, organization), { code: 'JOURNAL_LOCKED' })
})

test('where there is no journal it says so and makes none', async t => {
  const dataDirectory = temporaryDirectory(t)
  await assert.rejects(recover(dataDirectory, freshOrganization()), { message: /no journal here yet/ })
})
