import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRepo, type Repo } from '../../../src/hub/enterprise/repo-settings.ts'
import {
  setRepoInternalVisibilityRequest,
  setRepoVisibilityRequest,
  type Visibility,
} from '../../../src/hub/enterprise/set-repo-visibility.ts'
import { clientOf } from './calls.ts'
import { startDocumentedHub } from './documented-hub.ts'

test('a repository by its address or by type and name', () => {
  assert.deepEqual(parseRepo('acme/m'), { type: 'model', name: 'acme/m' })
  assert.deepEqual(parseRepo('models/m'), { type: 'model', name: 'models/m' })
  assert.deepEqual(parseRepo('models/acme/m'), { type: 'model', name: 'acme/m' })
  assert.deepEqual(parseRepo('datasets/acme/d'), { type: 'dataset', name: 'acme/d' })
  assert.deepEqual(parseRepo('spaces/acme/s'), { type: 'space', name: 'acme/s' })
  assert.deepEqual(parseRepo('buckets/acme/b'), { type: 'bucket', name: 'acme/b' })
  assert.deepEqual(parseRepo({ type: 'space', name: 'acme/s' }), { type: 'space', name: 'acme/s' })
  for (const wrong of [
    '',
    'm',
    'kernels/acme/k',
    'a/b/c/d',
    'acme/',
    '/m',
    'a b/c',
    { type: 'kernel', name: 'a/b' },
  ])
    assert.throws(() => parseRepo(wrong as string | Repo), { code: 'CONFIG_INVALID' }, JSON.stringify(wrong))
  assert.throws(() => setRepoVisibilityRequest('acme/..', true), { code: 'CONFIG_INVALID' })
})

test('what is sent for each type', () => {
  assert.deepEqual(setRepoVisibilityRequest('acme/m', true), {
    method: 'PUT',
    path: '/api/models/acme/m/settings',
    body: { private: true },
  })
  assert.deepEqual(setRepoInternalVisibilityRequest('spaces/acme/s', 'protected'), {
    method: 'PUT',
    path: '/api/spaces/acme/s/settings',
    body: { visibility: 'protected' },
  })
  const cdnRegions = [{ provider: 'aws', region: 'eu' }] as const
  assert.deepEqual(setRepoInternalVisibilityRequest('buckets/acme/b', 'public', { cdnRegions }), {
    method: 'PUT',
    path: '/api/buckets/acme/b/settings',
    body: { private: false, cdnRegions: [{ provider: 'aws', region: 'eu' }] },
  })
})

test('what the Hub does not have is refused with what it has', async t => {
  const hub = await startDocumentedHub(t)
  const client = clientOf(hub.endpoint)
  const refused: readonly (readonly [Promise<unknown>, RegExp])[] = [
    [
      client.setRepoInternalVisibility('acme/m', 'internal' as Visibility),
      /no visibility "internal".*use private/,
    ],
    [
      client.setRepoInternalVisibility('acme/m', 'secret' as Visibility),
      /allowed are public, private, protected/,
    ],
    [client.setRepoInternalVisibility('acme/m', 'protected'), /Only a Space can be protected/],
    [client.setRepoInternalVisibility('buckets/acme/b', 'protected'), /Only a Space can be protected/],
    [client.setRepoVisibility('buckets/acme/b', true), /together with its CDN regions/],
    [client.setRepoVisibility('acme/m', true, { cdnRegions: [] }), /Only a bucket has CDN regions/],
    [
      client.setRepoInternalVisibility('acme/m', 'public', { cdnRegions: [] }),
      /Only a bucket has CDN regions/,
    ],
    [client.setRepoVisibility('acme/m', 'yes' as unknown as boolean), /neither true nor false/],
  ]
  for (const [call, message] of refused) await assert.rejects(call, { code: 'CONFIG_INVALID', message })
  assert.equal(hub.received.length, 0)
})
