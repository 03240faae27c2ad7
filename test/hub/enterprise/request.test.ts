import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTokenRequest } from '../../../src/hub/enterprise/create-token.ts'
import { pathSegment } from '../../../src/hub/enterprise/request.ts'

test('a name that no address can hold is refused in words', () => {
  assert.throws(() => pathSegment('\ud800', 'an id'), { code: 'CONFIG_INVALID', message: /is not an id/ })
})

test('an empty list of repositories never makes a token for the whole organization', () => {
  const { body } = createTokenRequest('acme', 'a'.repeat(24), { name: 'x', repoIds: [] })
  assert.deepEqual(body, { displayName: 'x', repoIds: [] })
})
