import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUnknownTypes } from '../src/unknown-types.ts'

function recorded() {
  const warnings: [fields: { eventType?: string }, message: string][] = []
  return { warnings, types: createUnknownTypes({ warn: (...told) => void warnings.push(told) }) }
}

test('each unknown type is warned of once, by its name, and counted every time', () => {
  const { warnings, types } = recorded()
  for (const type of ['repo.teleport', 'org.dream', 'repo.teleport', 'repo.teleport']) types.note(type)
  assert.deepEqual(
    warnings.map(([{ eventType }]) => eventType),
    ['repo.teleport', 'org.dream'],
  )
  assert.match(warnings[0]![1], /"repo\.teleport" is not in this version's catalogue.*6003/)
  assert.deepEqual(
    [...types.counts()],
    [
      ['repo.teleport', 3],
      ['org.dream', 1],
    ],
  )
})

test('an endless stream of new types is told of 500 times and once more, and fills no memory', () => {
  const { warnings, types } = recorded()
  for (let n = 0; n < 2_000; n += 1) types.note(`type.${n}`)
  for (let n = 0; n < 2_000; n += 1) types.note(`type.${n}`)
  assert.equal(warnings.length, 501)
  assert.match(warnings[500]![1], /further ones are not told/)
  assert.equal(types.counts().size, 500)
  assert.equal(types.counts().get('type.7'), 2)
})

test('a type with line breaks or control characters stays on one line', () => {
  const { warnings, types } = recorded()
  types.note('evil\n{"level":"fatal"}\u001b[2J')
  assert.ok(!/\p{Cc}/u.test(warnings[0]![1]))
})
