import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RecordMetadata } from 'kafkajs'
import { checkResults, cutIntoSends, type ExpectedOffsets, recordBytes } from '../../src/kafka/transaction.ts'

const limits = { maxBytes: () => 100_000 }
const messagesOf = (sizes: readonly number[]) =>
  sizes.map(size => ({ key: Buffer.from('k'), value: Buffer.alloc(size), partition: 0 }))

test('every record is sent once, in order, and no batch is larger than the topic takes', () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 150_000 }), { maxLength: 60 })
  fc.assert(
    fc.property(sizes, sizes, (left, right) => {
      const queues = [
        { topic: 'left', messages: messagesOf(left) },
        { topic: 'right', messages: messagesOf(right) },
      ]
      const sends = cutIntoSends(queues, limits)
      assert.deepEqual(
        sends.flatMap(({ topic, messages }) => messages.map(({ value }) => [topic, value?.length])),
        queues.flatMap(({ topic, messages }) => messages.map(({ value }) => [topic, value.length])),
      )
      for (const { messages } of sends) {
        const bytes = messages.reduce((sum, message) => sum + recordBytes(message), 0)
        assert.ok(messages.length > 0)
        assert.ok(messages.length === 1 || bytes <= 100_000, String(bytes))
      }
    }),
  )
})

const queue = { topic: 'events', messages: messagesOf([1, 1, 1]) }
const answer = (changes: Partial<RecordMetadata>): RecordMetadata => ({
  topicName: 'events',
  partition: 4,
  errorCode: 0,
  baseOffset: '10',
  logAppendTime: '-1',
  ...changes,
})
const expectedFrom = (offset: number): ExpectedOffsets => ({
  next: new Map([['events', offset]]),
  exact: new Set(['events']),
})

test('an answer that follows moves the expected offset on', () => {
  const expected = expectedFrom(9)
  checkResults(queue, [answer({})], 4, expected, new Set())
  assert.equal(expected.next.get('events'), 13)
})

test('the answers of a broker that kept nothing are refused', () => {
  const wrong: [string, RecordMetadata[], Set<string>][] = [
    [
      'a repetition with an old offset',
      [answer({ baseOffset: '5', logAppendTime: '1795219200000' })],
      new Set(),
    ],
    ['an old offset', [answer({ baseOffset: '5' })], new Set()],
    ['an append time', [answer({ logAppendTime: '1795219200000' })], new Set()],
    ['a partition that does not exist', [], new Set()],
    ['two answers', [answer({}), answer({ baseOffset: '13' })], new Set()],
    ['another topic', [answer({ topicName: 'ledger' })], new Set()],
    ['another partition', [answer({ partition: 3 })], new Set()],
    ['an error code', [answer({ errorCode: 6 })], new Set()],
    ['a hole within the transaction', [answer({ baseOffset: '11' })], new Set(['events'])],
  ]
  for (const [what, answers, begun] of wrong) {
    assert.throws(
      () => checkResults(queue, answers, 4, expectedFrom(10), begun),
      { code: 'JOURNAL_UNAVAILABLE', retryable: true },
      what,
    )
  }
})
