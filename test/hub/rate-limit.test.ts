import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseQuota, RateLimiter } from '../../src/hub/rate-limit.ts'
import { MAX_WAIT_MS } from '../../src/retry.ts'

const NOW = 1_700_000_000_000

test("the Hub's headers", () => {
  const headers = { ratelimit: '"api";r=496;t=246', 'ratelimit-policy': '"fixed window";"api";q=500;w=300' }
  assert.deepEqual(parseQuota(headers, NOW), { remaining: 496, resetMs: 246_000, limit: 500 })
  assert.deepEqual(parseQuota({ ratelimit: '"api";r=0;t=55' }, NOW), {
    remaining: 0,
    resetMs: 55_000,
    limit: undefined,
  })
  assert.deepEqual(
    parseQuota({ ratelimit: ['"a;r=9, b";r=3;t=5'] }, NOW)?.remaining,
    3,
    'a name with separators',
  )
  assert.equal(parseQuota({ ratelimit: ' "api" ; R = 3 ; T = 7 ' }, NOW)?.resetMs, 7000)
})

test('of several quotas the tightest counts', () => {
  const ratelimit = '"minute";r=90;t=30, "hour";r=1;t=1200, "day";r=500;t=3000'
  assert.deepEqual(parseQuota({ ratelimit }, NOW), { remaining: 1, resetMs: 1_200_000, limit: undefined })
})

test('headers of other drafts', () => {
  const quota = { remaining: 4, resetMs: 9000, limit: 50 }
  assert.deepEqual(parseQuota({ ratelimit: 'limit=50, remaining=4, reset=9' }, NOW), quota)
  const older = { 'ratelimit-limit': '50, 50;w=60', 'ratelimit-remaining': '4', 'ratelimit-reset': '9' }
  assert.deepEqual(parseQuota(older, NOW), quota)
  const oldest = {
    'x-ratelimit-limit': '50',
    'x-ratelimit-remaining': '4',
    'x-ratelimit-reset': String(NOW / 1000 + 9),
  }
  assert.deepEqual(parseQuota(oldest, NOW), quota, 'a point in time')
  assert.deepEqual(
    parseQuota({ ...oldest, 'x-ratelimit-reset': String(NOW + 9000) }, NOW),
    quota,
    'in milliseconds',
  )
})

test('what cannot be understood is no quota', () => {
  for (const ratelimit of [
    '',
    'r',
    '"api"',
    '"api";r=;t=',
    '"api";r=x;t=5',
    'r=1',
    't=5',
    'r==1;t=1',
    ';;;,,,',
    'r=1e9;t=0x5',
    'r=NaN;t=NaN',
  ]) {
    assert.equal(parseQuota({ ratelimit }, NOW), undefined, ratelimit)
  }
  assert.equal(parseQuota({}, NOW), undefined)
  assert.deepEqual(parseQuota({ ratelimit: 'r=-3;t=-9' }, NOW), {
    remaining: 0,
    resetMs: 0,
    limit: undefined,
  })
})

test('whatever the headers say, a wait is between nothing and an hour', () => {
  const number = fc.oneof(
    fc.integer().map(String),
    fc.double().map(String),
    fc.constantFrom('', 'x', '-', '999999999999999999'),
  )
  const header = fc.oneof(
    fc.string(),
    fc.tuple(number, number).map(([r, t]) => `"api";r=${r};t=${t}`),
    number,
  )
  const name = fc.constantFrom(
    'ratelimit',
    'ratelimit-policy',
    'ratelimit-remaining',
    'ratelimit-reset',
    'x-ratelimit-reset',
    'ratelimit-limit',
  )
  fc.assert(
    fc.property(fc.dictionary(name, header), fc.nat(1e9), fc.double(), (headers, later, blockMs) => {
      const limiter = new RateLimiter()
      limiter.told('t', parseQuota(headers, NOW), NOW)
      limiter.block('t', blockMs, NOW)
      for (const waitMs of [
        limiter.reserveMs('t', NOW),
        limiter.reserveMs('t', NOW),
        limiter.reserveMs('t', NOW + later),
        limiter.blockedMs('t', NOW),
      ]) {
        assert.ok(waitMs >= 0 && waitMs <= MAX_WAIT_MS, String(waitMs))
      }
      assert.equal(limiter.reserveMs('t', NOW + MAX_WAIT_MS), 0, 'it never hangs at the reset')
    }),
  )
})

test('plenty is not slowed down, little is spread over the window, nothing waits for its end', () => {
  const limiter = new RateLimiter()
  assert.equal(limiter.reserveMs('t', NOW), 0, 'nothing known')
  limiter.told('t', { remaining: 400, resetMs: 60_000, limit: 500 }, NOW)
  assert.equal(limiter.reserveMs('t', NOW), 0)
  assert.equal(limiter.reserveMs('t', NOW), 0)

  limiter.told('t', { remaining: 5, resetMs: 60_000, limit: 500 }, NOW)
  assert.equal(limiter.reserveMs('t', NOW), 10_000)
  assert.equal(limiter.reserveMs('t', NOW), 20_000, 'the next organization queues behind')
  assert.equal(limiter.reserveMs('other', NOW), 0, 'another token is free')
  assert.equal(limiter.reserveMs('t', NOW + 60_000), 0, 'the window is over')

  limiter.told('t', { remaining: 0, resetMs: 30_000, limit: 500 }, NOW + 60_000)
  assert.equal(limiter.reserveMs('t', NOW + 60_000), 30_000)
  assert.equal(limiter.reserveMs('t', NOW + 90_000), 0)
})

test('after a 429 everybody with the token waits', () => {
  const limiter = new RateLimiter()
  limiter.block('t', 5000, NOW)
  limiter.block('t', 1000, NOW)
  assert.equal(limiter.reserveMs('t', NOW + 1000), 4000)
  assert.equal(limiter.blockedMs('t', NOW + 1000), 4000)
  assert.equal(limiter.blockedMs('t', NOW + 5000), 0)
  assert.equal(limiter.blockedMs('other', NOW), 0)
})
