import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offsetRanges } from '../../src/kafka/client.ts'

/** What kafkajs makes of the broker's answer. */
const notLeader = () =>
  Object.assign(new Error('This server is not the leader'), { type: 'NOT_LEADER_FOR_PARTITION' })

test('a partition whose leader does not know of it yet is asked for again, and not for ever', async () => {
  let left = 3
  let asked = 0
  const admin = {
    async fetchTopicOffsets() {
      asked += 1
      if (left-- > 0) throw notLeader()
      return [{ partition: 0, low: '2', high: '7', offset: '7' }]
    },
  }
  assert.deepEqual(await offsetRanges(admin, 'topic', 0), [{ low: 2, high: 7 }])
  assert.equal(asked, 4)
  left = Number.POSITIVE_INFINITY
  await assert.rejects(offsetRanges(admin, 'topic', 0), /not the leader/)
})

test('any other error is told at once', async () => {
  let asked = 0
  const admin = {
    async fetchTopicOffsets() {
      asked += 1
      throw new Error('away')
    },
  }
  await assert.rejects(offsetRanges(admin, 'topic', 0), /away/)
  assert.equal(asked, 1)
})
