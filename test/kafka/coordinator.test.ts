import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whenCoordinatorReady } from '../../src/kafka/coordinator.ts'

/** What kafkajs makes of the broker's answer. */
const loading = () =>
  Object.assign(new Error('The coordinator is loading'), { type: 'GROUP_LOAD_IN_PROGRESS', code: 14 })

test('a coordinator that has just started is asked until it answers', async () => {
  let asked = 0
  const answer = await whenCoordinatorReady(
    async () => {
      asked += 1
      if (asked < 4) throw loading()
      return 'answer'
    },
    { waitMs: 0 },
  )
  assert.deepEqual([answer, asked], ['answer', 4])
})

test('any other error is told at once, and so is this one once the signal has come', async () => {
  let asked = 0
  const ask = (error: Error) => async () => {
    asked += 1
    throw error
  }
  await assert.rejects(whenCoordinatorReady(ask(new Error('away'))), /away/)
  assert.equal(asked, 1)
  await assert.rejects(whenCoordinatorReady(ask(loading()), { signal: AbortSignal.abort() }), /loading/)
  assert.equal(asked, 2)
})
