import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createFilter } from '../../src/event/filter.ts'

const glob = fc.stringMatching(/^[ab.*]{0,8}$/)
const type = fc.stringMatching(/^[ab.]{0,10}$/)

test('a glob matches what the regular expression of the same meaning matches', () => {
  fc.assert(
    fc.property(glob, type, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 's')
      assert.equal(createFilter({ include: [pattern], exclude: [] })(text), expression.test(text))
    }),
    { numRuns: 2_000 },
  )
})

test('include and exclude', () => {
  const accepted = (include: string[], exclude: string[]) =>
    ['repo.create', 'repo.delete', 'org.settings.sso', 'later.invented'].filter(
      createFilter({ include, exclude }),
    )
  assert.deepEqual(accepted([], []), ['repo.create', 'repo.delete', 'org.settings.sso', 'later.invented'])
  assert.deepEqual(accepted(['*'], ['*']), [])
  assert.deepEqual(accepted(['repo.*'], []), ['repo.create', 'repo.delete'])
  assert.deepEqual(accepted(['repo.*'], ['*.delete']), ['repo.create'])
  assert.deepEqual(accepted([], ['org.settings.*']), ['repo.create', 'repo.delete', 'later.invented'])
  assert.deepEqual(accepted(['org.settings.**', 'repo.create'], []), ['repo.create', 'org.settings.sso'])
  assert.deepEqual(accepted(['org.*'], []), ['org.settings.sso'])
  assert.deepEqual(accepted(['repo'], []), [])
  assert.deepEqual(accepted(['repo.creat.'], []), [])
  assert.deepEqual(accepted(['REPO.*'], []), [])
})

test('many stars do not make it slow', () => {
  const accepts = createFilter({ include: [`${'*a'.repeat(200)}b`], exclude: [] })
  assert.equal(accepts('a'.repeat(100_000)), false)
  assert.equal(accepts(`${'a'.repeat(100_000)}b`), true)
})
