import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../../src/errors.ts'
import type { Finding, LedgerEntry } from '../../src/event/records.ts'
import type { Journal } from '../../src/ports.ts'
import { exportOf, exportOfBody } from '../support/exports.ts'
import {
  assertBooksBalance,
  assertTrail,
  never,
  organization,
  type PollBench,
  pollBench,
} from '../support/poll-bench.ts'
import { type History, Hub, history, type Step } from './history.ts'
import { Oracle, type PollTruth, type Shown } from './oracle.ts'

/** `FINDINGS_RUNS=20000 FINDINGS_SEED=7 node --test test/findings/model.test.ts` for a long run; faster on a RAM disk. */
const runs = Number(process.env.FINDINGS_RUNS ?? 60)
const seed = process.env.FINDINGS_SEED === undefined ? {} : { seed: Number(process.env.FINDINGS_SEED) }

const accepts = (type: string): boolean => type !== 'org.create'

test('invariants 1, 3, 4, 6, 8, 9: whatever the log, the replicas and the crashes, the trail holds what exports showed and the findings are true, complete and told once', async () => {
  await fc.assert(fc.asyncProperty(history, play), { numRuns: runs, ...seed })
})

/** Plays one history against the real poller and the real embedded journal, and asks the oracle after each poll. */
async function play(past: History): Promise<void> {
  const cleanUps: (() => unknown)[] = []
  try {
    const plug = breakable()
    const { cap, maxEvents } = past
    const bench = await pollBench({ after: (cleanUp: () => unknown) => cleanUps.push(cleanUp) } as never, {
      exportCap: cap,
      batchLimits: { maxEvents, maxBytes: 1e9, maxRecordBytes: 900_000 },
      accepts,
      wrap: plug.wrap,
    })
    await new Player(past, bench, plug).play()
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}

/** What the journal holds. */
interface Held {
  readonly published: readonly string[]
  readonly letters: readonly string[]
  readonly findings: readonly Finding[]
  readonly ledger: readonly LedgerEntry[]
}

class Player {
  readonly #past: History
  readonly #bench: PollBench
  readonly #plug: Plug
  readonly #hub: Hub
  readonly #oracle: Oracle
  #before: Held = { published: [], letters: [], findings: [], ledger: [] }

  constructor(past: History, bench: PollBench, plug: Plug) {
    this.#past = past
    this.#bench = bench
    this.#plug = plug
    this.#hub = new Hub(past)
    this.#oracle = new Oracle(past.cap, accepts)
  }

  async play(): Promise<void> {
    for (const step of this.#past.steps) await this.#poll(step)
    assertTrail(await this.#bench.read('events'))
    const { published } = this.#before
    assert.equal(new Set(published).size, published.length, 'invariant 2: an event was published twice')
  }

  async #poll(step: Step): Promise<void> {
    const elements = this.#hub.play(step, { ids: this.#oracle.known, newestMs: this.#newestKnownMs() })
    const receivedAtMs = this.#hub.nowMs
    const chunkBytes = 1 + (step.seed % 3_000)
    if (elements === 'broken') {
      const body = exportOfBody(Buffer.from('[{"_id":"1"'), { receivedAtMs, chunkBytes })
      await assert.rejects(this.#bench.poll(body), { code: 'HUB_BODY_BROKEN' })
      this.#compare(await this.#held(), [], [], [], undefined)
      return
    }
    const shown: Shown = { elements, receivedAtMs }
    // What is left of a poll that was cut off comes later than what arrived after it: by date that tells nothing.
    this.#plug.set(this.#past.cut === 'by-date' ? step.cut : null)
    const bytes = elements.map(element => element.bytes)
    const error = await this.#bench.poll(exportOf(bytes, { receivedAtMs, chunkBytes })).then(
      () => undefined,
      (caught: unknown) => caught,
    )
    const { stored } = this.#plug
    this.#plug.set(null)
    if (error !== undefined && (error as ConnectorError).code !== 'JOURNAL_UNAVAILABLE') throw error
    const held = await this.#held()
    if (held.ledger.length > this.#before.ledger.length) this.#finished(shown, held)
    else this.#cutOff(shown, stored, held)
    await this.#forget(new Set(elements.map(({ event }) => event?.id)))
  }

  #finished(shown: Shown, held: Held): void {
    const truth = this.#oracle.finish(shown)
    const poison = shown.elements.flatMap(({ event, bytes }) => (event === undefined ? bytes : []))
    const letters = [...new Set(poison)].filter(bytes => !this.#before.letters.includes(bytes))
    this.#compare(held, truth.published, letters, truth.findings, truth)
    this.#assertTrue(held)
  }

  #cutOff(shown: Shown, transactions: number, held: Held): void {
    const publishedIds = held.published.slice(this.#before.published.length)
    const deadLetters = held.letters.slice(this.#before.letters.length)
    const findings = this.#oracle.cutOff(shown, { transactions, publishedIds, deadLetters })
    this.#compare(held, publishedIds, deadLetters, findings, undefined)
  }

  /** What the journal holds beyond what it held before must be exactly this. */
  #compare(
    held: Held,
    published: readonly string[],
    letters: readonly string[],
    findings: readonly string[],
    truth: PollTruth | undefined,
  ): void {
    const before = this.#before
    assert.deepEqual(
      held.published.slice(before.published.length),
      published,
      'invariants 1, 3, 6: what was published',
    )
    assert.deepEqual(
      held.letters.slice(before.letters.length).sort(),
      [...letters].sort(),
      'invariant 8: the dead letters',
    )
    assert.deepEqual(
      held.findings.slice(before.findings.length).map(asText),
      findings,
      'invariant 4: what was found',
    )
    assert.equal(held.ledger.length, before.ledger.length + (truth === undefined ? 0 : 1))
    if (truth !== undefined) assertLedger(held.ledger.at(-1)!, truth)
    this.#before = held
  }

  /** The findings of a poll against the log as it really is, whatever the exports showed. */
  #assertTrue({ findings, ledger }: Held): void {
    if (ledger.at(-1)!.fetched === 0) return
    const existing = new Set(this.#hub.log.map(({ id }) => id))
    for (const { kind, ids, foundAt } of findings) {
      if (kind !== 'VANISHED' || foundAt !== this.#hub.nowMs) continue
      assert.deepEqual(
        ids.filter(id => existing.has(id)),
        [],
        'told as vanished, and still in the log',
      )
    }
  }

  async #held(): Promise<Held> {
    const held = {
      published: [] as string[],
      letters: [] as string[],
      findings: [] as Finding[],
      ledger: [] as LedgerEntry[],
    }
    for (const entry of await this.#bench.readAll()) {
      if (entry.stream === 'events') held.published.push(entry.record.eventID)
      else if (entry.stream === 'dead-letters') held.letters.push(entry.record.bytes.toString())
      else if (entry.stream === 'findings') held.findings.push(entry.record)
      else held.ledger.push(entry.record)
    }
    return held
  }

  /** As many absent ids as the cap are remembered, and all that the export held: what more is forgotten is no mistake. */
  async #forget(present: ReadonlySet<string | undefined>): Promise<void> {
    const { seen } = await this.#bench.journal.resume(organization, never)
    const absent = [...seen.entries()].filter(({ absentSinceSeconds }) => absentSinceSeconds > 0).length
    for (const id of this.#oracle.known.keys()) {
      if (seen.get(id) !== undefined) continue
      assert.ok(absent >= this.#past.cap && !present.has(id), `${id} was forgotten too early`)
      this.#oracle.known.delete(id)
    }
  }

  #newestKnownMs(): number | undefined {
    const dates = [...this.#oracle.known.values()].flatMap(({ ahead, createdAtMs }) =>
      ahead ? [] : createdAtMs,
    )
    return dates.length === 0 ? undefined : Math.max(...dates)
  }
}

function assertLedger(entry: LedgerEntry, truth: PollTruth): void {
  assertBooksBalance(entry)
  const { fetched, published, alreadySeen, filtered, deadLettered, repeated } = entry
  assert.deepEqual(
    { fetched, published, alreadySeen, filtered, deadLettered, repeated },
    { ...truth.counts, published: truth.published.length },
    'invariant 9: the books',
  )
}

function asText({ kind, ids }: Finding): string {
  return [kind, ...ids.toSorted()].join(' ')
}

interface Plug {
  /** Transactions of this poll that were stored. */
  readonly stored: number
  set(cut: Step['cut']): void
  wrap(journal: Journal): Pick<Journal, 'resume' | 'commit' | 'framing'>
}

/** Makes the journal fail at one transaction of a poll: before it is stored, or after, without saying so. */
function breakable(): Plug {
  let cut: Step['cut'] = null
  let commits = 0
  let stored = 0
  return {
    get stored() {
      return stored
    },
    set(next) {
      cut = next
      commits = 0
      stored = 0
    },
    wrap: journal => ({
      resume: of => journal.resume(of, never),
      framing: stream => journal.framing(stream),
      async commit(batch) {
        const isCut = cut?.at === commits
        commits += 1
        if (!isCut || cut?.stored === true) {
          await journal.commit(batch)
          stored += 1
        }
        if (isCut)
          throw new ConnectorError('JOURNAL_UNAVAILABLE', 'the outcome is unknown', { retryable: true })
      },
    }),
  }
}
