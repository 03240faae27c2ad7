import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { anchorOf, firstChainHash, nextChainHash } from '../../src/event/chain.ts'
import { type Organization, sourceUri } from '../../src/event/organization.ts'

const organization: Organization = {
  name: 'renamed-org',
  identity: 'example-org',
  endpoint: 'https://hub.example',
}
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest()

test('invariant 7: the chain can be computed again with nothing but SHA-256', () => {
  const source = 'https://hub.example/organizations/example-org'
  assert.equal(sourceUri(organization), source)
  let expected = sha256(source)
  let actual = firstChainHash(sourceUri(organization))
  assert.deepEqual(actual, expected)
  for (const element of ['{"_id":"a"}', '{"_id":"b"}']) {
    expected = sha256(Buffer.concat([expected, sha256(element)]))
    actual = nextChainHash(actual, sha256(element))
    assert.deepEqual(actual, expected)
  }
  // Pinned: published chains must stay verifiable.
  assert.equal(actual.toString('hex'), '6de2c40f8dc2efa50dda40d5a8291b070f156b55d14cbf077d50eb8246806785')
})

test('invariant 7: order and every byte count', () => {
  const first = firstChainHash('https://hub.example/organizations/example-org')
  const chain = (...elements: string[]) =>
    elements.reduce((hash, element) => nextChainHash(hash, sha256(element)), first).toString('hex')
  const all = [chain('a', 'b'), chain('b', 'a'), chain('a'), chain('a', 'b', 'b'), chain('a', 'b ')]
  assert.equal(new Set(all).size, all.length)
})

test('an anchor is the sequence and the hash in hex', () => {
  assert.equal(anchorOf(12, Buffer.alloc(32, 0xab)), `12:${'ab'.repeat(32)}`)
  assert.equal(anchorOf(0, new Uint8Array(32)), `0:${'00'.repeat(32)}`)
})
