import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideStart, newState } from '../../src/replay/start.ts'
import type { ReplayState, Standing } from '../../src/replay-ports.ts'

const underWay = newState('the words', 1, [{ partition: 0, from: 10, to: 20 }])
const finished: ReplayState = {
  ...underWay,
  spans: underWay.spans.map(span => ({ ...span, next: 20, sent: 7 })),
}

function decide(standing: Partial<Standing>, { request = 'the words', again = false } = {}) {
  return decideStart(
    { name: 'n', request, again },
    { state: undefined, occupied: false, lost: false, ...standing },
  )
}

test('nothing known: begins; where the target holds something it is refused until --again', () => {
  assert.deepEqual(decide({}), { kind: 'begin', run: 1 })
  assert.throws(() => decide({ occupied: true }), { code: 'CONFIG_INVALID', message: /--again/ })
  assert.deepEqual(decide({ occupied: true }, { again: true }), { kind: 'begin', run: 1 })
})

test('under way: goes on, also with --again', () => {
  for (const again of [false, true])
    assert.deepEqual(decide({ state: underWay, occupied: true }, { again }), {
      kind: 'go on',
      state: underWay,
    })
})

test('finished: says so; --again begins the next run', () => {
  assert.deepEqual(decide({ state: finished, occupied: true }), { kind: 'finished', state: finished })
  assert.deepEqual(decide({ state: finished, occupied: true }, { again: true }), { kind: 'begin', run: 2 })
  assert.equal(decide({ state: newState('the words', 1, []) }).kind, 'finished', 'an empty range')
})

test('other arguments under the same name: refused, with both', () => {
  for (const state of [underWay, finished]) {
    for (const again of [false, true]) {
      assert.throws(() => decide({ state, lost: true }, { request: 'other words', again }), {
        code: 'CONFIG_INVALID',
        message:
          /named n (is under way|has finished)[\s\S]*before: the words\n {2}now: {4}other words[\s\S]*another --name/,
      })
    }
  }
})

test('what was sent is gone: begins anew, finished or not', () => {
  for (const state of [underWay, finished])
    assert.deepEqual(decide({ state, lost: true }), { kind: 'begin', run: 2 })
})
