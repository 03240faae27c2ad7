import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FAULTS, isBrokerFault, type PlannedRound, planRounds } from './plan.ts'

function roundsOf(seed: number, count: number): PlannedRound[] {
  const plan = planRounds({ seed, sessionTimeoutMs: 3_000 })
  return Array.from({ length: count }, () => plan.next().value)
}

test('the same seed gives the same rounds, another one others', () => {
  assert.deepEqual(roundsOf(7, 50), roundsOf(7, 50))
  assert.notDeepEqual(roundsOf(7, 50), roundsOf(8, 50))
})

test('every kind of fault comes soon, and a round hits the brokers at most once', () => {
  fc.assert(
    fc.property(fc.nat(), seed => {
      const rounds = roundsOf(seed, FAULTS.length)
      assert.deepEqual(
        rounds.map(({ number }) => number),
        rounds.map((_, index) => index + 1),
      )
      const faults = rounds.flatMap(round => round.faults)
      assert.deepEqual(new Set(faults.map(({ kind }) => kind)), new Set(FAULTS))
      for (const round of rounds) {
        assert.ok(round.faults.length > 0)
        assert.ok(round.faults.filter(({ kind }) => isBrokerFault(kind)).length <= 1)
      }
    }),
  )
})
