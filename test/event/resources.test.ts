import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { resourcesOf } from '../../src/event/resources.ts'
import { anyJson } from '../support/json-text.ts'

test('names are found by the key of a kind of thing, in their order, each once', () => {
  const cases: [data: unknown, names: string[]][] = [
    [undefined, []],
    [null, []],
    ['example-org/model', []],
    [['example-org/model'], []],
    [{}, []],
    [{ repo: 'example-org/model' }, ['example-org/model']],
    [{ repo: { name: 'example-org/model', type: 'model', private: true } }, ['example-org/model']],
    [{ repo: { _id: '0a', id: 'example-org/model' } }, ['example-org/model']],
    [{ repo: '' }, []],
    [{ repo: { name: '' } }, []],
    [{ repo: null }, []],
    [{ repo: 7 }, []],
    [{ repo: { name: { first: 'x' } } }, []],
    [{ repo: { name: 7, slug: 'the-slug' } }, ['the-slug']],
    [{ repos: ['a', { name: 'b' }, 'a', null, 3, ['c']] }, ['a', 'b']],
    [{ collection: { slug: 'example-org/c-1', title: 'C' } }, ['example-org/c-1']],
    [{ users: [{ _id: '1', name: 'one' }, { user: 'two' }] }, ['one', 'two']],
    [{ resourceGroup: 'Research', resource_group: { name: 'Platform' } }, ['Research', 'Platform']],
    [{ repo: { name: 'a', resourceGroup: { name: 'b' } } }, ['a', 'b']],
    [{ token: { displayName: 'ci' }, user: 'u' }, ['ci', 'u']],
    [{ token: 'hf_invented', secret: 'hunter2' }, []],
    [{ name: 'OPENWEATHER_KEY', repo: { name: 'a' } }, ['OPENWEATHER_KEY', 'a']],
    [{ names: ['A', 'B'] }, ['A', 'B']],
    [{ inner: { name: 'not this' } }, []],
    [{ from: { name: 'old' }, to: { name: 'new' } }, ['old', 'new']],
    [{ role: { from: 'read', to: 'admin' } }, []],
    [{ job: { id: 'j1', command: ['python'] } }, ['j1']],
    [{ details: { repo: 'deep' } }, ['deep']],
    [{ repo: 'lone \ud800' }, ['lone \ufffd']],
    [JSON.parse('{"__proto__":{"repo":"a"},"repo":"b"}'), ['a', 'b']],
  ]
  for (const [data, names] of cases) assert.deepEqual(resourcesOf('x.y', data), names, JSON.stringify(data))
})

test('a rename names both names', () => {
  assert.deepEqual(resourcesOf('org.rename', { from: 'old', to: 'new' }), ['old', 'new'])
  assert.deepEqual(resourcesOf('repo.update_settings', { from: 'private', to: 'public' }), [])
})

test('any data is tolerated', () => {
  fc.assert(
    fc.property(anyJson, data => {
      const names = resourcesOf('org.rename', data)
      assert.equal(new Set(names).size, names.length)
      assert.ok(names.every(name => typeof name === 'string' && name !== ''))
    }),
  )
})

test('the search is bounded in number, length and depth', () => {
  const many = Array.from({ length: 5_000 }, (_, index) => `repo-${index}`)
  assert.equal(resourcesOf('x', { repos: many }).length, 100)
  assert.equal(
    resourcesOf(
      'x',
      many.map(repo => ({ repo })),
    ).length,
    100,
  )
  assert.deepEqual(resourcesOf('x', { repo: 'a'.repeat(1_025), user: 'b' }), ['b'])
  const deep = JSON.parse(`${'[{"a":'.repeat(100_000)}{"repo":"x"}${'}]'.repeat(100_000)}`)
  assert.deepEqual(resourcesOf('x', { deep, repo: 'found' }), ['found'])
})
