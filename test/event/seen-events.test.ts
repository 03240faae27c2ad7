import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isPoisonKey, poisonKey, type SeenEntry, sha256OfPoisonKey } from '../../src/event/checkpoint.ts'
import { SeenEvents } from '../../src/event/seen-events.ts'

type Model = Map<string, SeenEntry>

const anyKey = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map(String),
  fc.constantFrom('', '__proto__', poisonKey(Buffer.alloc(32))),
)
const anyEntry: fc.Arbitrary<SeenEntry> = fc.record(
  {
    key: anyKey,
    crc: fc.integer({ min: 0, max: 0xffff_ffff }),
    digest: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    createdAtMs: fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 }),
    firstSeenSeconds: fc.integer({ min: 0, max: 0xffff_ffff }),
    state: fc.constantFrom('published', 'filtered', 'dead-lettered'),
    missed: fc.integer({ min: 0, max: 2 }),
    pairTold: fc.boolean(),
    absentSinceSeconds: fc.integer({ min: 0, max: 0xffff_ffff }),
  },
  { noNullPrototype: true },
)

class Put implements fc.Command<Model, SeenEvents> {
  readonly #entry: SeenEntry
  constructor(entry: SeenEntry) {
    this.#entry = entry
  }
  check = () => true
  run(model: Model, seen: SeenEvents) {
    const slot = seen.put(this.#entry)
    model.set(this.#entry.key, this.#entry)
    assert.equal(seen.slotOf(this.#entry.key), slot)
    assertSame(model, seen)
  }
  toString = () => `put(${JSON.stringify(this.#entry)})`
}

class Remove implements fc.Command<Model, SeenEvents> {
  readonly #key: string
  constructor(key: string) {
    this.#key = key
  }
  check = () => true
  run(model: Model, seen: SeenEvents) {
    assert.equal(seen.remove(this.#key), model.delete(this.#key))
    assertSame(model, seen)
  }
  toString = () => `remove(${JSON.stringify(this.#key)})`
}

/** Others' slots must stay: callers keep arrays by slot. */
class KeepsSlots implements fc.Command<Model, SeenEvents> {
  readonly #entry: SeenEntry
  constructor(entry: SeenEntry) {
    this.#entry = entry
  }
  check = () => true
  run(model: Model, seen: SeenEvents) {
    const before = new Map([...model.keys()].map(key => [key, seen.slotOf(key)]))
    seen.put(this.#entry)
    model.set(this.#entry.key, this.#entry)
    for (const [key, slot] of before) assert.equal(seen.slotOf(key), slot)
  }
  toString = () => `keepsSlots(${JSON.stringify(this.#entry)})`
}

function assertSame(model: Model, seen: SeenEvents): void {
  assert.equal(seen.size, model.size)
  assert.deepEqual([...seen.entries()], [...model.values()])
  const slots = new Set<number>()
  for (const [key, entry] of model) {
    const slot = seen.slotOf(key)
    slots.add(slot)
    assert.ok(slot >= 0 && slot < seen.slotCount)
    assert.deepEqual(seen.get(key), entry)
    assert.equal(seen.keyAt(slot), key)
    assert.equal(seen.crcAt(slot), entry.crc)
    assert.equal(seen.createdAtMsAt(slot), entry.createdAtMs)
    assert.equal(seen.firstSeenSecondsAt(slot), entry.firstSeenSeconds)
    assert.equal(seen.absentSinceSecondsAt(slot), entry.absentSinceSeconds)
    assert.equal(seen.missedAt(slot), entry.missed)
    assert.equal(seen.stateAt(slot), entry.state)
  }
  assert.equal(slots.size, model.size)
  for (let slot = 0; slot < seen.slotCount; slot++) {
    if (!slots.has(slot)) assert.throws(() => seen.entryAt(slot), RangeError)
  }
}

test('SeenEvents behaves as a map from key to entry', () => {
  const commands = [
    anyEntry.map(entry => new Put(entry)),
    anyKey.map(key => new Remove(key)),
    anyEntry.map(entry => new KeepsSlots(entry)),
  ]
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 60 }), sequence => {
      fc.modelRun(() => ({ model: new Map<string, SeenEntry>(), real: new SeenEvents() }), sequence)
    }),
    { numRuns: 150 },
  )
})

test('thousands of entries grow the columns, and freed slots are used again', () => {
  const seen = new SeenEvents()
  const entry = (index: number): SeenEntry => ({
    key: `id-${index}`,
    crc: index * 31,
    digest: 2 ** 47 + index,
    createdAtMs: -index,
    firstSeenSeconds: index,
    state: index % 2 === 0 ? 'published' : 'filtered',
    missed: index % 3,
    pairTold: index % 5 === 0,
    absentSinceSeconds: index,
  })
  for (let index = 0; index < 5_000; index++) seen.put(entry(index))
  for (let index = 0; index < 5_000; index += 2) seen.remove(`id-${index}`)
  for (let index = 5_000; index < 7_500; index++) seen.put(entry(index))
  assert.equal(seen.size, 5_000)
  assert.equal(seen.slotCount, 5_000)
  for (let index = 0; index < 7_500; index++) {
    assert.deepEqual(seen.get(`id-${index}`), index < 5_000 && index % 2 === 0 ? undefined : entry(index))
  }
})

test('the key of a dead letter holds its SHA-256 and is no id', () => {
  const sha256 = Buffer.from('0123456789abcdef'.repeat(4), 'hex')
  assert.ok(isPoisonKey(poisonKey(sha256)))
  assert.deepEqual(sha256OfPoisonKey(poisonKey(sha256)), sha256)
  assert.ok(!isPoisonKey(sha256.toString('hex')))
  assert.ok(!poisonKey(sha256).isWellFormed())
})
