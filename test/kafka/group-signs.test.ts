import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Consumer } from 'kafkajs'
import { createGroupSigns } from '../../src/kafka/group-signs.ts'

/** As much of a consumer as is watched. */
function watched() {
  const emitter = new EventEmitter()
  const events = { REQUEST: 'request', HEARTBEAT: 'heartbeat', GROUP_JOIN: 'join' }
  const consumer = { events, on: emitter.on.bind(emitter) } as unknown as Consumer
  const signs = createGroupSigns()
  signs.watch(consumer)
  const answered = (apiName: string, duration: number) =>
    void emitter.emit('request', { payload: { apiName, duration } })
  return {
    signs,
    answered,
    heartbeat(duration: number) {
      answered('Heartbeat', duration)
      emitter.emit('heartbeat', { payload: {} })
    },
    join(duration: number) {
      answered('SyncGroup', duration)
      emitter.emit('join', { payload: {} })
    },
  }
}

test('an answer counts from when it was asked for: it may have lain unread in a frozen process', () => {
  const { signs, heartbeat } = watched()
  assert.equal(signs.lastSentAtMs(), Number.NEGATIVE_INFINITY)
  heartbeat(60_000)
  assert.ok(signs.lastSentAtMs() <= performance.now() - 60_000)
  heartbeat(0)
  assert.ok(signs.lastSentAtMs() > performance.now() - 60_000)
})

test('a heartbeat that was refused, or another request, is no sign', () => {
  const { signs, answered, heartbeat } = watched()
  heartbeat(60_000)
  const before = signs.lastSentAtMs()
  answered('Heartbeat', 0)
  answered('Metadata', 0)
  assert.equal(signs.lastSentAtMs(), before)
})

test('whoever waits is woken by a join, a heartbeat or the signal', async () => {
  const { signs, heartbeat, join } = watched()
  const never = new AbortController().signal
  for (const sign of [() => join(0), () => heartbeat(0), () => signs.wake()]) {
    const waiting = signs.next(never)
    sign()
    await waiting
  }
  await signs.next(AbortSignal.abort())
})
