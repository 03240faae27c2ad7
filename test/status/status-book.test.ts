import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectorError } from '../../src/errors.ts'
import type { Checkpoint, Head } from '../../src/event/checkpoint.ts'
import type { Finding, LedgerEntry } from '../../src/event/records.ts'
import { SeenEvents } from '../../src/event/seen-events.ts'
import type { Batch } from '../../src/ports.ts'
import { assess } from '../../src/status/assessment.ts'
import { readiness } from '../../src/status/health.ts'
import type { OrganizationStatus } from '../../src/status/model.ts'
import { StatusBook } from '../../src/status/status-book.ts'

const START = Date.parse('2026-03-10T14:00:00Z')
const MINUTE = 60_000
const org = { name: 'example-org', identity: 'example-org', endpoint: 'https://hub.example' }
const labs = { name: 'example-labs', identity: 'example-labs', endpoint: 'https://hub.example' }

function book(organizations = [org], otlpDestination: string | undefined = undefined) {
  let nowMs = START
  const status = new StatusBook(
    {
      organizations,
      hub: 'https://hub.example',
      pollIntervalMs: 5 * MINUTE,
      version: '1.2.3',
      journal: { kind: 'kafka', place: 'kafka.example:9092' },
      otlpDestination,
    },
    () => nowMs,
  )
  return {
    status,
    pass: (ms: number) => {
      nowMs += ms
    },
    one: (index = 0): OrganizationStatus => status.status().organizations[index]!,
    open: (reachable = true) => status.journalOpened(() => ({ reachable, shards: { owned: [0], total: 1 } })),
  }
}

function head(changes: Partial<Head> = {}): Head {
  const totals = {
    polls: 3,
    fetched: 9,
    published: 9,
    alreadySeen: 0,
    filtered: 0,
    deadLettered: 2,
    repeated: 0,
  }
  return {
    formatVersion: 1,
    digestVersion: 1,
    endpoint: org.endpoint,
    sequence: 9,
    chainHash: Buffer.alloc(32),
    newestCreatedAtMs: START - 90 * MINUTE,
    polledAtMs: START - 20 * MINUTE,
    totals,
    openPoll: null,
    emptyExports: 0,
    lastPosition: null,
    ...changes,
  }
}

function checkpoint(stored: Head | undefined, createdAtMs: readonly number[] = [], term = 1): Checkpoint {
  const seen = new SeenEvents()
  for (const [index, at] of createdAtMs.entries()) {
    seen.put({
      key: `event-${index}`,
      crc: 0,
      digest: 0,
      createdAtMs: at,
      firstSeenSeconds: 0,
      state: index === 0 ? 'filtered' : 'published',
      missed: 0,
      pairTold: false,
      absentSinceSeconds: 0,
    })
  }
  return { term, head: stored, seen }
}

function ledger(atMs: number, published: number): LedgerEntry {
  return {
    organization: org.identity,
    endpoint: org.endpoint,
    kind: 'POLL',
    startedAt: atMs - 1_000,
    receivedAt: atMs,
    finishedAt: atMs + 500,
    complete: true,
    fetched: published,
    published,
    alreadySeen: 0,
    filtered: 0,
    deadLettered: 0,
    repeated: 0,
    transactions: 1,
    wireBytes: 1_000,
    bodyBytes: 1_000,
    oldestCreatedAt: null,
    newestCreatedAt: null,
    olderHistoryOutOfReach: false,
    findings: 0,
    sequence: published,
    chainHash: Buffer.alloc(32),
    anchor: '',
  }
}

function finding(kind: Finding['kind'], foundAt: number): Finding {
  const { endpoint, identity: organization } = org
  const times = { newestPublishedAt: null, oldestReceivedAt: null }
  return {
    organization,
    endpoint,
    kind,
    foundAt,
    severity: 'ERROR',
    message: 'words',
    count: 1,
    ids: [],
    sequence: 9,
    ...times,
  }
}

function batch(sequence: number, createdAtMs: readonly number[], type = 'repo.create'): Batch {
  const events = createdAtMs.map(at => ({ createdAtMs: at, type }))
  return { organization: org, head: head({ sequence }), events } as unknown as Batch
}

const forbidden = new ConnectorError('HUB_FORBIDDEN', 'Add the permission.')
const away = new ConnectorError('JOURNAL_UNAVAILABLE', 'Kafka does not answer.', { retryable: true })

test('after a restart the page has what the journal knows, before anything is polled', () => {
  const { status, one, open } = book()
  open()
  status.owned(new Set([org.identity]))
  const hour = START - 3 * 60 * MINUTE
  status.resumed(org, checkpoint(head(), [hour, hour, hour, START - 90 * 24 * 60 * MINUTE]))
  const now = one()
  assert.equal(now.phase, 'starting')
  assert.equal(now.lastPoll?.receivedAtMs, START - 20 * MINUTE)
  assert.equal(now.lagMs, 20 * MINUTE)
  assert.equal(now.newestEventAtMs, START - 90 * MINUTE)
  assert.equal(now.sequence, 9)
  assert.equal(now.deadLetters, 2)
  // The filtered one and the old one are not among them.
  assert.equal(
    now.eventsPerHour.reduce((sum, count) => sum + count, 0),
    2,
  )
  assert.equal(assess(status.status()).level, 'busy')
})

test('the first poll of an organization is a backfill with progress and remaining time', () => {
  const { status, one, open, pass } = book()
  open()
  status.owned(new Set([org.identity]))
  status.resumed(org, checkpoint(undefined))
  status.progressed({ organization: org, phase: 'downloading', done: 100, total: undefined })
  assert.deepEqual(one().progress, {
    step: 'downloading',
    done: 100,
    total: undefined,
    remainingMs: undefined,
  })
  status.progressed({ organization: org, phase: 'publishing', done: 0, total: 400 })
  pass(10_000)
  status.progressed({ organization: org, phase: 'publishing', done: 100, total: 400 })
  assert.equal(one().phase, 'backfill')
  assert.equal(status.isBackfilling(org), true)
  assert.deepEqual(one().progress, { step: 'publishing', done: 100, total: 400, remainingMs: 30_000 })

  status.committed(batch(400, [START]))
  status.polled(org, { ledger: ledger(START, 400), findings: [] })
  assert.equal(one().phase, 'current')
  assert.equal(one().progress, undefined)
  assert.equal(one().eventsPerHour.at(-1), 1)
  status.resumed(org, checkpoint(head({ sequence: 400 })))
  assert.equal(status.isBackfilling(org), false)
  assert.equal(one().phase, 'polling')
})

test('a quiet organization does not lag', () => {
  const { status, one, pass, open } = book()
  open()
  status.owned(new Set([org.identity]))
  for (let poll = 0; poll < 20; poll++) {
    status.resumed(org, checkpoint(head({ polledAtMs: START + (poll - 1) * 5 * MINUTE })))
    status.polled(org, { ledger: ledger(START + poll * 5 * MINUTE, 0), findings: [] })
    status.waiting(org, 5 * MINUTE)
    assert.equal(one().lagMs, 0)
    assert.equal(one().phase, 'quiet')
    pass(5 * MINUTE)
  }
  // A month at that interval and size.
  assert.equal(one().wireBytesPerMonth, (30 * 24 * 60 * 1_000) / 5)
})

test('a blocked organization stays blocked while it is tried again, lags, and is well after a poll', () => {
  const { status, one, pass, open } = book([org, labs])
  open()
  status.owned(new Set([org.identity, labs.identity]))
  status.failed(org, forbidden, 15 * MINUTE)
  assert.equal(one().nextPollAtMs, START + 15 * MINUTE)
  pass(15 * MINUTE)
  status.resumed(org, checkpoint(undefined))
  assert.equal(one().phase, 'blocked')
  assert.equal(one().lagMs, 15 * MINUTE)
  status.failed(org, forbidden, 15 * MINUTE)
  assert.deepEqual(one().problem, {
    code: 'HUB_FORBIDDEN',
    message: 'Add the permission.',
    sinceMs: START,
    attempts: 2,
  })
  assert.deepEqual(readiness(status.status()), { ready: true, reason: '2 organizations, 1 of them blocked' })
  const { level, headline, notices } = assess(status.status())
  assert.deepEqual(
    [level, headline, notices[0]?.message],
    ['trouble', 'example-org is blocked', 'Add the permission.'],
  )

  status.failed(labs, forbidden, undefined)
  assert.equal(readiness(status.status()).ready, false)
  status.polled(org, { ledger: ledger(START, 1), findings: [] })
  assert.equal(one().phase, 'current')
  assert.equal(readiness(status.status()).ready, true)
})

test('a journal that cannot be reached is told once for all, and not ready; it passes with the trouble', () => {
  const { status, open } = book([org, labs])
  status.openingFailed('the schema registry at http://registry.example answered', 'REGISTRY_UNAVAILABLE')
  assert.equal(assess(status.status()).headline, 'The schema registry cannot be reached')
  status.openingFailed('connecting to Kafka: ECONNREFUSED', 'JOURNAL_UNAVAILABLE')
  assert.equal(readiness(status.status()).ready, false)
  assert.equal(assess(status.status()).headline, 'Kafka cannot be reached')
  open()
  assert.equal(readiness(status.status()).ready, true)

  status.owned(new Set([org.identity, labs.identity]))
  status.failed(org, away, 1_000)
  status.failed(labs, away, 1_000)
  assert.equal(status.status().journal.state, 'unreachable')
  assert.equal(readiness(status.status()).ready, false)
  assert.equal(assess(status.status()).notices.length, 1)
  status.polled(org, { ledger: ledger(START, 1), findings: [] })
  status.polled(labs, { ledger: ledger(START, 1), findings: [] })
  assert.equal(status.status().journal.state, 'reachable')

  // A worker from whom everything was taken in the middle of an outage does not stay unready for good.
  status.failed(org, away, 1_000)
  status.owned(new Set())
  assert.equal(status.status().journal.state, 'reachable')
})

test('a group that does not answer shows before any poll fails', () => {
  const { status } = book()
  let reachable = true
  status.journalOpened(() => ({ reachable, shards: { owned: [], total: 1 } }))
  assert.deepEqual(readiness(status.status()), {
    ready: true,
    reason: 'standby: no organization is assigned to this worker',
  })
  reachable = false
  const { journal } = status.status()
  assert.deepEqual([journal.state, journal.sinceMs], ['unreachable', START])
  assert.equal(readiness(status.status()).ready, false)
})

test('what another worker polls has no lag here, and its old trouble is forgotten', () => {
  const { status, one, open } = book()
  open()
  status.owned(new Set([org.identity]))
  status.failed(org, forbidden, 1_000)
  status.owned(new Set())
  assert.deepEqual([one().phase, one().lagMs, one().problem], ['elsewhere', undefined, undefined])
  assert.equal(assess(status.status()).headline, 'Standing by: other workers poll all organizations')
})

test('findings of earlier processes are shown, each once, and leave the front after a week', () => {
  const { status, one, open, pass } = book()
  open()
  status.owned(new Set([org.identity]))
  assert.equal(one().findings.isComplete, false)
  const gap = finding('GAP', START - MINUTE)
  status.polled(org, { ledger: ledger(START, 1), findings: [gap] })
  status.found(gap)
  status.found(finding('VANISHED', START - 30 * 24 * 60 * MINUTE))
  status.findingsRead([org.identity])
  assert.deepEqual(one().findings.counts, { GAP: 1, VANISHED: 1 })
  assert.equal(one().findings.isComplete, true)
  assert.equal(one().findings.latest[0]?.kind, 'GAP')
  assert.deepEqual(assess(status.status()).headline, 'example-org has a gap')
  assert.equal(assess(status.status()).level, 'trouble')
  pass(2 * 24 * 60 * MINUTE)
  assert.equal(assess(status.status()).level, 'attention')
  pass(6 * 24 * 60 * MINUTE)
  assert.equal(assess(status.status()).notices.length, 0)
})

test('ten thousand findings take the memory of five hundred, and are all counted', () => {
  const { status, one, open } = book()
  open()
  status.owned(new Set([org.identity]))
  for (let index = 0; index < 10_000; index++) status.found(finding('CHANGED', START + index))
  const { counts, latest } = one().findings
  assert.deepEqual([counts.CHANGED, latest.length, latest[0]?.foundAtMs], [10_000, 10, START + 9_999])
})

test('a loss that the forwarder tells once more counts once', () => {
  const { status, one, open } = book()
  open()
  status.owned(new Set([org.identity]))
  const loss = { ...finding('UNFORWARDED', START), message: 'from 3 to 9' }
  for (const foundAt of [START, START + 1]) status.found({ ...loss, foundAt })
  status.found({ ...loss, message: 'from 9 to 20' })
  assert.deepEqual(one().findings.counts, { UNFORWARDED: 2 })
})

test('events of unknown types are counted when they are stored, and go on being counted when it comes back', () => {
  const { status, one, open } = book()
  open()
  status.owned(new Set([org.identity]))
  status.committed(batch(3, [START, START, START]))
  assert.deepEqual(one().unknownTypes, [])
  status.committed(batch(5, [START, START], 'repo.teleport'))
  status.owned(new Set())
  status.owned(new Set([org.identity]))
  status.committed(batch(6, [START], 'repo.teleport'))
  assert.deepEqual(one().unknownTypes, [{ type: 'repo.teleport', events: 3 }])
  // Nobody must act: its events are published like all others.
  assert.deepEqual(assess(status.status()).notices, [])
})

test('the collector: away, refusing, back', () => {
  const { status, pass } = book([], 'http://collector.example/v1/logs')
  const state = {
    delivered: 5,
    rejected: 0,
    deadLettered: 0,
    backlog: 7,
    stalled: undefined,
    lastError: undefined,
  }
  assert.equal(status.status().forwarder?.state, 'unknown')
  status.forwarderAt({ ...state, blocked: undefined, unavailable: 'ECONNREFUSED' })
  pass(MINUTE)
  status.forwarderAt({ ...state, blocked: '401: who are you', unavailable: undefined })
  const { forwarder } = status.status()
  assert.deepEqual(
    [forwarder?.state, forwarder?.sinceMs, forwarder?.message],
    ['blocked', START, '401: who are you'],
  )
  status.forwarderAt({ ...state, blocked: undefined, unavailable: undefined })
  assert.deepEqual(
    [status.status().forwarder?.state, status.status().forwarder?.sinceMs],
    ['flowing', undefined],
  )
})

test('a journal that gives nothing to forward is not the collector’s fault, nor all well', () => {
  const { status, open } = book([], 'http://collector.example/v1/logs')
  open()
  status.forwarderAt({
    delivered: 5,
    rejected: 0,
    deadLettered: 0,
    backlog: 7,
    blocked: undefined,
    unavailable: undefined,
    stalled: 'the value at events[0]@7 cannot be read',
    lastError: undefined,
  })
  assert.deepEqual([status.status().forwarder?.state, status.status().forwarder?.sinceMs], ['stalled', START])
  const { notices } = assess(status.status())
  assert.deepEqual(
    notices.map(({ level, title }) => [level, title]),
    [['attention', 'Nothing can be read for OTLP']],
  )
  assert.match(notices[0]!.message, /events\[0\]@7 cannot be read.* 7 records wait in the journal/)
})

test('a spool that cannot be written is the trouble of its organization, not of the journal', () => {
  const { status, open, one } = book([org])
  open()
  status.owned(new Set([org.identity]))
  status.failed(
    org,
    new ConnectorError('SPOOL_UNAVAILABLE', 'Cannot write the spool file.', { retryable: true }),
    1_000,
  )
  assert.equal(status.status().journal.state, 'reachable')
  assert.equal(one().phase, 'failing')
  assert.match(assess(status.status()).headline, /could not be polled/)
})

test('organizations that come and go while it runs', () => {
  const organizations = [org]
  const { status } = book(organizations)
  status.owned(new Set([org.identity, labs.identity]))
  organizations.push(labs)
  status.owned(new Set([org.identity, labs.identity]))
  assert.deepEqual(
    status.status().organizations.map(({ phase }) => phase),
    ['starting', 'starting'],
  )
  organizations.shift()
  assert.deepEqual(
    status.status().organizations.map(one => one.organization),
    [labs.identity],
  )
})
