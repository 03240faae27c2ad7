import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { StreamName } from '../../src/event/records.ts'
import { batchFrom, freshOrganization } from './batches.ts'
import { eventually, type JournalFactory, openJournal, readAll, resumed, sequencesOf } from './under-test.ts'

const OLD_MS = Date.parse('2026-01-01T00:00:00Z')
const LIMIT_MS = Date.parse('2026-02-01T00:00:00Z')
const YOUNG_MS = Date.parse('2026-03-01T00:00:00Z')
const ALL_STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']
const ONE_OF_EACH = { events: 2, findings: 1, ledger: true, deadLetters: 1 }

export function pruningContract(name: string, factory: JournalFactory): void {
  describe(`${name}: pruning`, () => {
    test('what is old goes, what is young stays, and the checkpoint is as before', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      if (!store.prunes) return t.skip("retention is the broker's")
      const journal = await openJournal(t, store, [organization])
      for (const timestampMs of [OLD_MS, OLD_MS, YOUNG_MS]) {
        const contents = { ...ONE_OF_EACH, timestampMs }
        await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
      }
      const before = await resumed(journal, organization)
      assert.equal(await journal.prune(LIMIT_MS, false), 10)
      assert.equal(await journal.prune(LIMIT_MS, false), 0)

      const { identity } = organization
      const kept = await readAll(t, store, 5, { streams: ALL_STREAMS, organization: identity })
      assert.equal(kept.length, 5)
      assert.deepEqual(sequencesOf(kept), [5, 6])
      await journal.close()
      const next = await openJournal(t, store, [organization])
      const after = await resumed(next, organization)
      assert.deepEqual(after.head, before.head)
      assert.equal(after.seen.size, 6)
      await next.commit(batchFrom(next, organization, after, { events: 1 }))
    })

    test('when everything is old the trail goes on all the same', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      if (!store.prunes) return t.skip("retention is the broker's")
      const journal = await openJournal(t, store, [organization])
      const contents = { events: 3, timestampMs: OLD_MS }
      await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
      assert.equal(await journal.prune(LIMIT_MS, false), 3)
      await journal.close()

      const next = await openJournal(t, store, [organization])
      await next.commit(batchFrom(next, organization, await resumed(next, organization), { events: 1 }))
      const kept = await readAll(t, store, 1, { streams: ['events'], organization: organization.identity })
      assert.deepEqual(sequencesOf(kept), [4])
    })

    test('what was not forwarded yet stays, however old', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      if (!store.prunes) return t.skip("retention is the broker's")
      const journal = await openJournal(t, store, [organization])
      const contents = { events: 3, timestampMs: OLD_MS }
      await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
      assert.equal(await journal.prune(LIMIT_MS, true), 0)

      const source = store.createForwarding()
      t.after(() => source.close())
      await source.open(new AbortController().signal)
      const end = new AbortController()
      const running = source.run(async () => {}, { maxEntries: 2 }, end.signal)
      assert.ok(await eventually(async () => (await source.backlog()) === 0))
      end.abort()
      await running
      await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
      assert.equal(await journal.prune(LIMIT_MS, true), 3)
      assert.equal(await source.backlog(), 3)
      const kept = await readAll(t, store, 3, { streams: ['events'], organization: organization.identity })
      assert.deepEqual(sequencesOf(kept), [4, 5, 6])
    })
  })
}
