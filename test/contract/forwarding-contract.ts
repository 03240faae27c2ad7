import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import type { ForwardingSource, Journal, JournalEntry } from '../../src/ports.ts'
import { batchFrom, deadLetter, freshOrganization } from './batches.ts'
import {
  eventually,
  type JournalFactory,
  type JournalUnderTest,
  openJournal,
  readAll,
  resumed,
  sequencesOf,
} from './under-test.ts'

type Deliver = Parameters<ForwardingSource['run']>[0]

export function forwardingContract(name: string, factory: JournalFactory): void {
  describe(`${name}: forwarding`, () => {
    test('events, findings and ledger are handed over in order, dead letters are not', async t => {
      const { store, organization, journal } = await started(t, factory)
      await commit(journal, organization, { events: 5, findings: 1, deadLetters: 2, ledger: true })
      await commit(journal, organization, { events: 4, ledger: true })
      const source = await openSource(t, store)
      assert.ok(await eventually(async () => (await source.backlog()) >= 12), 'backlog of what waits')

      const handOvers: number[] = []
      const delivered = await drain(t, source, organization, async entries => {
        handOvers.push(entries.length)
      })
      assert.deepEqual(sequencesOf(delivered), [1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.equal(delivered.filter(entry => entry.stream === 'findings').length, 1)
      assert.equal(delivered.filter(entry => entry.stream === 'ledger').length, 2)
      assert.equal(delivered.length, 12)
      assert.ok(
        handOvers.every(entries => entries >= 1 && entries <= MAX_ENTRIES),
        String(handOvers),
      )
      assert.equal(await source.backlog(), 0)
    })

    test('the next source goes on after what was delivered', async t => {
      const { store, organization, journal } = await started(t, factory)
      await commit(journal, organization, { events: 3 })
      const first = await openSource(t, store)
      assert.deepEqual(sequencesOf(await drain(t, first, organization)), [1, 2, 3])
      await first.close()

      await commit(journal, organization, { events: 2 })
      const second = await openSource(t, store)
      assert.deepEqual(sequencesOf(await drain(t, second, organization)), [4, 5])
    })

    test('what is committed while it runs is handed over', async t => {
      const { store, organization, journal } = await started(t, factory)
      const source = await openSource(t, store)
      const running = start(t, source, organization)
      for (const events of [1, 2, 3]) {
        const before = running.delivered.length
        await commit(journal, organization, { events })
        const came = await eventually(() => running.delivered.length >= before + events)
        assert.ok(came, 'a commit was not handed over')
      }
      await running.stop()
      assert.deepEqual(sequencesOf(running.delivered), [1, 2, 3, 4, 5, 6])
    })

    test('values that were not delivered come again', async t => {
      const { store, organization, journal } = await started(t, factory)
      await commit(journal, organization, { events: 3, ledger: true })
      const source = await openSource(t, store)
      const attempts: number[][] = []
      const delivered = await drain(t, source, organization, async entries => {
        const sequences = sequencesOf(entries.filter(entry => entry.organization === organization.identity))
        if (sequences.length === 0) return
        attempts.push(sequences)
        if (attempts.length <= 2) throw new Error('the collector is down')
      })
      assert.deepEqual(sequencesOf(delivered), [1, 2, 3])
      assert.equal(attempts[1]?.[0], 1)
      assert.equal(attempts[2]?.[0], 1)
    })

    test('an end during a delivery ends the run, and the values come to the next source', async t => {
      const { store, organization, journal } = await started(t, factory)
      await commit(journal, organization, { events: 3 })
      const first = await openSource(t, store)
      let delivering = false
      const running = start(t, first, organization, async (entries, signal) => {
        if (!entries.some(entry => entry.organization === organization.identity)) return
        delivering = true
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      })
      assert.ok(await eventually(() => delivering), 'nothing was handed over')
      await running.stop()
      await first.close()
      assert.deepEqual(running.delivered, [])

      const second = await openSource(t, store)
      assert.deepEqual(sequencesOf(await drain(t, second, organization)), [1, 2, 3])
    })

    test('what the collector refused is stored among the dead letters, and is not forwarded', async t => {
      const { store, organization, journal } = await started(t, factory)
      await commit(journal, organization, { events: 2, deadLetters: 1 })
      const source = await openSource(t, store)
      const refused = {
        ...deadLetter(organization, '{"refused":1}', 1_795_219_200_000),
        destination: 'OTLP' as const,
      }
      const running = start(t, source, organization, async entries => {
        if (entries.some(entry => entry.organization === organization.identity)) {
          await source.storeDeadLetter(organization.identity, refused)
        }
      })
      assert.ok(await eventually(() => sequencesOf(running.delivered).includes(2)), 'nothing was handed over')
      await commit(journal, organization, { events: 1 })
      assert.ok(
        await eventually(() => sequencesOf(running.delivered).includes(3)),
        'the poller was disturbed',
      )
      await running.stop()

      assert.ok(running.delivered.every(entry => entry.stream === 'events'))
      assert.equal(await source.backlog(), 0)
      const options = { streams: ['dead-letters'] as const, organization: organization.identity }
      const letters = (await readAll(t, store, 3, options)).map(entry => entry.record)
      assert.deepEqual(letters[1], refused)
      assert.equal((await resumed(journal, organization)).head?.sequence, 3)
    })
  })
}

const MAX_ENTRIES = 4

async function started(
  t: TestContext,
  factory: JournalFactory,
): Promise<{ store: JournalUnderTest; organization: Organization; journal: Journal }> {
  const organization = freshOrganization()
  const store = await factory(t)
  return { store, organization, journal: await openJournal(t, store, [organization]) }
}

async function commit(
  journal: Journal,
  organization: Organization,
  contents: Parameters<typeof batchFrom>[3],
): Promise<void> {
  await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
}

async function openSource(t: TestContext, store: JournalUnderTest): Promise<ForwardingSource> {
  const source = store.createForwarding()
  t.after(() => source.close())
  await source.open(new AbortController().signal)
  return source
}

/** Runs a source until it is stopped; `delivered` are the organization's values for which `deliver` resolved. */
function start(
  t: TestContext,
  source: ForwardingSource,
  organization: Organization,
  deliver: Deliver = async () => {},
): { readonly delivered: JournalEntry[]; stop(): Promise<void> } {
  const delivered: JournalEntry[] = []
  const end = new AbortController()
  const running = source.run(
    async (entries, signal) => {
      await deliver(entries, signal)
      delivered.push(...entries.filter(entry => entry.organization === organization.identity))
    },
    { maxEntries: MAX_ENTRIES },
    end.signal,
  )
  const stop = async (): Promise<void> => {
    end.abort()
    await running
  }
  t.after(stop)
  return { delivered, stop }
}

/** Runs a source until nothing waits any more; returns the organization's values that were delivered. */
async function drain(
  t: TestContext,
  source: ForwardingSource,
  organization: Organization,
  deliver?: Deliver,
): Promise<JournalEntry[]> {
  const running = start(t, source, organization, deliver)
  const drained = await eventually(async () => running.delivered.length > 0 && (await source.backlog()) === 0)
  await running.stop()
  assert.ok(drained, 'the backlog did not come down to nothing')
  return running.delivered
}
