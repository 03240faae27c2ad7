import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeValue } from '../../src/event/avro.ts'
import type { StreamName } from '../../src/event/records.ts'
import type { Batch, JournalEntry } from '../../src/ports.ts'
import { batchFrom, freshOrganization } from './batches.ts'
import {
  eventually,
  type JournalFactory,
  openJournal,
  openReader,
  readAll,
  resumed,
  sequencesOf,
} from './under-test.ts'

const ALL_STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']

export function tailContract(name: string, factory: JournalFactory): void {
  describe(`${name}: tail`, () => {
    test('each stream comes back decoded, in order', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const batches: Batch[] = []
      for (const events of [3, 0, 2]) {
        const checkpoint = await resumed(journal, organization)
        const contents = { events, deadLetters: 2, findings: 1, ledger: true }
        const batch = batchFrom(journal, organization, checkpoint, contents)
        await journal.commit(batch)
        batches.push(batch)
      }
      const { identity } = organization
      for (const stream of ALL_STREAMS) {
        const expected = batches.flatMap(batch => recordsOf(batch, stream))
        const entries = await readAll(t, store, expected.length, {
          streams: [stream],
          organization: identity,
        })
        assert.deepEqual(
          entries.map(entry => entry.record),
          expected,
        )
        assert.ok(entries.every(entry => entry.stream === stream && entry.organization === identity))
        assert.equal(new Set(entries.map(entry => entry.position)).size, entries.length)
      }
      const all = await readAll(t, store, 5 + 6 + 3 + 3, { streams: ALL_STREAMS, organization: identity })
      assert.equal(all.length, 5 + 6 + 3 + 3)
      assert.deepEqual(sequencesOf(all), [1, 2, 3, 4, 5])
    })

    test('only the organization that was asked for comes, and without one every organization does', async t => {
      const [one, two] = [freshOrganization(), freshOrganization()]
      const store = await factory(t)
      const journal = await openJournal(t, store, [one, two])
      for (const organization of [one, two, one, two, one]) {
        const contents = { events: 2, findings: 1 }
        await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
      }
      const streams: readonly StreamName[] = ['events', 'findings']
      const ofOne = await readAll(t, store, 9, { streams, organization: one.identity })
      assert.ok(ofOne.every(entry => entry.organization === one.identity))
      assert.deepEqual(sequencesOf(ofOne), [1, 2, 3, 4, 5, 6])
      assert.equal((await readAll(t, store, 6, { streams, organization: two.identity })).length, 6)

      const reader = await openReader(t, store)
      const everyone: JournalEntry[] = []
      const options = { streams, fromBeginning: true, follow: false }
      for await (const entry of reader.tail(options, new AbortController().signal)) everyone.push(entry)
      for (const { identity } of [one, two]) {
        const own = everyone.filter(entry => entry.organization === identity)
        assert.deepEqual(sequencesOf(own), identity === one.identity ? [1, 2, 3, 4, 5, 6] : [1, 2, 3, 4])
      }
    })

    test('without follow it ends, where nothing is too', { timeout: 120_000 }, async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      await openJournal(t, store, [organization])
      const { identity } = organization
      assert.deepEqual(await readAll(t, store, 0, { streams: ALL_STREAMS, organization: identity }), [])
    })

    test('following shows what is committed later, and nothing older, until it is stopped', async t => {
      const organization = freshOrganization()
      const store = await factory(t)
      const journal = await openJournal(t, store, [organization])
      const commitOne = async (eventId: string): Promise<void> => {
        const checkpoint = await resumed(journal, organization)
        await journal.commit(batchFrom(journal, organization, checkpoint, { events: [eventId] }))
      }
      await commitOne('older')
      await readAll(t, store, 1, { streams: ['events'], organization: organization.identity })

      const reader = await openReader(t, store)
      const stop = new AbortController()
      const seen: unknown[] = []
      const following = (async () => {
        const options = { streams: ALL_STREAMS, fromBeginning: false, follow: true }
        const tail = reader.tail({ ...options, organization: organization.identity }, stop.signal)
        for await (const entry of tail) seen.push(entry.stream === 'events' && entry.record.eventID)
      })()
      // A consumer needs a moment to find the end; what is committed after that must come.
      let committed = 0
      const came = await eventually(async () => {
        committed += 1
        await commitOne(`later ${committed}`)
        return seen.length >= 2
      })
      stop.abort()
      await following
      assert.ok(came, 'nothing came')
      const first = Number(String(seen[0]).replace('later ', ''))
      assert.deepEqual(
        seen,
        seen.map((_, index) => `later ${first + index}`),
      )
    })
  })
}

function recordsOf(batch: Batch, stream: StreamName): unknown[] {
  const values = {
    events: batch.events,
    findings: batch.findings,
    ledger: batch.ledger === undefined ? [] : [batch.ledger],
    'dead-letters': batch.deadLetters,
  }[stream]
  return values.map(({ value }) => decodeValue(stream, value))
}
