import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConnectorError } from '../../src/errors.ts'
import { type Head, poisonKey, type SeenEntry } from '../../src/event/checkpoint.ts'
import { newHead } from '../../src/event/new-head.ts'
import type { Batch, Journal } from '../../src/ports.ts'
import { batchFrom, freshOrganization, seenEntry } from './batches.ts'
import { type JournalFactory, openJournal, readAll, resumed, sequencesOf } from './under-test.ts'

/** Keys and values at the edges of what an entry may hold. */
const EXTREME_ENTRIES: readonly SeenEntry[] = [
  seenEntry('66b0c1f2a9d3e4f5a6b7c8d9', { createdAtMs: Date.parse('0001-01-01T00:00:00Z') }),
  seenEntry('a', {
    createdAtMs: Date.parse('9999-12-31T23:59:59.999Z'),
    crc: 0xffffffff,
    digest: 2 ** 48 - 1,
  }),
  seenEntry('é'.repeat(127), { state: 'filtered', missed: 2, crc: 0, digest: 0 }),
  seenEntry('😀'.repeat(63), {
    pairTold: true,
    firstSeenSeconds: 0xffffffff,
    absentSinceSeconds: 0xffffffff,
  }),
  seenEntry('\u0000with\u0000nul', { createdAtMs: -1 }),
  seenEntry('\ufeffbom', { firstSeenSeconds: 0 }),
  seenEntry('__proto__', { missed: 1 }),
  seenEntry('\uffff/ids/0\n'),
  seenEntry(poisonKey(Buffer.alloc(32, 0xff)), { state: 'dead-lettered' }),
  seenEntry(poisonKey(Buffer.alloc(32)), { state: 'dead-lettered', absentSinceSeconds: 1 }),
]

export function checkpointContract(name: string, factory: JournalFactory): void {
  describe(`${name}: checkpoint`, () => {
    test('an organization that was never polled has no head and no entries', async t => {
      const organization = freshOrganization()
      const journal = await openJournal(t, await factory(t), [organization])
      const checkpoint = await resumed(journal, organization)
      assert.equal(checkpoint.head, undefined)
      assert.equal(checkpoint.seen.size, 0)
    })

    test('a commit is seen by the next resume, without another reading of the store', async t => {
      const organization = freshOrganization()
      const journal = await openJournal(t, await factory(t), [organization])
      const first = await resumed(journal, organization)
      const batch = batchFrom(journal, organization, first, { events: 3, ledger: true })
      await journal.commit(batch)
      const second = await resumed(journal, organization)
      assert.equal(second.term, first.term)
      assert.deepEqual(withoutPosition(second.head), batch.head)
      assert.deepEqual([...second.seen.entries()], batch.put)
    })

    test('head and entries are what was committed, whoever reads them', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const first = await resumed(journal, organization)
      const batch = batchFrom(journal, organization, first, { events: 2, put: EXTREME_ENTRIES })
      const head: Head = {
        ...batch.head,
        newestCreatedAtMs: Date.parse('1969-07-20T20:17:40Z'),
        openPoll: { startedAtMs: 1, oldestUnpublishedCreatedAtMs: -5 },
        emptyExports: 2,
        totals: { ...batch.head.totals, fetched: 2 ** 40 },
      }
      await journal.commit({ ...batch, head })
      await journal.close()

      const next = await openJournal(t, store, [organization])
      const checkpoint = await resumed(next, organization)
      assert.deepEqual(withoutPosition(checkpoint.head), head)
      assert.deepEqual(entriesByKey(checkpoint.seen.entries()), entriesByKey(batch.put))
    })

    test('an entry put again is replaced, one removed is forgotten', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const poison = poisonKey(Buffer.alloc(32, 7))
      const put = [seenEntry('kept'), seenEntry('replaced'), seenEntry('removed'), seenEntry(poison)]
      await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), { put }))
      const changes = {
        put: [seenEntry('replaced', { crc: 9, missed: 2, state: 'filtered' }), seenEntry('added')],
        remove: ['removed', poison, 'never there'],
      }
      await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), changes))

      const expected = entriesByKey([seenEntry('kept'), ...changes.put])
      assert.deepEqual(entriesByKey((await resumed(journal, organization)).seen.entries()), expected)
      await journal.close()
      const next = await openJournal(t, store, [organization])
      assert.deepEqual(entriesByKey((await resumed(next, organization)).seen.entries()), expected)
    })

    test('a batch that does not go on from the head is refused and leaves nothing', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      await journal.commit(
        batchFrom(journal, organization, await resumed(journal, organization), { events: ['first'] }),
      )
      const checkpoint = await resumed(journal, organization)
      const contents = { events: ['second'], deadLetters: 1, findings: 1, ledger: true, remove: ['first'] }
      const good = batchFrom(journal, organization, checkpoint, contents)
      const wrongHash = { ...good, previous: { ...good.previous, chainHash: Buffer.alloc(32) } }
      await assertStale(journal, wrongHash)

      const reread = await resumed(journal, organization)
      assert.equal(reread.head?.sequence, 1)
      assert.deepEqual(
        [...reread.seen.entries()].map(entry => entry.key),
        ['first'],
      )
      // As after a start with a lost head: sequence 1 once more.
      const beginning = { term: reread.term, head: newHead(organization) }
      await assertStale(journal, batchFrom(journal, organization, beginning, contents))

      const last = batchFrom(journal, organization, await resumed(journal, organization), {
        events: ['third'],
      })
      await journal.commit(last)
      const streams = ['events', 'findings', 'ledger', 'dead-letters'] as const
      const entries = await readAll(t, store, 2, { streams, organization: organization.identity })
      assert.deepEqual(
        entries.map(entry => entry.stream === 'events' && entry.record.eventID),
        ['first', 'third'],
      )
    })

    test('of two batches that go on from the same head only one is stored', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const checkpoint = await resumed(journal, organization)
      const contents = { deadLetters: 1, findings: 1, ledger: true }
      const older = batchFrom(journal, organization, checkpoint, { ...contents, events: ['older'] })
      const newer = batchFrom(journal, organization, checkpoint, { ...contents, events: ['newer'] })
      await journal.commit(newer)
      await assertStale(journal, older)
      const streams = ['events', 'findings', 'ledger', 'dead-letters'] as const
      const entries = await readAll(t, store, 4, { streams, organization: organization.identity })
      assert.equal(entries.length, 4)
      const [event] = entries.filter(entry => entry.stream === 'events')
      assert.equal(event?.stream === 'events' && event.record.eventID, 'newer')
      const { head, seen } = await resumed(journal, organization)
      assert.deepEqual([head?.sequence, [...seen.entries()].map(entry => entry.key)], [1, ['newer']])
    })

    test('a batch with a hole in its sequence is refused and leaves nothing', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const good = batchFrom(journal, organization, await resumed(journal, organization), { events: 3 })
      const [first, , third] = good.events
      await assert.rejects(journal.commit({ ...good, events: [first!, third!] }), ConnectorError)
      const checkpoint = await resumed(journal, organization)
      assert.equal(checkpoint.head, undefined)
      const early = batchFrom(journal, organization, checkpoint, { events: 3 })
      const head = { ...early.head, sequence: 4 }
      await assert.rejects(journal.commit({ ...early, head }), ConnectorError)
      const next = batchFrom(journal, organization, await resumed(journal, organization), { events: 1 })
      await journal.commit(next)
      const entries = await readAll(t, store, 1, { streams: ['events'], organization: organization.identity })
      assert.deepEqual(sequencesOf(entries), [1])
    })

    test('every reading opens a new term, and a batch of an older one is refused', async t => {
      const organization = freshOrganization()
      const journal = await openJournal(t, await factory(t), [organization])
      const first = await resumed(journal, organization)
      const good = batchFrom(journal, organization, first, { events: 1 })
      await assertStale(journal, { ...good, previous: { sequence: 7, chainHash: Buffer.alloc(32) } })

      const second = await resumed(journal, organization)
      assert.notEqual(second.term, first.term)
      await assertStale(journal, good)
      const third = await resumed(journal, organization)
      assert.equal(third.head, undefined)
      assert.equal(third.seen.size, 0)
      await journal.commit(batchFrom(journal, organization, third, { events: 1 }))
      assert.equal((await resumed(journal, organization)).head?.sequence, 1)
    })

    test('after one that was closed another goes on with the same trail', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const hashes: string[] = []
      for (const _ of [1, 2, 3]) {
        const journal = await openJournal(t, store, [organization])
        const checkpoint = await resumed(journal, organization)
        assert.equal(checkpoint.head?.chainHash.toString('hex'), hashes.at(-1))
        const batch = batchFrom(journal, organization, checkpoint, { events: 2 })
        await journal.commit(batch)
        hashes.push(batch.head.chainHash.toString('hex'))
        await journal.close()
      }
      const entries = await readAll(t, store, 6, { streams: ['events'], organization: organization.identity })
      assert.deepEqual(sequencesOf(entries), [1, 2, 3, 4, 5, 6])
    })

    test('after a crash another takes over, and the one that was taken for dead stores nothing more', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const dead = await openJournal(t, store, [organization])
      await dead.commit(batchFrom(dead, organization, await resumed(dead, organization), { events: ['one'] }))
      const late = batchFrom(dead, organization, await resumed(dead, organization), { events: ['late'] })
      await store.crash(dead)

      const heir = await openJournal(t, store, [organization])
      const checkpoint = await resumed(heir, organization)
      assert.equal(checkpoint.head?.sequence, 1)
      await assert.rejects(dead.commit(late), ConnectorError)
      await heir.commit(batchFrom(heir, organization, checkpoint, { events: ['two'] }))
      const entries = await readAll(t, store, 2, { streams: ['events'], organization: organization.identity })
      assert.deepEqual(
        entries.map(entry => entry.stream === 'events' && entry.record.eventID),
        ['one', 'two'],
      )
    })

    test('two organizations of one journal do not mix, though they share ids', async t => {
      const [one, two] = [freshOrganization(), freshOrganization()]
      const store = await factory(t)
      const journal = await openJournal(t, store, [one, two])
      const shared = ['a', 'b', 'c']
      await journal.commit(batchFrom(journal, one, await resumed(journal, one), { events: shared }))
      await journal.commit(batchFrom(journal, two, await resumed(journal, two), { events: ['a'] }))
      await journal.commit(batchFrom(journal, two, await resumed(journal, two), { remove: ['a'] }))
      await journal.close()

      const next = await openJournal(t, store, [one, two])
      const checkpoint = await resumed(next, one)
      assert.equal(checkpoint.head?.sequence, 3)
      assert.deepEqual([...checkpoint.seen.entries()].map(entry => entry.key).sort(), shared)
      const other = await resumed(next, two)
      assert.equal(other.head?.sequence, 1)
      assert.equal(other.seen.size, 0)
    })

    test('a batch of 5,000 events is stored and read back whole', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const contents = { events: 5_000, rawLogBytes: 400 }
      const batch = batchFrom(journal, organization, await resumed(journal, organization), contents)
      await journal.commit(batch)
      await journal.close()

      const next = await openJournal(t, store, [organization])
      const checkpoint = await resumed(next, organization)
      assert.deepEqual(entriesByKey(checkpoint.seen.entries()), entriesByKey(batch.put))
      const entries = await readAll(t, store, 5_000, {
        streams: ['events'],
        organization: organization.identity,
      })
      assert.deepEqual(
        sequencesOf(entries),
        batch.events.map(event => event.sequence),
      )
    })
  })
}

async function assertStale(journal: Journal, batch: Batch): Promise<void> {
  await assert.rejects(journal.commit(batch), { code: 'JOURNAL_STALE' })
}

/** The journal fills in `lastPosition`, each kind in its own way. */
function withoutPosition(head: Head | undefined): Head | undefined {
  return head && { ...head, lastPosition: null }
}

function entriesByKey(entries: Iterable<SeenEntry>): SeenEntry[] {
  return [...entries].sort((a, b) => (a.key < b.key ? -1 : 1))
}
