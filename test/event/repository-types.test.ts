import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { REPOSITORY_TYPES, repositoryTypesOf } from '../../src/event/repository-types.ts'

const types = (data: unknown, type = 'repo.create') => [...repositoryTypesOf(type, data)].sort()

test('a kind is told by a type beside a name, a key, a path, or the scope', () => {
  for (const [data, expected] of [
    [{ repo: { type: 'model', name: 'acme/m' } }, ['model']],
    [{ repo: { type: 'space' } }, ['space']],
    [{ repo: 'acme/d', repoType: 'dataset' }, ['dataset']],
    [{ repo_type: 'bucket', repo_id: 'acme/b' }, ['bucket']],
    [{ type: 'dataset', name: 'acme/d' }, ['dataset']],
    [{ type: 'Space', _id: '66b0c1f2a9d3e4f5a6b7c8d9' }, ['space']],
    [{ repoType: 'model', from: { name: 'acme/m' }, to: { name: 'acme/n' } }, ['model']],
    [{ model: 'acme/m' }, ['model']],
    [{ datasets: ['acme/d', 'acme/e'] }, ['dataset']],
    [{ space: { name: 'acme/s' } }, ['space']],
    [{ repo: 'datasets/acme/d' }, ['dataset']],
    [{ name: 'spaces/acme/s' }, ['space']],
    ['buckets/acme/b', ['bucket']],
    [
      {
        repos: [
          { type: 'models', name: 'acme/m' },
          { type: 'datasets', name: 'acme/d' },
        ],
      },
      ['dataset', 'model'],
    ],
    [[{ repo: { type: 'model', name: 'acme/m' } }], ['model']],
    [{ token: { scoped: [{ entity: { type: 'dataset', name: 'acme/d' } }] } }, ['dataset']],
    // Of these nobody can say what they are.
    [{ repo: 'acme/m' }, []],
    [{ repo: { name: 'acme/m', type: 'kernel' } }, []],
    [{ type: 'model' }, []],
    [{ repo: 'datasets/d' }, []],
    [{ spaces: 3, models: [], bucket: '' }, []],
    [{ note: 'model', message: 'datasets/acme/d' }, []],
    [null, []],
    [undefined, []],
    [42, []],
  ] as const) {
    assert.deepEqual(types(data), expected, JSON.stringify(data))
  }
  assert.deepEqual(types(null, 'spaces.add_secret'), ['space'])
  assert.deepEqual(types({ volume: { dataset: 'acme/d' } }, 'spaces.set_volumes'), ['dataset', 'space'])
  assert.deepEqual(types(undefined, 'bucket.invented'), ['bucket'])
  assert.deepEqual(types(undefined, 'repo.create'), [])
})

test('it takes any data, however deep, and says known kinds only', () => {
  fc.assert(
    fc.property(fc.string(), fc.anything(), (type, data) => {
      for (const kind of repositoryTypesOf(type, data)) assert.ok(REPOSITORY_TYPES.includes(kind))
    }),
  )
  const deep = JSON.parse(`${'{"repo":'.repeat(5_000)}"acme/m"${'}'.repeat(5_000)}`)
  assert.deepEqual(types(deep), [])
  assert.deepEqual(types(Array.from({ length: 100_000 }, () => ({ a: 1 }))), [])
})
