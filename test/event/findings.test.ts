import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectorError } from '../../src/errors.ts'
import type { Journal } from '../../src/ports.ts'
import { eventText, exportOf, idOf } from '../support/exports.ts'
import { never, organization, type PollBench, pollBench, start } from '../support/poll-bench.ts'

const minute = 60_000
const day = 24 * 60 * minute
/** The events of the tests happen in the minutes before. */
const later = Date.UTC(2026, 10, 20)

const someEvents = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => eventText(from + index, start + (from + index) * 1000))

/** Polls that many minutes after the first; what was found, as `KIND ids`. */
async function found(bench: PollBench, elements: readonly (string | Buffer)[], minutes: number) {
  const { findings } = await bench.poll(exportOf(elements, { receivedAtMs: later + minutes * minute }))
  return findings.map(({ kind, ids }) => [kind, ...ids].join(' '))
}

const smallBatches = { batchLimits: { maxEvents: 3, maxBytes: 1e9, maxRecordBytes: 900_000 } }

/** A journal that stores so many batches and then breaks down, until it is mended. */
function breakingAfter(commits: number) {
  let left = commits
  return {
    mend() {
      left = Number.POSITIVE_INFINITY
    },
    breakAfter(more: number) {
      left = more
    },
    wrap: (journal: Journal): Pick<Journal, 'resume' | 'commit' | 'framing'> => ({
      resume: (of, signal) => journal.resume(of, signal),
      framing: stream => journal.framing(stream),
      async commit(batch) {
        if (left <= 0) throw new ConnectorError('JOURNAL_UNAVAILABLE', 'pulled the plug', { retryable: true })
        left -= 1
        await journal.commit(batch)
      },
    }),
  }
}

test('a gap is told though its poll is cut off after its first transaction, and once', async t => {
  const plug = breakingAfter(Number.POSITIVE_INFINITY)
  const bench = await pollBench(t, { exportCap: 10, ...smallBatches, wrap: plug.wrap })
  await bench.poll(exportOf(someEvents(1, 10)))
  plug.breakAfter(1)
  await assert.rejects(bench.poll(exportOf(someEvents(100, 10))), { code: 'JOURNAL_UNAVAILABLE' })
  plug.mend()
  assert.deepEqual(await found(bench, someEvents(100, 10), 1), [])
  const told = await bench.read('findings')
  assert.deepEqual(
    told.map(({ kind, newestPublishedAt, oldestReceivedAt }) => [kind, newestPublishedAt, oldestReceivedAt]),
    [['GAP', start + 10_000, start + 100_000]],
  )
})

test('a poll that was cut off is a gap when the capped export begins after what it had not published', async t => {
  const plug = breakingAfter(1)
  const bench = await pollBench(t, { exportCap: 10, ...smallBatches, wrap: plug.wrap })
  await assert.rejects(bench.poll(exportOf(someEvents(1, 10))), { code: 'JOURNAL_UNAVAILABLE' })
  plug.mend()
  // One that it published came again under another date: connected by it, and events 4 to 7 are lost all the same.
  const moved = eventText(3, start + 9_500)
  assert.deepEqual(await found(bench, [moved, ...someEvents(8, 9)], 1), ['GAP', `CHANGED ${idOf(3)}`])
  assert.deepEqual(await found(bench, [moved, ...someEvents(8, 9)], 2), [])
})

test('a lagging replica does not close the poll that was cut off', async t => {
  const plug = breakingAfter(Number.POSITIVE_INFINITY)
  const bench = await pollBench(t, { exportCap: 10, ...smallBatches, wrap: plug.wrap })
  await bench.poll(exportOf(someEvents(1, 8)))
  plug.breakAfter(1)
  await assert.rejects(bench.poll(exportOf(someEvents(5, 10))), { code: 'JOURNAL_UNAVAILABLE' })
  plug.mend()
  // Events 9 to 11 are published, 12 to 14 are not, and this replica knows neither.
  assert.deepEqual(await found(bench, someEvents(1, 8), 1), [])
  const { head } = await bench.journal.resume(organization, never)
  assert.equal(head?.openPoll?.oldestUnpublishedCreatedAtMs, start + 12_000)
  assert.deepEqual(await found(bench, someEvents(5, 10), 2), [])
  assert.equal((await bench.journal.resume(organization, never)).head?.openPoll, null)
})

test('an import that is cut off leaves what a poll left open, and opens nothing', async t => {
  const plug = breakingAfter(Number.POSITIVE_INFINITY)
  const bench = await pollBench(t, { exportCap: 10, ...smallBatches, wrap: plug.wrap })
  await bench.poll(exportOf(someEvents(50, 10)))
  plug.breakAfter(1)
  await assert.rejects(bench.importExport(exportOf(someEvents(1, 9))), { code: 'JOURNAL_UNAVAILABLE' })
  plug.mend()
  assert.equal((await bench.journal.resume(organization, never)).head?.openPoll, null)
  assert.deepEqual(await found(bench, someEvents(51, 10), 1), [])
})

test('a lagging replica that shows the content of before tells nothing; a third content is told', async t => {
  const bench = await pollBench(t)
  const showing = (message: string) => [...someEvents(1, 2), eventText(3, start + 3_000, { message })]
  assert.deepEqual(await found(bench, showing('first'), 0), [])
  assert.deepEqual(await found(bench, showing('second'), 1), [`CHANGED ${idOf(3)}`])
  for (const n of [2, 3]) assert.deepEqual(await found(bench, showing(['first', 'second'][n % 2]!), n), [])
  assert.deepEqual(await found(bench, showing('third'), 4), [`CHANGED ${idOf(3)}`])
  for (const n of [5, 6, 7])
    assert.deepEqual(await found(bench, showing(['first', 'second', 'third'][n % 3]!), n), [])
})

test('a window of nothing but events dated ahead is one gap, not one each poll', async t => {
  const bench = await pollBench(t, { exportCap: 5 })
  const ahead = (from: number) =>
    Array.from({ length: 5 }, (_, index) => eventText(from + index, Date.UTC(2031, 0, from + index)))
  await bench.poll(exportOf(ahead(1)))
  for (const n of [1, 2]) assert.deepEqual(await found(bench, ahead(1), n), [])
  assert.deepEqual(await found(bench, ahead(11), 3), ['GAP'])
  for (const n of [4, 5]) assert.deepEqual(await found(bench, ahead(11), n), [])
})

test('the newest time published, in a gap, is not that of an event dated ahead', async t => {
  const bench = await pollBench(t, { exportCap: 5 })
  await bench.poll(exportOf([...someEvents(1, 4), eventText(9, Date.UTC(2031, 0, 1))]))
  const { findings } = await bench.poll(exportOf(someEvents(100, 5)))
  assert.deepEqual(
    findings.map(({ kind, newestPublishedAt }) => [kind, newestPublishedAt]),
    [['GAP', start + 4_000]],
  )
})

test('the first capped export after empty ones, or after nothing but poison, is no gap: the ledger has it', async t => {
  const bench = await pollBench(t, { exportCap: 5 })
  await bench.poll(exportOf([]))
  await bench.poll(exportOf(['17']))
  const { findings, ledger } = await bench.poll(exportOf(someEvents(1, 5)))
  assert.deepEqual(findings, [])
  assert.equal(ledger.olderHistoryOutOfReach, true)
  assert.equal((await bench.poll(exportOf(someEvents(2, 5)))).ledger.olderHistoryOutOfReach, false)
})

test('at the cap, a late event of an old date does not make those vanish that left the window', async t => {
  const bench = await pollBench(t, { exportCap: 10 })
  await bench.poll(exportOf(someEvents(1, 10)))
  const late = eventText(99, start - 300 * day)
  // Cut by arrival: the window holds the late event still when older arrivals have left it.
  for (const n of [1, 2, 3, 4]) assert.deepEqual(await found(bench, [...someEvents(1 + n, 9), late], n), [])
})

test('at the cap, an event is missed that lies between two of the window', async t => {
  const bench = await pollBench(t, { exportCap: 10 })
  await bench.poll(exportOf(someEvents(1, 12)))
  const without = [...someEvents(2, 4), ...someEvents(7, 6)]
  assert.deepEqual(await found(bench, without, 1), [])
  assert.deepEqual(await found(bench, without, 2), [`VANISHED ${idOf(6)}`])
  assert.deepEqual(await found(bench, without, 3), [])
})

test('a late event that a lagging replica lacks is not missed, though others of its poll are there', async t => {
  const bench = await pollBench(t)
  const known = someEvents(1, 10)
  await found(bench, known, 0)
  const [next, late] = [eventText(11, start + 11_000), eventText(77, start + 1_500)]
  await found(bench, [...known, next, late], 1)
  // The replica has the log as it was between the two.
  for (const n of [2, 3, 4]) assert.deepEqual(await found(bench, [...known, next], n), [])
  // Now it knows what came later, and still not the late one.
  const newer = eventText(12, later + 2 * minute)
  assert.deepEqual(await found(bench, [...known, next, newer], 5), [])
  assert.deepEqual(await found(bench, [...known, next, newer], 6), [`VANISHED ${idOf(77)}`])
})

test('a future date in a lagging export does not make it fresh', async t => {
  const bench = await pollBench(t)
  const ahead = eventText(50, Date.UTC(2031, 0, 1))
  const known = [...someEvents(1, 5), ahead]
  await found(bench, known, 0)
  await found(bench, [...known, ...someEvents(6, 5)], 1)
  for (const n of [2, 3, 4]) assert.deepEqual(await found(bench, known, n), [])
})

test('two contents of one id are told once, in whatever order they come again', async t => {
  const bench = await pollBench(t)
  const [one, other] = [eventText(1, start), eventText(1, start, { message: 'Other' })]
  assert.deepEqual(await found(bench, [one, other], 0), [`CHANGED ${idOf(1)}`])
  assert.deepEqual(await found(bench, [other, one], 1), [])
  assert.deepEqual(await found(bench, [one, other], 2), [])
  assert.deepEqual(await found(bench, [one], 3), [])
  assert.deepEqual(await found(bench, [other], 4), [`CHANGED ${idOf(1)}`])
  assert.deepEqual(await found(bench, [one, other], 5), [])
})

test('two elements of one id with different bytes in one export are told, though only white space differs', async t => {
  const bench = await pollBench(t)
  const one = eventText(1, start)
  assert.deepEqual(await found(bench, [one, `{ ${one.slice(1)}`, one], 0), [`CHANGED ${idOf(1)}`])
  assert.deepEqual(await found(bench, [`{ ${one.slice(1)}`, one], 1), [])
})

test('a pair in a poll that is cut off is told by the next one', async t => {
  const plug = breakingAfter(1)
  const bench = await pollBench(t, { ...smallBatches, wrap: plug.wrap })
  const elements = [...someEvents(1, 9), eventText(1, start + 1_000, { message: 'Other' })]
  await assert.rejects(bench.poll(exportOf(elements)), { code: 'JOURNAL_UNAVAILABLE' })
  plug.mend()
  assert.deepEqual(await found(bench, elements, 1), [`CHANGED ${idOf(1)}`])
  assert.deepEqual(await found(bench, elements, 2), [])
})

test('an event whose element is poison now is still in the window, in each poll', async t => {
  const bench = await pollBench(t)
  const poisoned = eventText(5, start, { createdAt: 'yesterday' })
  await found(bench, someEvents(1, 10), 0)
  const others = [...someEvents(1, 4), ...someEvents(6, 5)]
  for (const n of [1, 2, 3, 4]) assert.deepEqual(await found(bench, [...others, poisoned], n), [])
})

test('the same where the id is not noted in passing: other than ASCII, or under a key with an escape', async t => {
  const bench = await pollBench(t)
  const named = (createdAt: string) => [
    eventText(5, start, { _id: 'é', createdAt }),
    eventText(6, start, { createdAt }).replace('"_id"', '"\\u005fid"'),
  ]
  await found(bench, [...someEvents(1, 4), ...named(new Date(start).toISOString()), ...someEvents(7, 4)], 0)
  const poisoned = [...someEvents(1, 4), ...named('yesterday'), ...someEvents(7, 4)]
  for (const n of [1, 2, 3, 4]) assert.deepEqual(await found(bench, poisoned, n), [])
})

test('a capped export that is older than all that was published names no time that ends before it begins', async t => {
  const bench = await pollBench(t, { exportCap: 10 })
  await found(bench, someEvents(50, 10), 0)
  assert.deepEqual(await found(bench, someEvents(1, 10), 1), ['GAP'])
  const [gap] = await bench.read('findings')
  assert.match(
    gap!.message,
    /holds no event seen before, and ends before what was published: events after \S+ may be lost/,
  )
})

test('contents of which only an older digest is known are digested anew, and none is told', async t => {
  const plug = { outdated: false }
  const bench = await pollBench(t, {
    wrap: journal => ({
      async resume(of, signal) {
        const checkpoint = await journal.resume(of, signal)
        if (!plug.outdated || checkpoint.head === undefined) return checkpoint
        return { ...checkpoint, head: { ...checkpoint.head, digestVersion: 0 } }
      },
      framing: stream => journal.framing(stream),
      commit: batch => journal.commit(batch),
    }),
  })
  const events = someEvents(1, 4)
  await found(bench, events, 0)
  plug.outdated = true
  const edited = (n: number) => eventText(n, start + n * 1000, { message: 'Edited' })
  assert.deepEqual(await found(bench, [edited(1), events[1]!, events[2]!], 1), [])
  plug.outdated = false
  const { head, seen } = await bench.journal.resume(organization, never)
  assert.equal(head?.digestVersion, 1)
  assert.equal(seen.get(idOf(4))?.digest, 0, 'what was absent is not known any more')
  assert.deepEqual(await found(bench, [edited(1), edited(2), events[2]!, edited(4)], 2), [
    `CHANGED ${idOf(2)}`,
  ])
})

test('a finding names 1,000 ids at most, and counts all', async t => {
  const bench = await pollBench(t)
  await bench.poll(exportOf(someEvents(1, 1_502)))
  const kept = [...someEvents(1, 1), ...someEvents(1_502, 1)]
  await bench.poll(exportOf(kept))
  const { findings } = await bench.poll(exportOf(kept))
  assert.deepEqual(
    findings.map(({ kind, count, ids }) => [kind, count, ids.length]),
    [['VANISHED', 1_500, 1_000]],
  )
})
