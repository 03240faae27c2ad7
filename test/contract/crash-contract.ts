import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import type { StreamName } from '../../src/event/records.ts'
import { batchFrom, freshOrganization, seenEntry } from './batches.ts'
import type { CrashJob, CrashStep } from './crash-child.ts'
import {
  eventually,
  type JournalUnderTest,
  openJournal,
  readAll,
  resumed,
  sequencesOf,
} from './under-test.ts'

/** One moment of a step at which the process dies. */
export interface CrashPoint {
  readonly step: CrashStep
  readonly point: string
  /** For the child: where it is to kill itself. */
  readonly at: CrashJob['at']
  /** What must be there afterwards: of a commit whose answer was under way either may be. */
  readonly leaves: 'nothing' | 'all' | 'either'
}

export interface CrashStore extends JournalUnderTest {
  /** For the child: how it reaches the same store. */
  readonly reach: CrashJob['reach']
}

export type CrashFactory = (t: TestContext, organization: Organization) => Promise<CrashStore>

const ALL_STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']
const OLD_MS = Date.parse('2026-01-01T00:00:00Z')

/** A process dies by SIGKILL at each of these points of its work, and whoever comes next finds whole steps only. */
export function crashContract(name: string, factory: CrashFactory, points: readonly CrashPoint[]): void {
  describe(`${name}: SIGKILL`, () => {
    for (const crash of points) {
      test(`in ${crash.step}, ${crash.point}: ${outcomeOf(crash)}`, { timeout: 300_000 }, async t => {
        const organization = freshOrganization()
        await checks[crash.step](t, await factory(t, organization), organization, crash)
      })
    }
  })
}

function outcomeOf({ step, leaves }: CrashPoint): string {
  if (step === 'open' || step === 'resume') return 'the next one goes on'
  if (step === 'forward') return leaves === 'all' ? 'nothing comes again' : 'nothing is left out'
  if (step === 'prune') return leaves === 'all' ? 'the trail is whole from its new beginning' : 'all is there'
  return { nothing: 'nothing of it is there', all: 'all of it is there', either: 'all or nothing' }[leaves]
}

type Check = (
  t: TestContext,
  store: CrashStore,
  organization: Organization,
  crash: CrashPoint,
) => Promise<void>

const checks: Record<CrashStep, Check> = {
  async open(t, store, organization, crash) {
    await die(store, organization, crash)
    await goOn(t, store, organization, 0)
  },

  async resume(t, store, organization, crash) {
    await commitOne(t, store, organization)
    await die(store, organization, crash)
    await goOn(t, store, organization, 1)
  },

  async commit(t, store, organization, crash) {
    await commitOne(t, store, organization)
    await die(store, organization, crash)

    const heir = await openJournal(t, store, [organization])
    const { head, seen } = await resumed(heir, organization)
    const isStored = head?.sequence === 4
    assert.equal(head?.sequence, isStored ? 4 : 1)
    if (crash.leaves !== 'either') assert.equal(isStored, crash.leaves === 'all')
    const ids = [...seen.entries()].map(({ key }) => key).sort()
    assert.deepEqual(ids, isStored ? ['a', 'b', 'c', 'filtered'] : ['first'])
    await heir.commit(
      batchFrom(
        heir,
        organization,
        { term: (await resumed(heir, organization)).term, head },
        { events: ['last'] },
      ),
    )

    const expected = isStored ? 5 + 3 : 2
    const entries = await readAll(t, store, expected, {
      streams: ALL_STREAMS,
      organization: organization.identity,
    })
    const of = (stream: StreamName) => entries.filter(entry => entry.stream === stream).length
    assert.deepEqual(sequencesOf(entries), isStored ? [1, 2, 3, 4, 5] : [1, 2])
    assert.deepEqual([of('findings'), of('ledger'), of('dead-letters')], isStored ? [1, 1, 1] : [0, 0, 0])
  },

  async letter(t, store, organization, crash) {
    await commitOne(t, store, organization)
    await die(store, organization, crash)
    await goOn(t, store, organization, 1)
    const letters = await readAll(t, store, crash.leaves === 'all' ? 1 : 0, {
      streams: ['dead-letters'],
      organization: organization.identity,
    })
    if (crash.leaves === 'either') assert.ok(letters.length <= 1)
    else assert.equal(letters.length, crash.leaves === 'all' ? 1 : 0)
  },

  async forward(t, store, organization, crash) {
    const journal = await openJournal(t, store, [organization])
    await journal.commit(
      batchFrom(journal, organization, await resumed(journal, organization), { events: 12 }),
    )
    await journal.close()
    const told = (await die(store, organization, crash)).map(Number)
    assert.deepEqual(
      told,
      told.map((_, index) => index + 1),
    )

    await goOn(t, store, organization, 12)
    const source = store.createForwarding()
    t.after(() => source.close())
    await source.open(new AbortController().signal)
    const again: number[] = []
    const end = new AbortController()
    const running = source.run(
      async entries => void again.push(...sequencesOf(entries)),
      { maxEntries: 4 },
      end.signal,
    )
    assert.ok(
      await eventually(async () => again.at(-1) === 13 && (await source.backlog()) === 0),
      String(again),
    )
    end.abort()
    await running
    const first = again[0]!
    assert.deepEqual(
      again,
      again.map((_, index) => first + index),
    )
    // Nothing is left out; and what the cursor had passed does not come again.
    assert.ok(first <= told.length + 1, `${first} after ${told.length}`)
    if (crash.leaves === 'all') assert.equal(first, told.length + 1)
  },

  async prune(t, store, organization, crash) {
    const journal = await openJournal(t, store, [organization])
    for (const timestampMs of [OLD_MS, OLD_MS, Date.now()]) {
      const contents = { events: 900, timestampMs }
      await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
    }
    await journal.close()
    await die(store, organization, crash)
    await goOn(t, store, organization, 2_700)
    const kept = sequencesOf(
      await readAll(t, store, 901, { streams: ['events'], organization: organization.identity }),
    )
    const first = kept[0]!
    assert.ok(crash.leaves === 'nothing' ? first === 1 : first > 1 && first <= 1_801, `begins with ${first}`)
    assert.deepEqual(
      kept,
      kept.map((_, index) => first + index),
    )
    assert.equal(kept.at(-1), 2_701)
  },
}

/** Runs the step in a process of its own until it is dead; returns what that had printed. */
async function die(
  store: CrashStore,
  organization: Organization,
  { step, at }: CrashPoint,
): Promise<string[]> {
  const job: CrashJob = { reach: store.reach, organization, step, at }
  const child = fork(new URL('./crash-child.ts', import.meta.url), [JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    // kafkajs computes a wait that is over already.
    execArgv: ['--disable-warning=TimeoutNegativeWarning'],
  })
  let printed = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [code, signal] = await once(child, 'close')
  assert.equal(signal, 'SIGKILL', `the point was not reached (exit code ${code}): ${printed}`)
  return printed.split('\n').filter(line => line !== '')
}

async function commitOne(t: TestContext, store: CrashStore, organization: Organization): Promise<void> {
  const journal = await openJournal(t, store, [organization])
  const contents = { events: ['first'] }
  await journal.commit(batchFrom(journal, organization, await resumed(journal, organization), contents))
  await journal.close()
}

/** The next one takes over, finds what is to be there, and its own commit is whole. */
async function goOn(
  t: TestContext,
  store: CrashStore,
  organization: Organization,
  sequence: number,
): Promise<void> {
  const heir = await openJournal(t, store, [organization])
  const checkpoint = await resumed(heir, organization)
  assert.equal(checkpoint.head?.sequence ?? 0, sequence)
  await heir.commit(
    batchFrom(heir, organization, checkpoint, {
      events: 1,
      put: [seenEntry('filtered', { state: 'filtered' })],
    }),
  )
  assert.equal((await resumed(heir, organization)).head?.sequence, sequence + 1)
  await heir.close()
}
