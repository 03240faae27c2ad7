import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEntry } from '../../src/ports.ts'
import { isSelected, parseInstant, rangeWords } from '../../src/replay/range.ts'
import type { ReplayRange, ReplaySelection } from '../../src/replay-ports.ts'
import { eventEntry, finding } from '../otlp/support/entries.ts'

const NOON_MS = Date.UTC(2026, 10, 21, 12)

test('an instant has its zone; a date is its first instant in UTC', () => {
  assert.equal(parseInstant('2026-11-21T12:00:00Z'), NOON_MS)
  assert.equal(parseInstant('2026-11-21T13:00:00+01:00'), NOON_MS)
  assert.equal(parseInstant('2026-11-21T12:00:00.5009Z'), NOON_MS + 500)
  assert.equal(parseInstant('2026-11-21'), Date.UTC(2026, 10, 21))
  assert.equal(parseInstant('1969-07-20'), Date.UTC(1969, 6, 20))
  for (const wrong of [
    '',
    '2026-11-21T12:00:00',
    '2026-02-29',
    '2026-13-01',
    '2026-11',
    'yesterday',
    '1795219200000',
  ])
    assert.equal(parseInstant(wrong), undefined, wrong)
})

const selected = (entry: JournalEntry, range: ReplayRange, more: Partial<ReplaySelection> = {}) =>
  isSelected({ stream: entry.stream, organization: undefined, range, ...more }, entry)

test('times: from inclusive, to exclusive, by the time that was asked for', () => {
  const entry = eventEntry(1, { receivedAt: 2_000, eventTime: 1_000 })
  const received = (fromMs: number | undefined, toMs: number | undefined) =>
    selected(entry, { by: 'received-time', fromMs, toMs })
  assert.ok(received(2_000, 2_001))
  assert.ok(received(undefined, 2_001))
  assert.ok(received(2_000, undefined))
  assert.ok(!received(2_001, undefined))
  assert.ok(!received(undefined, 2_000))
  const created = (fromMs: number, toMs: number) => selected(entry, { by: 'event-time', fromMs, toMs })
  assert.ok(created(1_000, 1_001))
  assert.ok(!created(1_001, 3_000))
  assert.ok(!created(0, 1_000))
})

test('sequences: both ends inclusive', () => {
  const within = (from: number, to: number | undefined) =>
    selected(eventEntry(5), { by: 'sequence', from, to })
  assert.ok(within(5, 5))
  assert.ok(within(1, undefined))
  assert.ok(!within(6, undefined))
  assert.ok(!within(1, 4))
})

test('another stream, another organization, a stream without such a time: not selected', () => {
  const always: ReplayRange = { by: 'received-time', fromMs: undefined, toMs: undefined }
  const found: JournalEntry = { stream: 'findings', organization: 'acme', position: '1', record: finding }
  assert.ok(selected(found, always, { organization: 'acme' }))
  assert.ok(!selected(found, always, { organization: 'other' }))
  assert.ok(!selected(found, always, { stream: 'events' }))
  assert.ok(selected(found, { by: 'received-time', fromMs: finding.foundAt, toMs: finding.foundAt + 1 }))
  assert.ok(!selected(found, { by: 'event-time', fromMs: undefined, toMs: undefined }))
  assert.ok(!selected(found, { by: 'sequence', from: 1, to: undefined }))
})

test('the words of a range are the same however it was written', () => {
  const range = (from: string): ReplayRange => ({
    by: 'received-time',
    fromMs: parseInstant(from),
    toMs: undefined,
  })
  assert.equal(rangeWords(range('2026-11-21')), rangeWords(range('2026-11-21T01:00:00+01:00')))
  assert.equal(rangeWords(range('2026-11-21')), '--from 2026-11-21T00:00:00.000Z --by received-time')
  assert.equal(rangeWords({ by: 'sequence', from: 1, to: 7 }), '--from-sequence 1 --to-sequence 7')
})
