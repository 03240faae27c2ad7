import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { AuditLog } from '../../src/simulator/audit-log.ts'
import { createGenerator, ORIGIN_MS } from '../../src/simulator/generator.ts'

const generator = createGenerator({ seed: 1, organization: 'example-org', eventBytes: 1 })
const all = { cap: 1_000, order: 'oldest-first', shuffleSeed: 0 } as const

test('a window is the newest events by time and number, whatever was placed where', () => {
  const placed = fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 5 }), at: fc.integer({ min: -20_000, max: 60_000 }) }),
    { maxLength: 15 },
  )
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 40 }),
      placed,
      fc.integer({ min: 1, max: 60 }),
      fc.nat(50),
      (count, places, cap, lag) => {
        const log = new AuditLog(generator, count)
        for (const { after, at } of places) {
          if (after > 0) log.grow(after)
          log.place({ createdAtMs: ORIGIN_MS + at })
        }
        const expected = Array.from({ length: Math.max(0, log.count - lag) }, (_, i) => i + 1)
          .sort((x, y) => log.createdAtMs(x) - log.createdAtMs(y) || x - y)
          .slice(-cap)
        const options = { cap, shuffleSeed: 7, lagEvents: lag }
        assert.deepEqual([...log.window({ ...options, order: 'oldest-first' })], expected)
        assert.deepEqual([...log.window({ ...options, order: 'newest-first' })], expected.toReversed())
        const shuffled = [...log.window({ ...options, order: 'shuffled' })]
        assert.deepEqual(
          shuffled.toSorted((x, y) => x - y),
          expected.toSorted((x, y) => x - y),
        )
      },
    ),
  )
})

test('shuffling is the same for the same seed, and neither of the sorted orders', () => {
  const log = new AuditLog(generator, 100)
  const window = (shuffleSeed: number) => [...log.window({ ...all, order: 'shuffled', shuffleSeed })]
  assert.deepEqual(window(1), window(1))
  assert.notDeepEqual(window(1), window(2))
  assert.notDeepEqual(window(1), [...log.window(all)])
  assert.notDeepEqual(window(1), [...log.window({ ...all, order: 'newest-first' })])
})

test('a query is applied before the cap', () => {
  const log = new AuditLog(generator, 500)
  const author = generator.author(1)
  log.place({ createdAtMs: ORIGIN_MS, type: 'repo.invented', byAuditor: true })
  log.place({ createdAtMs: ORIGIN_MS, raw: Buffer.from('{}') })
  const numbers = Array.from({ length: 500 }, (_, i) => i + 1)
  const mine = numbers.filter(n => generator.author(n) === author)
  assert.ok(mine.length > 5)
  assert.deepEqual(
    [...log.window({ ...all, cap: 5, query: { key: 'author', value: author } })],
    mine.slice(-5),
  )
  assert.deepEqual([...log.window({ ...all, query: { key: 'type', value: 'repo.invented' } })], [501])
  const ip = generator.ip(2)!
  assert.deepEqual(
    [...log.window({ ...all, query: { key: 'ip', value: ip } })].filter(n => n <= 500),
    numbers.filter(n => generator.ip(n) === ip),
  )
})

test('every change gives another version, and shrinking forgets what was placed', () => {
  const log = new AuditLog(generator, 3)
  const versions = [log.version]
  log.grow(1)
  versions.push(log.version)
  log.place({ createdAtMs: ORIGIN_MS - 1, type: 'repo.invented' })
  versions.push(log.version)
  assert.equal(JSON.parse(String(log.element(5))).type, 'repo.invented')
  assert.deepEqual([...log.window(all)], [5, 1, 2, 3, 4])
  log.resize(4)
  log.grow(1)
  versions.push(log.version)
  assert.deepEqual([...log.window(all)], [1, 2, 3, 4, 5])
  assert.equal(String(log.element(5)), generator.json(5))
  assert.equal(new Set(versions).size, versions.length)
})
