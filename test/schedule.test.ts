import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { blockedDelayMs, firstPollDelayMs, nextPollDelayMs } from '../src/schedule.ts'

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('the interval counts from the start of a poll, with a jitter of a tenth, and a wait is never negative', () => {
  fc.assert(
    fc.property(
      random,
      fc.nat(10_000_000),
      fc.integer({ min: -5000, max: 20_000_000 }),
      (dice, startedAtMs, took) => {
        const delay = nextPollDelayMs({
          intervalMs: 300_000,
          startedAtMs,
          nowMs: startedAtMs + took,
          random: dice,
        })
        assert.ok(delay >= 0 && delay <= 330_000)
        if (took <= 0) assert.ok(delay >= 270_000)
      },
    ),
  )
  assert.equal(nextPollDelayMs({ intervalMs: 1000, startedAtMs: 0, nowMs: 400, random: 0.5 }), 600)
  assert.equal(nextPollDelayMs({ intervalMs: 1000, startedAtMs: 0, nowMs: 4000, random: 0.5 }), 0)
})

test('a single organization is polled at once after the start, many are spread over seconds', () => {
  assert.equal(firstPollDelayMs({ organizations: 1, intervalMs: 300_000, random: 0.99 }), 0)
  assert.equal(firstPollDelayMs({ organizations: 41, intervalMs: 300_000, random: 0.5 }), 20_000)
  assert.equal(firstPollDelayMs({ organizations: 41, intervalMs: 1_000, random: 0.5 }), 500)
})

test('a blocked organization waits about its retry time', () => {
  fc.assert(
    fc.property(random, dice => {
      const delay = blockedDelayMs({ blockedRetryMs: 900_000, random: dice })
      assert.ok(delay >= 810_000 && delay <= 990_000)
    }),
  )
})
