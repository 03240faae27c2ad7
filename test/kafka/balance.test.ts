import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { balanceShards } from '../../src/kafka/balance.ts'

const worker = fc.record({
  id: fc.uuid(),
  owned: fc.array(fc.integer({ min: 0, max: 15 })),
  unheardMs: fc.integer({ min: 0, max: 3 }),
})
const workers = fc.uniqueArray(worker, { selector: ({ id }) => id, minLength: 1, maxLength: 6 })

test('every shard has one owner, and nobody has two busy ones more than another', () => {
  fc.assert(
    fc.property(workers, fc.uniqueArray(fc.integer({ min: 0, max: 15 })), (members, busyShards) => {
      const busy = new Set(busyShards)
      const dealt = balanceShards(16, busy, members)
      assert.deepEqual(
        [...dealt.values()].flat().sort((a, b) => a - b),
        Array.from({ length: 16 }, (_, shard) => shard),
      )
      const loads = [...dealt.values()].map(shards => shards.filter(shard => busy.has(shard)).length)
      assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, String(loads))
    }),
  )
})

test('dealing again changes nothing', () => {
  fc.assert(
    fc.property(workers, fc.uniqueArray(fc.integer({ min: 0, max: 15 })), (members, busyShards) => {
      const busy = new Set(busyShards)
      const sorted = (dealt: Map<string, number[]>) =>
        [...dealt].map(([id, shards]) => [id, [...shards].sort()])
      const first = balanceShards(16, busy, members)
      const again = balanceShards(
        16,
        busy,
        members.map(({ id, unheardMs }) => ({ id, unheardMs, owned: first.get(id)! })),
      )
      assert.deepEqual(sorted(again), sorted(first))
    }),
  )
})

test('a worker that comes takes only what is too much elsewhere', () => {
  const busy = new Set([0, 1, 2, 3])
  const dealt = balanceShards(4, busy, [
    { id: 'new', owned: [], unheardMs: 0 },
    { id: 'old', owned: [0, 1, 2, 3], unheardMs: 300 },
  ])
  assert.deepEqual(dealt.get('old'), [0, 1])
  assert.deepEqual(dealt.get('new'), [2, 3])
})

test('a worker that was frozen does not take back what another got meanwhile', () => {
  const busy = new Set([0, 1, 2, 3])
  const owner = { id: 'owner', owned: [0, 1], unheardMs: 20 }
  const other = { id: 'other', owned: [2, 3], unheardMs: 300 }
  const zombie = { id: 'a zombie', owned: [0, 1, 2], unheardMs: 12_000 }
  for (const workers of [
    [zombie, owner, other],
    [owner, zombie, other],
  ]) {
    const dealt = balanceShards(4, busy, workers)
    assert.equal(dealt.get('a zombie')!.length, 1)
    const kept = [...dealt.get('owner')!.filter(shard => shard < 2), ...dealt.get('other')!]
    assert.equal(kept.length, 3, 'only what the third worker is due moves')
  }
})
