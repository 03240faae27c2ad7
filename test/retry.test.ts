import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_WAIT_MS, parseRetryAfterMs, retryDelayMs, sleep } from '../src/retry.ts'

test('full jitter grows with the attempt up to the cap, and Retry-After is its floor', () => {
  const delay = (attempt: number, random: number, retryAfterMs?: number): number =>
    retryDelayMs({ attempt, baseMs: 100, capMs: 1000, retryAfterMs, random })
  assert.equal(delay(1, 0.5), 50)
  assert.equal(delay(3, 0.5), 200)
  assert.equal(delay(9, 0.5), 500)
  assert.equal(delay(5000, 0.5), 500)
  assert.equal(delay(3, 0), 0)
  assert.equal(delay(1, 0.5, 3000), 3000)
  assert.equal(delay(9, 0.5, 10), 500)
  assert.equal(delay(1, 0, Number.NaN), 0)
})

test('Retry-After as seconds and as a date', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT')
  assert.equal(parseRetryAfterMs('120', now), 120_000)
  assert.equal(parseRetryAfterMs(' 1.5 ', now), 1500)
  assert.equal(parseRetryAfterMs('0', now), 0)
  assert.equal(parseRetryAfterMs('Wed, 21 Oct 2026 07:28:30 GMT', now), 30_000)
  assert.equal(parseRetryAfterMs('Wednesday, 21-Oct-26 07:28:30 GMT', now), 30_000)
  assert.equal(parseRetryAfterMs('Wed, 21 Oct 2026 07:27:00 GMT', now), 0, 'in the past')
  assert.equal(parseRetryAfterMs('99999999999', now), MAX_WAIT_MS)
  assert.equal(parseRetryAfterMs('Wed, 21 Oct 2099 07:28:00 GMT', now), MAX_WAIT_MS)
  for (const header of [undefined, '', '-5', 'soon', '5 minutes', 'Wed', '1e3', 'NaN', '2026-10-21']) {
    assert.equal(parseRetryAfterMs(header, now), undefined, header)
  }
})

test('whatever Retry-After says, the wait is between nothing and an hour', () => {
  const header = fc.oneof(fc.string(), fc.nat().map(String), fc.date().map(String), fc.double().map(String))
  fc.assert(
    fc.property(header, fc.nat(), (text, now) => {
      const waitMs = parseRetryAfterMs(text, now)
      assert.ok(waitMs === undefined || (waitMs >= 0 && waitMs <= MAX_WAIT_MS))
    }),
  )
})

test('a sleep ends at once when the signal is aborted, before or during it', async () => {
  const stopped = { code: 'STOPPED' }
  await assert.rejects(sleep(60_000, AbortSignal.abort()), stopped)
  const stopping = new AbortController()
  const sleeping = sleep(60_000, stopping.signal)
  stopping.abort()
  await assert.rejects(sleeping, stopped)
  await sleep(1, new AbortController().signal)
})

test('a very long sleep does not end at once', async () => {
  const stopping = new AbortController()
  let ended = false
  const sleeping = sleep(2 ** 40, stopping.signal).finally(() => {
    ended = true
  })
  await sleep(20, new AbortController().signal)
  assert.equal(ended, false)
  stopping.abort()
  await assert.rejects(sleeping)
})
