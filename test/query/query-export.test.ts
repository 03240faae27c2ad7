import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../../src/errors.ts'
import type { AuditLogExport } from '../../src/event/export.ts'
import { REPOSITORY_TYPES } from '../../src/event/repository-types.ts'
import { splitJsonArray } from '../../src/hub/json-array.ts'
import { COUNT_KEYS, EventCounts } from '../../src/query/event-counts.ts'
import { createMemorySpool } from '../../src/query/memory-spool.ts'
import { NewestEvents } from '../../src/query/newest-events.ts'
import { queryExport } from '../../src/query/query-export.ts'
import type { QueryOptions } from '../../src/query/query-options.ts'
import { readQuery } from '../../src/query/read-query.ts'
import { arbitraryLog, IPS, type LogElement, TIMES, TYPES, USERS } from './arbitrary-log.ts'

const NOW_MS = Date.parse('2026-08-18T00:00:00Z')

function exportOf(body: Buffer, chunkBytes = 64): AuditLogExport {
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < body.length; at += chunkBytes) yield Buffer.from(body.subarray(at, at + chunkBytes))
  }
  return {
    receivedAtMs: NOW_MS,
    elements: splitJsonArray(chunks()),
    wireBytes: () => body.length,
    bodyBytes: () => body.length,
    expectedWireBytes: undefined,
  }
}

const bodyOf = (log: readonly LogElement[]) => Buffer.from(`[${log.map(({ text }) => text).join(' ,\n')}]`)

/** The same question answered slowly and plainly, over everything at once. */
function naiveAnswer(log: readonly LogElement[], options: QueryOptions): LogElement[] {
  const first = log.filter(
    ({ event }, at) => event !== undefined && !log.slice(0, at).some(before => before.event?.id === event.id),
  )
  const actions = options.action === undefined ? undefined : [options.action].flat()
  const wantedIp = (ip: string) =>
    ip === options.ip ||
    (options.ip === '203.0.113.7' && ip === '203.0.113.0') ||
    (options.ip === '203.0.112.0/23' && ip.startsWith('203.0.113.'))
  const matching = first.filter(({ event }) => {
    const { user, type, ip, createdAt, kinds, word } = event!
    const ms = Math.floor(Date.parse(createdAt))
    const isWanted = (action: string) =>
      new RegExp(`^${action.replaceAll('.', '\\.').replaceAll('*', '.*')}$`).test(type)
    return (
      (options.user === undefined || options.user === user) &&
      (actions === undefined || actions.some(isWanted)) &&
      (options.resourceType === undefined || kinds.includes(options.resourceType)) &&
      (options.start === undefined || ms >= Date.parse(String(options.start))) &&
      (options.end === undefined || ms < Date.parse(String(options.end))) &&
      (options.ip === undefined || (ip !== undefined && wantedIp(ip))) &&
      (options.text === undefined || `saw ${word}`.toLowerCase().includes(options.text.toLowerCase()))
    )
  })
  return matching.sort(
    (a, b) =>
      Math.floor(Date.parse(b.event!.createdAt)) - Math.floor(Date.parse(a.event!.createdAt)) ||
      Buffer.compare(Buffer.from(b.event!.id), Buffer.from(a.event!.id)),
  )
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 })
const arbitraryOptions = fc
  .record({
    user: rarely(fc.constantFrom(...USERS)),
    action: rarely(
      fc.oneof(
        fc.constantFrom('repo.*', '*.*e*', '*', 'member.none', ...TYPES),
        fc.subarray(TYPES, { minLength: 1 }),
      ),
    ),
    resourceType: rarely(fc.constantFrom(...REPOSITORY_TYPES)),
    start: rarely(fc.constantFrom('2026-08-15', '2026-08-15T00:00:00.001Z', '2026-08-16', TIMES[5]!)),
    end: rarely(fc.constantFrom('2026-08-17', '2026-08-17T00:00:00.001Z', '2026-09-01')),
    ip: rarely(fc.constantFrom(...IPS, '203.0.112.0/23')),
    text: rarely(fc.constantFrom('zürich', 'QUOTE"D', 'back\\', 'saw', 'nothing')),
  })
  .filter(({ start, end }) => start === undefined || end === undefined || Date.parse(start) < Date.parse(end))
  .map(
    options =>
      Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as QueryOptions,
  )

test('an answer is what a plain filter, sort and slice over everything gives, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLog,
      arbitraryOptions,
      fc.nat({ max: 12 }),
      fc.oneof(fc.nat({ max: 12 }), fc.constant(Number.POSITIVE_INFINITY)),
      fc.integer({ min: 1, max: 200 }),
      async (log, options, offset, limit, chunkBytes) => {
        const newest = new NewestEvents(offset + limit, createMemorySpool)
        const { query } = readQuery(options, NOW_MS)
        const queried = await queryExport(query, event => newest.add(event), {
          download: async () => exportOf(bodyOf(log), chunkBytes),
        })
        const expected = naiveAnswer(log, options)
        const got = Array.from(newest.page(offset), bytes => bytes.toString())
        assert.deepEqual(
          got,
          expected.slice(offset, offset + limit).map(({ text }) => text),
        )
        assert.equal(queried.matched, expected.length)
        const poisoned = log.filter(({ event }) => event === undefined).length
        assert.equal(queried.poisoned, poisoned)
        assert.equal(queried.fetched, log.length)
        const ids = new Set(log.flatMap(({ event }) => (event === undefined ? [] : [event.id])))
        assert.equal(queried.repeated, log.length - poisoned - ids.size)
      },
    ),
    { numRuns: 300 },
  )
})

test('counts are those of a plain answer', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryLog,
      arbitraryOptions,
      fc.constantFrom(...COUNT_KEYS),
      async (log, options, key) => {
        const counts = new EventCounts(key)
        await queryExport(readQuery(options, NOW_MS).query, event => counts.add(event), {
          download: async () => exportOf(bodyOf(log)),
        })
        const expected: Record<string, number> = {}
        for (const { event } of naiveAnswer(log, options)) {
          const { user, type, createdAt } = event!
          const value = { user, action: type, day: new Date(createdAt).toISOString().slice(0, 10) }[key]
          expected[value] = (expected[value] ?? 0) + 1
        }
        const rows = counts.rows()
        assert.deepEqual(Object.fromEntries(rows.map(({ value, count }) => [value, count])), expected)
        const sorted = rows.toSorted((a, b) =>
          key === 'day'
            ? a.value < b.value
              ? 1
              : -1
            : b.count - a.count || Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)),
        )
        assert.deepEqual(rows, sorted)
      },
    ),
    { numRuns: 200 },
  )
})

test('a condition that the Hub refuses is left away, and the answer is the same', async () => {
  const asked: (string | undefined)[] = []
  const refused: string[] = []
  const body = Buffer.from(
    '[{"_id":"a","type":"x","createdAt":"2026-08-17T00:00:00Z","author":{"user":"alice"}},' +
      '{"_id":"b","type":"x","createdAt":"2026-08-17T00:00:00Z","author":{"user":"bob"}}]',
  )
  for (const status of [400, 422]) {
    const queried = await queryExport({ user: 'alice' }, () => {}, {
      async download(condition) {
        asked.push(condition)
        if (condition !== undefined) throw new ConnectorError('HUB_REFUSED', 'no', { status })
        return exportOf(body)
      },
      onRefused: condition => refused.push(condition),
    })
    assert.deepEqual([queried.matched, queried.fetched, queried.condition], [1, 2, undefined])
  }
  assert.deepEqual(asked, ['author:alice', undefined, 'author:alice', undefined])
  assert.deepEqual(refused, ['author:alice', 'author:alice'])
})

test('any other error of the Hub is not an answer to the condition', async () => {
  const error = new ConnectorError('HUB_FORBIDDEN', 'no', { status: 403 })
  const download = () => Promise.reject(error)
  await assert.rejects(
    queryExport({ user: 'alice' }, () => {}, { download }),
    error,
  )
  const refusal = new ConnectorError('HUB_REFUSED', 'no', { status: 400 })
  await assert.rejects(
    queryExport({}, () => {}, { download: () => Promise.reject(refusal) }),
    refusal,
  )
})

test('a body that breaks off is no answer', async () => {
  const download = async () =>
    exportOf(Buffer.from('[{"_id":"a","type":"x","createdAt":"2026-08-17T00:00:00Z"},'))
  await assert.rejects(
    queryExport({}, () => {}, { download }),
    { code: 'HUB_BODY_BROKEN' },
  )
})

test('bytes that are no UTF-8, and deep nesting, are left out or taken as they are', async () => {
  const head = '{"_id":"b","type":"x","createdAt":"2026-08-17T00:00:00Z","data":'
  const deep = `${head}${'['.repeat(100_000)}"needle"${']'.repeat(100_000)}}`
  const body = Buffer.from(`[{"_id":"a","type":"@","createdAt":"2026-08-17T00:00:00Z"},${deep}]`)
  body[body.indexOf('@')] = 0xff
  const found: string[] = []
  const queried = await queryExport({ text: 'NEEDLE', resourceType: undefined }, ({ id }) => found.push(id), {
    download: async () => exportOf(body, 4_096),
  })
  assert.deepEqual([found, queried.poisoned], [['b'], 1])
  const none = await queryExport({ resourceType: 'model' }, () => {}, {
    download: async () => exportOf(body, 4_096),
  })
  assert.equal(none.matched, 0)
})
