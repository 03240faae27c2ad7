import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressQuery } from '../../src/query/address.ts'

test('a host, a network and an anonymized address find what may be them, and nothing else', () => {
  for (const [query, found, notFound] of [
    [
      '203.0.113.7',
      ['203.0.113.7', '203.0.113.0', '203.0.113.xxx', '203.0.113.*', '203.0.113.7:443', '::ffff:203.0.113.7'],
      ['203.0.113.8', '203.0.114.0', '203.0.113.70', '2001:db8::7', '', 'unknown'],
    ],
    ['203.0.113.0', ['203.0.113.0', '203.0.113.xxx', '203.0.113.0/24'], ['203.0.113.7', '203.0.114.0']],
    [
      '203.0.113.0/24',
      ['203.0.113.0', '203.0.113.1', '203.0.113.255', '203.0.113.x'],
      ['203.0.112.255', '203.0.114.0'],
    ],
    ['203.0.113.128/25', ['203.0.113.128', '203.0.113.200', '203.0.113.0'], ['203.0.113.127', '203.0.113.1']],
    ['203.0.113.xxx', ['203.0.113.xxx', '203.0.113.0', '203.0.113.9'], ['203.0.112.9']],
    ['10.1.2.3', ['10.1.2.3', '10.1.2.0'], ['10.1.2.4']],
    [
      '2001:db8:1::7',
      ['2001:0DB8:1:0:0:0:0:7', '2001:db8:1::', '[2001:db8:1::7]:443'],
      ['2001:db8:1::8', '2001:db8:2::', '203.0.113.7'],
    ],
    ['2001:db8::/32', ['2001:db8::1', '2001:db8:ffff::'], ['2001:db9::1']],
  ] as const) {
    const address = addressQuery(query)
    for (const ip of found) assert.equal(address?.matches(ip), true, `${query} finds ${ip}`)
    for (const ip of notFound) assert.equal(address?.matches(ip), false, `${query} does not find ${ip}`)
  }
})

test('only an address that has been anonymized already says exactly what to look for', () => {
  assert.equal(addressQuery('203.0.113.0')?.isWide, false)
  assert.equal(addressQuery('2001:db8:14e3:504::')?.isWide, false)
  for (const text of ['203.0.113.7', '203.0.113.0/24', '203.0.113.xxx', '2001:db8::7']) {
    assert.equal(addressQuery(text)?.isWide, true, text)
  }
})

test('what is no address is refused', () => {
  for (const text of [
    '',
    'alice',
    '203.0.113.256',
    '203.0.113.0/33',
    '1',
    ':',
    'localhost',
    '2001:db8::/129',
  ]) {
    assert.equal(addressQuery(text), undefined, text)
  }
})
