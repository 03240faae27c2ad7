import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ToldContents, withTold } from '../../src/event/told-contents.ts'

test('contents before and after a change are remembered, one that is not known is not', () => {
  const once = withTold([], [{ id: 'a', before: 1, now: 2 }])
  assert.deepEqual(once, [['a', [1, 2]]])
  assert.deepEqual(withTold(once, [{ id: 'a', before: 1, now: 3 }]), [['a', [2, 1, 3]]])
  assert.deepEqual(withTold(once, []), once)
  assert.deepEqual(withTold([], [{ id: 'b', before: 0, now: 5 }]), [['b', [5]]])
})

test('what is remembered is bounded, and the latest stays', () => {
  let told: ToldContents = []
  for (let n = 1; n <= 20; n++) told = withTold(told, [{ id: 'busy', before: n, now: n + 1 }])
  assert.deepEqual(told, [['busy', [14, 15, 16, 17, 18, 19, 20, 21]]])
  const many = Array.from({ length: 1_000 }, (_, n) => ({ id: `id-${n}`, before: 1, now: 2 }))
  told = withTold(told, many)
  assert.deepEqual([told.length, told.at(-1)?.[0]], [250, 'id-999'])
  assert.ok(Buffer.byteLength(JSON.stringify(told)) < 20_000)
})
