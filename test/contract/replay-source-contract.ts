import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { cloudEventHeaders } from '../../src/event/cloud-events.ts'
import { type Organization, sourceUri } from '../../src/event/organization.ts'
import type { StreamName } from '../../src/event/records.ts'
import type { Batch, EncodedEvent, Journal } from '../../src/ports.ts'
import { isSelected } from '../../src/replay/range.ts'
import type {
  ReplayPage,
  ReplayRange,
  ReplayRecord,
  ReplaySelection,
  ReplaySource,
  ReplaySpan,
} from '../../src/replay-ports.ts'
import { batchFrom, type Contents, freshOrganization } from './batches.ts'
import { resumed } from './under-test.ts'

export interface ReplaySourceUnderTest {
  createJournal(organizations: readonly Organization[]): Journal
  createSource(): ReplaySource
  /** Resolves when what was committed last can be read. */
  settled(): Promise<void>
}

const { signal } = new AbortController()
const T0_MS = Date.UTC(2026, 10, 1)

/** What every journal promises to a replay. */
export function replaySourceContract(
  name: string,
  factory: (t: TestContext) => Promise<ReplaySourceUnderTest>,
): void {
  describe(`${name}: replay source`, () => {
    async function filled(
      t: TestContext,
      organizations: readonly Organization[],
      commits: readonly (Contents & { readonly of?: Organization })[],
    ): Promise<{ source: ReplaySource; batches: Batch[]; commit: (contents: Contents) => Promise<void> }> {
      const store = await factory(t)
      const journal = store.createJournal(organizations)
      await journal.open(signal)
      t.after(() => journal.close())
      const batches: Batch[] = []
      const commit = async ({ of = organizations[0]!, ...contents }: Contents & { of?: Organization }) => {
        const batch = batchFrom(journal, of, await resumed(journal, of), contents)
        await journal.commit(batch)
        await store.settled()
        batches.push(batch)
      }
      for (const contents of commits) await commit(contents)
      const source = store.createSource()
      await source.open(signal)
      t.after(() => source.close())
      return { source, batches, commit }
    }

    test('times: from inclusive, to exclusive, though commits are not in the order of their times', async t => {
      const organization = freshOrganization()
      const minutes = [0, 2, 1, 3, 2]
      const commits = minutes.map(minute => ({ events: 2, timestampMs: T0_MS + minute * 60_000 }))
      const { source } = await filled(t, [organization], commits)
      const at = (minute: number) => T0_MS + minute * 60_000
      const received = (fromMs?: number, toMs?: number) =>
        sequences(source, { by: 'received-time', fromMs, toMs })
      assert.deepEqual(await received(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      assert.deepEqual(await received(at(2)), [3, 4, 7, 8, 9, 10])
      assert.deepEqual(await received(at(2) + 1), [7, 8])
      assert.deepEqual(await received(undefined, at(2)), [1, 2, 5, 6])
      assert.deepEqual(await received(at(1), at(3)), [3, 4, 5, 6, 9, 10])
      assert.deepEqual(await received(at(1), at(1) + 1), [5, 6])
      assert.deepEqual(await received(at(4)), [])
      assert.deepEqual(await received(undefined, at(0)), [])
      assert.deepEqual(await received(-5_000, at(0) + 1), [1, 2], 'before 1970')
      // Of these events createdAt lies a second before.
      const created = { by: 'event-time', fromMs: at(1) - 1_000, toMs: at(2) - 1_000 } as const
      assert.deepEqual(await sequences(source, created), [5, 6])
    })

    test('sequences of one organization, both ends inclusive, beside those of another', async t => {
      const [one, two] = [freshOrganization(), freshOrganization()]
      const commits = [one, two, one, two, one].map(of => ({ of, events: 4, ledger: true }))
      const { source } = await filled(t, [one, two], commits)
      const of = (identity: string, from: number, to?: number) =>
        sequences(source, { by: 'sequence', from, to }, identity)
      assert.deepEqual(await of(one.identity, 3, 6), [3, 4, 5, 6])
      assert.deepEqual(await of(one.identity, 12), [12])
      assert.deepEqual(await of(one.identity, 13), [])
      assert.deepEqual(await of(two.identity, 1, 100), [1, 2, 3, 4, 5, 6, 7, 8])
      assert.deepEqual(await of('nobody', 1), [])
      const all = { by: 'received-time', fromMs: undefined, toMs: undefined } as const
      assert.equal((await sequences(source, all)).length, 20)
      assert.deepEqual(await sequences(source, all, two.identity), [1, 2, 3, 4, 5, 6, 7, 8])
    })

    test('every stream, as it is stored: key, value, headers and time', async t => {
      const organization = freshOrganization()
      const commits = [1, 2].map(() => ({
        events: 2,
        deadLetters: 1,
        findings: 1,
        ledger: true,
        timestampMs: T0_MS,
      }))
      const { source, batches } = await filled(t, [organization], commits)
      const values: Record<StreamName, (batch: Batch) => { value: Buffer }[]> = {
        events: batch => [...batch.events],
        'dead-letters': batch => [...batch.deadLetters],
        findings: batch => [...batch.findings],
        ledger: batch => [batch.ledger!],
      }
      for (const stream of Object.keys(values) as StreamName[]) {
        const range = { by: 'received-time', fromMs: T0_MS, toMs: T0_MS + 1 } as const
        const records = await selected(source, { stream, organization: organization.identity, range })
        const stored = batches.flatMap(values[stream])
        assert.deepEqual(
          records.map(record => record.stored.value),
          stored.map(({ value }) => value),
        )
        for (const [index, { stored: found }] of records.entries()) {
          assert.equal(found.key?.toString(), organization.identity)
          assert.equal(found.timestampMs, T0_MS)
          const headers = Object.entries(found.headers).map(([header, value]) => [header, String(value)])
          const expected =
            stream === 'events'
              ? cloudEventHeaders(sourceUri(organization), stored[index] as EncodedEvent)
              : { 'content-type': 'application/avro' }
          assert.deepEqual(Object.fromEntries(headers), expected)
        }
      }
    })

    test('many megabytes come in pages; each page tells where to go on', async t => {
      const organization = freshOrganization()
      const commits = [1, 2, 3].map(() => ({ events: 60, rawLogBytes: 50_000 }))
      const { source } = await filled(t, [organization], commits)
      const selection = everything('events')
      const [span, ...others] = await source.spans(selection, signal)
      assert.deepEqual(others, [])
      const pages = await Array.fromAsync(source.read(span!, selection, signal))
      assert.ok(pages.length > 1)
      assert.equal(pages.at(-1)!.next, span!.to)
      const all = pages.flatMap(sequencesIn)
      assert.deepEqual(
        all,
        [...Array(180).keys()].map(index => index + 1),
      )
      for (const [index, page] of pages.entries()) {
        const rest = source.read({ ...span!, from: page.next }, selection, signal)
        const found = (await Array.fromAsync(rest)).flatMap(sequencesIn)
        assert.deepEqual(found, pages.slice(index + 1).flatMap(sequencesIn))
      }
    })

    test('what is committed after the look for the range is not in it', async t => {
      const organization = freshOrganization()
      const { source, commit } = await filled(t, [organization], [{ events: 3 }])
      const spans = await source.spans(everything('events'), signal)
      await commit({ events: 2 })
      assert.deepEqual((await read(source, spans, everything('events'))).flatMap(sequencesIn), [1, 2, 3])
      assert.equal((await sequences(source, everything('events').range)).length, 5)
    })
  })
}

function everything(stream: StreamName): ReplaySelection {
  return {
    stream,
    organization: undefined,
    range: { by: 'received-time', fromMs: undefined, toMs: undefined },
  }
}

async function read(
  source: ReplaySource,
  spans: readonly ReplaySpan[],
  selection: ReplaySelection,
): Promise<ReplayPage[]> {
  const pages: ReplayPage[] = []
  for (const span of spans) pages.push(...(await Array.fromAsync(source.read(span, selection, signal))))
  return pages
}

async function selected(source: ReplaySource, selection: ReplaySelection): Promise<ReplayRecord[]> {
  const pages = await read(source, await source.spans(selection, signal), selection)
  return pages.flatMap(({ records }) => records).filter(({ entry }) => isSelected(selection, entry))
}

async function sequences(source: ReplaySource, range: ReplayRange, organization?: string): Promise<number[]> {
  const records = await selected(source, { stream: 'events', organization, range })
  return sequencesIn({ records, next: 0 })
}

function sequencesIn({ records }: ReplayPage): number[] {
  return records.flatMap(({ entry }) => (entry.stream === 'events' ? [entry.record.sequence] : []))
}
