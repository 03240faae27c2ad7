import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../src/errors.ts'
import { createPoller } from '../src/poller.ts'
import { eventText, exportOf, exportOfBody, idOf } from './support/exports.ts'
import {
  assertBooksBalance,
  assertTrail,
  pollBench as bench,
  never,
  organization,
  start,
} from './support/poll-bench.ts'

const day = 24 * 3_600_000

const someEvents = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => eventText(from + index, start + (from + index) * 1000))

test('publishes all of a first export, oldest first, and nothing of an unchanged second one', async t => {
  const { poll, read } = await bench(t)
  const events = someEvents(1, 25)
  const first = await poll(exportOf([...events].reverse()))
  assert.equal(first.ledger.published, 25)
  const second = await poll(exportOf([...events].reverse()))
  assert.equal(second.ledger.published, 0)
  assert.equal(second.ledger.alreadySeen, 25)
  assert.equal(second.ledger.anchor, first.ledger.anchor)
  const records = await read('events')
  assert.deepEqual(
    records.map(record => record.eventID),
    events.map((_, index) => idOf(index + 1)),
  )
  assertTrail(records)
  const ledger = await read('ledger')
  assert.equal(ledger.length, 2)
  for (const entry of ledger) assertBooksBalance(entry)
})

for (const order of ['newest-first', 'oldest-first', 'shuffled'] as const) {
  test(`invariant 3, exact difference: of 10 new events 3 have an old createdAt, ${order}: exactly those 10`, async t => {
    const arranged = (events: readonly string[]): string[] => {
      const sorted = [...events].sort((a, b) => (JSON.parse(a).createdAt < JSON.parse(b).createdAt ? -1 : 1))
      if (order === 'oldest-first') return sorted
      if (order === 'newest-first') return sorted.reverse()
      return sorted.map((_, index) => sorted[(index * 7) % sorted.length]!)
    }
    const { poll, read } = await bench(t)
    const known = someEvents(1, 100)
    await poll(exportOf(arranged(known)))
    const late = [201, 202, 203].map(n => eventText(n, start - n * 1000))
    const fresh = [...someEvents(301, 7), ...late]
    const { ledger } = await poll(exportOf(arranged([...known, ...fresh])))
    assert.equal(ledger.published, 10)
    const records = await read('events')
    assert.equal(records.length, 110)
    assert.deepEqual(
      new Set(records.slice(100).map(record => record.eventID)),
      new Set([201, 202, 203, 301, 302, 303, 304, 305, 306, 307].map(idOf)),
    )
    assertTrail(records)
  })
}

test('invariant 6, order: equal times are ordered by id bytewise', async t => {
  const { poll, read } = await bench(t)
  const ids = ['b', 'a', '\uffff', '\u{1f600}', 'B', 'é', 'aa']
  await poll(exportOf(ids.map(id => eventText(0, start, { _id: id }))))
  const expected = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.deepEqual(
    (await read('events')).map(record => record.eventID),
    expected,
  )
})

test('invariant 5, all or nothing: a body that is broken anywhere publishes nothing, and the next good one all', async t => {
  const { poll, read } = await bench(t)
  const events = someEvents(1, 20)
  const body = Buffer.from(`[${events.join(',')}]`)
  const broken = [
    body.subarray(0, body.length - 1),
    body.subarray(0, body.length / 2),
    Buffer.concat([body, Buffer.from('x')]),
    Buffer.from(body.toString().replace('"message":"Invented event 20"', '"message":oops')),
    Buffer.from(''),
    Buffer.from('{}'),
  ]
  for (const [index, bytes] of broken.entries()) {
    const error = await poll(exportOfBody(bytes)).catch((caught: unknown) => caught)
    assert.ok(error instanceof ConnectorError, `body ${index} was taken`)
    assert.equal(error.code, 'HUB_BODY_BROKEN')
    assert.equal(error.retryable, true)
  }
  assert.equal((await read('events')).length + (await read('ledger')).length, 0)
  assert.equal((await poll(exportOfBody(body))).ledger.published, 20)
})

test('invariant 8, poison stays alone: to the dead letters with its bytes, once; the rest goes on', async t => {
  const { poll, read } = await bench(t)
  const notUtf8 = Buffer.from(eventText(7, start, { message: 'ZZ' }))
  notUtf8.set([0xff, 0xfe], notUtf8.indexOf('ZZ'))
  const poison = [
    '17',
    '"text"',
    'null',
    '[1]',
    '{}',
    eventText(8, start, { _id: 5 }),
    eventText(8, start, { _id: '' }),
    eventText(8, start, { _id: 'x'.repeat(256) }),
    eventText(8, start, { type: 1 }),
    eventText(9, start, { createdAt: 'yesterday' }),
  ]
  const events = someEvents(1, 5)
  const { ledger } = await poll(exportOf([events[0]!, ...poison, ...events.slice(1), '17', notUtf8]))
  assert.equal(ledger.published, 5)
  assert.equal(ledger.deadLettered, poison.length + 1)
  assert.equal(ledger.repeated, 1)
  const letters = await read('dead-letters')
  const expected = [...poison, notUtf8].map(element => Buffer.from(element).toString('hex'))
  assert.deepEqual(new Set(letters.map(letter => letter.bytes.toString('hex'))), new Set(expected))
  assert.ok(letters.every(letter => letter.sha256.equals(createHash('sha256').update(letter.bytes).digest())))
  const again = await poll(exportOf([events[0]!, ...poison, ...events.slice(1), '17', notUtf8]))
  assert.equal(again.ledger.deadLettered, 0)
  assert.equal((await read('dead-letters')).length, letters.length)
  assertBooksBalance(again.ledger)
})

test('invariant 9, the books balance: repeated, filtered and seen are counted apart', async t => {
  const { poll, read } = await bench(t, { accepts: type => type !== 'org.create' })
  const events = someEvents(1, 3)
  const filtered = eventText(50, start, { type: 'org.create' })
  const { ledger } = await poll(exportOf([...events, events[0]!, filtered, filtered]))
  assert.deepEqual([ledger.fetched, ledger.published, ledger.filtered, ledger.repeated], [6, 3, 1, 2])
  const next = await poll(exportOf([...events, filtered]))
  assert.deepEqual([next.ledger.published, next.ledger.alreadySeen, next.ledger.filtered], [0, 4, 0])
  assert.equal((await read('events')).length, 3)
})

test('invariant 1, no loss: a poll that is cut off between two transactions is open, and the next one ends it', async t => {
  let commits = 0
  const { poll, read, journal } = await bench(t, {
    batchLimits: { maxEvents: 10, maxBytes: 1e9, maxRecordBytes: 900_000 },
    wrap: inner => ({
      resume: (of, signal) => inner.resume(of, signal),
      framing: stream => inner.framing(stream),
      async commit(batch) {
        commits += 1
        if (commits === 3)
          throw new ConnectorError('JOURNAL_UNAVAILABLE', 'pulled the plug', { retryable: true })
        await inner.commit(batch)
      },
    }),
  })
  const events = someEvents(1, 45)
  await assert.rejects(poll(exportOf(events)), { code: 'JOURNAL_UNAVAILABLE' })
  const cutOff = await journal.resume(organization, never)
  assert.equal(cutOff.head?.sequence, 20)
  assert.equal(cutOff.head?.openPoll?.oldestUnpublishedCreatedAtMs, start + 21_000)
  const { ledger } = await poll(exportOf(events))
  assert.equal(ledger.published, 25)
  assert.equal(ledger.alreadySeen, 20)
  assert.equal((await journal.resume(organization, never)).head?.openPoll, null)
  const records = await read('events')
  assert.equal(records.length, 45)
  assertTrail(records)
})

test('invariant 4, gaps are told: an export at the cap that holds no id seen before', async t => {
  const { poll, read } = await bench(t, { exportCap: 10 })
  const first = await poll(exportOf(someEvents(1, 10)))
  assert.equal(first.ledger.olderHistoryOutOfReach, true)
  assert.equal(first.findings.length, 0)
  const sliding = await poll(exportOf(someEvents(6, 10)))
  assert.equal(sliding.findings.length, 0)
  const gap = await poll(exportOf(someEvents(100, 10)))
  assert.deepEqual(
    gap.findings.map(finding => finding.kind),
    ['GAP'],
  )
  assert.equal(gap.findings[0]?.newestPublishedAt, start + 15_000)
  assert.equal(gap.findings[0]?.oldestReceivedAt, start + 100_000)
  await poll(exportOf(someEvents(101, 10)))
  assert.equal((await read('findings')).length, 1)
})

test('an event dated ahead proves nothing of how far an export reaches', async t => {
  const { poll } = await bench(t, { exportCap: 10 })
  const ahead = eventText(99, Date.UTC(2030, 0, 1))
  await poll(exportOf([...someEvents(1, 9), ahead]))
  const { findings } = await poll(exportOf([...someEvents(100, 9), ahead]))
  assert.deepEqual(
    findings.map(finding => finding.kind),
    ['GAP'],
  )
})

test('an import raises neither a gap nor vanished events, and publishes what is new', async t => {
  const { poll, importExport, read } = await bench(t, { exportCap: 10 })
  await poll(exportOf(someEvents(1, 10)))
  await poll(exportOf(someEvents(100, 10)))
  const { ledger, findings } = await importExport(exportOf(someEvents(5, 100)))
  assert.equal(ledger.kind, 'IMPORT')
  assert.equal(ledger.published, 89)
  assert.equal(findings.length, 0)
  assertTrail(await read('events'))
})

test('vanished events are told when two complete exports in a row miss them, once', async t => {
  const { poll } = await bench(t)
  const events = someEvents(1, 10)
  await poll(exportOf(events))
  const without = events.filter((_, index) => index !== 4)
  const kinds: string[][] = []
  for (let round = 0; round < 4; round++) {
    const { findings } = await poll(exportOf(without))
    kinds.push(findings.map(finding => `${finding.kind} ${finding.ids}`))
  }
  assert.deepEqual(kinds, [[], [`VANISHED ${idOf(5)}`], [], []])
  const { ledger } = await poll(exportOf(events))
  assert.equal(ledger.published, 0, 'the id of a vanished event stays seen')
})

test('a lagging replica and an empty array raise nothing; the third empty array is believed', async t => {
  const { poll } = await bench(t)
  const minutes = (n: number): number => Date.UTC(2026, 10, 20) + n * 60_000
  const old = someEvents(1, 10)
  await poll(exportOf(old, { receivedAtMs: minutes(0) }))
  const late = eventText(77, start + 1500)
  await poll(exportOf([...old, late], { receivedAtMs: minutes(1) }))
  for (const n of [2, 3, 4]) {
    const { findings } = await poll(exportOf(old, { receivedAtMs: minutes(n) }))
    assert.deepEqual(findings, [])
  }
  const empty = async (n: number) => (await poll(exportOf([], { receivedAtMs: minutes(n) }))).findings
  assert.deepEqual([await empty(5), await empty(6)], [[], []])
  const [believed] = await empty(7)
  assert.equal(believed?.kind, 'VANISHED')
  assert.equal(believed?.count, 11)
  assert.deepEqual(await empty(8), [])
  assert.equal((await poll(exportOf([...old, late]))).ledger.published, 0)
})

test('changed content is told once; what the Hub rewrites, key order and white space are not', async t => {
  const { poll, read } = await bench(t)
  await poll(exportOf(someEvents(1, 3)))
  const author = {
    _id: 'a'.repeat(24),
    user: 'renamed-example',
    avatarUrl: '/new.svg',
    type: 'user',
    deleted: true,
  }
  const rewritten = eventText(1, start + 1000, { author })
  const spaced = JSON.stringify(JSON.parse(eventText(2, start + 2000)), null, 2)
  const changed = eventText(3, start + 3000, { message: 'Something else' })
  const { findings } = await poll(exportOf([rewritten, spaced, changed]))
  assert.deepEqual(
    findings.map(finding => [finding.kind, finding.ids]),
    [['CHANGED', [idOf(3)]]],
  )
  assert.deepEqual((await poll(exportOf([rewritten, spaced, changed]))).findings, [])
  assert.equal((await read('events')).length, 3)
})

test('two elements of one id with different content in one export: the first counts, the pair is told once', async t => {
  const { poll, read } = await bench(t)
  const pair = [eventText(1, start), eventText(1, start, { message: 'Other' })]
  const first = await poll(exportOf(pair))
  assert.deepEqual([first.ledger.published, first.ledger.repeated], [1, 1])
  assert.deepEqual(
    first.findings.map(finding => finding.kind),
    ['CHANGED'],
  )
  assert.deepEqual((await poll(exportOf(pair))).findings, [])
  assert.equal((await read('events'))[0]?.message, 'Invented event 1')
})

test('a changed endpoint publishes nothing', async t => {
  const { poll, journal } = await bench(t)
  await poll(exportOf(someEvents(1, 2)))
  const poller = createPoller(
    { workspaceId: '', sourceTtlDays: 0, exportCap: 10, maxRecordBytes: 900_000 },
    {
      hub: { exportAuditLog: () => assert.fail('asked the Hub'), ownUserId: async () => undefined },
      journal,
      createSpool: () => assert.fail('made a spool'),
      accepts: () => true,
      now: () => 0,
    },
  )
  const moved = { ...organization, endpoint: 'http://127.0.0.1:2' }
  await assert.rejects(poller.poll(moved, never), { code: 'HUB_ENDPOINT_CHANGED' })
})

test('our own exports are tagged as ours', async t => {
  const { poll, read } = await bench(t, { ownUserId: 'a'.repeat(24) })
  await poll(exportOf([eventText(1, start, { type: 'org.audit_log.export' }), eventText(2, start)]))
  assert.deepEqual(
    (await read('events')).map(record => record.tags.self),
    ['true', undefined],
  )
})

test('whatever the order, the window and the late arrivals: each event once, in order, none missing', async () => {
  // A log in which events arrive in some order with any dates; each poll sees a window of it, in any order.
  const step = fc.record({
    arrivals: fc.array(fc.integer({ min: -20, max: 20 }), { maxLength: 8 }),
    rotate: fc.nat({ max: 50 }),
    reverse: fc.boolean(),
    chunkBytes: fc.integer({ min: 20, max: 2000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async steps => {
      const cleanUps: (() => unknown)[] = []
      const { poll, read } = await bench(
        { after: (cleanUp: () => unknown) => cleanUps.push(cleanUp) } as never,
        {
          batchLimits: { maxEvents: 3, maxBytes: 1e9, maxRecordBytes: 900_000 },
        },
      )
      try {
        const log: string[] = []
        for (const { arrivals, rotate, reverse, chunkBytes } of steps) {
          const known = log.length
          for (const days of arrivals) log.push(eventText(log.length + 1, start + days * day))
          const turned = log.map((_, index) => log[(index + rotate) % log.length]!)
          const { ledger } = await poll(exportOf(reverse ? turned.reverse() : turned, { chunkBytes }))
          assert.equal(ledger.published, log.length - known)
          assertBooksBalance(ledger)
        }
        const records = await read('events')
        assertTrail(records)
        assert.deepEqual(
          records.map(record => record.eventID).sort(),
          log.map((_, index) => idOf(index + 1)),
        )
      } finally {
        for (const cleanUp of cleanUps) await cleanUp()
      }
    }),
    { numRuns: 30 },
  )
})
