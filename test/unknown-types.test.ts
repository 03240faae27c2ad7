import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUnknownTypeWarnings } from '../src/unknown-types.ts'

function recorded() {
  const warnings: [fields: { eventType?: string }, message: string][] = []
  return { warnings, warn: createUnknownTypeWarnings({ warn: (...told) => void warnings.push(told) }) }
}

test('each unknown type is warned of once, by its name', () => {
  const { warnings, warn } = recorded()
  for (const type of ['repo.teleport', 'org.dream', 'repo.teleport', 'repo.teleport']) warn(type)
  assert.deepEqual(
    warnings.map(([{ eventType }]) => eventType),
    ['repo.teleport', 'org.dream'],
  )
  assert.match(warnings[0]![1], /"repo\.teleport" is not in this version's catalogue.*6003/)
})

test('an endless stream of new types is told of 500 times and once more, and fills no memory', () => {
  const { warnings, warn } = recorded()
  for (let n = 0; n < 2_000; n += 1) warn(`type.${n}`)
  for (let n = 0; n < 2_000; n += 1) warn(`type.${n}`)
  assert.equal(warnings.length, 501)
  assert.match(warnings[500]![1], /further ones are not told/)
})

test('a type with line breaks or control characters stays on one line', () => {
  const { warnings, warn } = recorded()
  warn('evil\n{"level":"fatal"}\u001b[2J')
  assert.ok(!/\p{Cc}/u.test(warnings[0]![1]))
})
