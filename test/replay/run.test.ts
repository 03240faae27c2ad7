import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../../src/errors.ts'
import { silentLogger } from '../../src/log.ts'
import { dryRun, type ReplayOutcome, replay } from '../../src/replay/run.ts'
import type {
  ReplayPage,
  ReplayRecord,
  ReplaySelection,
  ReplaySource,
  ReplayState,
  ReplayTarget,
} from '../../src/replay-ports.ts'
import { eventEntry } from '../otlp/support/entries.ts'

const never = new AbortController().signal
const unavailable = () => new ConnectorError('JOURNAL_UNAVAILABLE', 'not now', { retryable: true })

/** What happens at a step: it works, fails before its effect, fails after it, or the process dies there. */
type Fate = 'fine' | 'before' | 'after' | 'death before' | 'death after'

class Death extends Error {}

/** Two partitions of so many records; pages of a size. */
function memorySource(counts: readonly number[], pageSize: number, fate: () => Fate): ReplaySource {
  const sequenceAt = (partition: number, offset: number) => partition * 1_000 + offset + 1
  return {
    origin: 'memory',
    async open() {},
    async spans() {
      return counts.map((count, partition) => ({ partition, from: 0, to: count })).filter(({ to }) => to > 0)
    },
    async *read({ partition, from, to }): AsyncGenerator<ReplayPage> {
      for (let at = from; at < to; at = Math.min(to, at + pageSize)) {
        const now = fate()
        if (now.startsWith('death')) throw new Death()
        if (now !== 'fine') throw unavailable()
        const next = Math.min(to, at + pageSize)
        const records = Array.from({ length: next - at }, (_, index): ReplayRecord => {
          const entry = eventEntry(sequenceAt(partition, at + index))
          const stored = { key: null, value: Buffer.alloc(0), headers: {}, timestampMs: 0 }
          return { entry, stored }
        })
        yield { records, next }
      }
    },
    async close() {},
  }
}

/** Keeps records and state together, as a transaction does. */
class MemoryTarget implements ReplayTarget {
  readonly destination = 'memory'
  readonly stored: number[] = []
  state: ReplayState | undefined
  fate: () => Fate = () => 'fine'

  async check(): Promise<void> {}
  async close(): Promise<void> {}

  async resume() {
    return { state: this.state, occupied: this.stored.length > 0, lost: false }
  }

  async begin(state: ReplayState): Promise<ReplayState> {
    this.state = state
    return state
  }

  async write(records: readonly ReplayRecord[], state: ReplayState): Promise<ReplayState> {
    const now = this.fate()
    if (now === 'death before') throw new Death()
    if (now === 'before') throw unavailable()
    for (const { entry } of records) if (entry.stream === 'events') this.stored.push(entry.record.sequence)
    this.state = state
    if (now === 'death after') throw new Death()
    if (now === 'after') throw unavailable()
    return state
  }
}

const even: ReplaySelection = {
  stream: 'events',
  organization: undefined,
  range: { by: 'sequence', from: 3, to: 1_010 },
}

function start(source: ReplaySource, target: ReplayTarget, again = false): Promise<ReplayOutcome> {
  return replay(
    { name: 'n', words: 'w', selection: even, again },
    { source, target, log: silentLogger, random: () => 0.5, onProgress() {}, sleep: async () => {} },
    never,
  )
}

function wanted(counts: readonly number[]): number[] {
  return counts
    .flatMap((count, partition) =>
      Array.from({ length: count }, (_, offset) => partition * 1_000 + offset + 1),
    )
    .filter(sequence => sequence >= 3 && sequence <= 1_010)
}

test('each record of the range once and in order, whatever fails and wherever the process dies', async () => {
  const fates = fc.array(
    fc.constantFrom<Fate>('fine', 'fine', 'before', 'after', 'death before', 'death after'),
    {
      maxLength: 30,
    },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 10 }),
      fates,
      async (counts, pageSize, plan) => {
        const queue = [...plan]
        const fate = () => queue.shift() ?? 'fine'
        const target = new MemoryTarget()
        target.fate = fate
        let outcome: ReplayOutcome | undefined
        while (outcome === undefined) {
          outcome = await start(memorySource(counts, pageSize, fate), target).catch(error => {
            // The next start finds what this one left.
            if (!(error.cause instanceof Death)) throw error
            return undefined
          })
        }
        assert.deepEqual(target.stored, wanted(counts))
        assert.equal(outcome.done, outcome.total)
        if (outcome.total > 0) assert.equal(outcome.sent, wanted(counts).length)
      },
    ),
  )
})

test('finished: the next start sends nothing, --again all of it once more', async () => {
  const target = new MemoryTarget()
  const source = memorySource([5], 2, () => 'fine')
  assert.deepEqual(await start(source, target).then(({ result, sent, run }) => [result, sent, run]), [
    'finished',
    3,
    1,
  ])
  const second = await start(source, target)
  assert.deepEqual([second.result, second.sent, second.organizations], ['finished before', 3, []])
  assert.deepEqual(target.stored, [3, 4, 5])
  assert.deepEqual(await start(source, target, true).then(({ result, sent, run }) => [result, sent, run]), [
    'finished',
    3,
    2,
  ])
  assert.deepEqual(target.stored, [3, 4, 5, 3, 4, 5])
})

test('a stop ends it between pages; what no retry mends ends it at once', async () => {
  const target = new MemoryTarget()
  const stop = new AbortController()
  target.fate = () => {
    stop.abort()
    return 'fine'
  }
  const dependencies = {
    source: memorySource([9], 3, () => 'fine'),
    target,
    log: silentLogger,
    random: () => 0,
  }
  await assert.rejects(
    replay(
      { name: 'n', words: 'w', selection: even, again: false },
      { ...dependencies, onProgress() {} },
      stop.signal,
    ),
    { code: 'STOPPED' },
  )
  assert.deepEqual(target.stored, [3])
  target.fate = () => 'fine'
  target.write = async () => {
    throw new ConnectorError('JOURNAL_NOT_OWNED', 'taken over')
  }
  await assert.rejects(
    start(
      memorySource([9], 3, () => 'fine'),
      target,
    ),
    { code: 'JOURNAL_NOT_OWNED' },
  )
})

test('a dry run tells sequences and times by organization', async () => {
  const { records, organizations } = await dryRun(
    even,
    memorySource([9], 4, () => 'fine'),
    never,
  )
  assert.equal(records, 7)
  assert.equal(organizations.length, 1)
  const [{ firstSequence, lastSequence, firstReceivedAt } = assert.fail()] = organizations
  assert.deepEqual([firstSequence, lastSequence, firstReceivedAt], [3, 9, '2026-08-17T09:16:40.000Z'])
})
