import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { clientNetwork } from '../../src/event/client-network.ts'

const readAs = (ip: string): string | undefined => clientNetwork(ip)?.text

test('each form in which an address may be anonymized is the network that it stands for', () => {
  const forms: Record<string, string> = {
    '203.0.113.7': '203.0.113.7',
    ' 203.0.113.7 ': '203.0.113.7',
    '203.0.113.7:443': '203.0.113.7',
    '203.0.113.0': '203.0.113.0/24',
    '203.0.0.0': '203.0.0.0/16',
    '203.0.113.0/24': '203.0.113.0/24',
    '203.0.113.7/24': '203.0.113.0/24',
    '203.0.113.7/20': '203.0.112.0/20',
    '203.0.113.0/32': '203.0.113.0',
    '203.0.113.xxx': '203.0.113.0/24',
    '203.0.113.X': '203.0.113.0/24',
    '203.0.113.*': '203.0.113.0/24',
    '203.0.113.***': '203.0.113.0/24',
    '203.0.113.': '203.0.113.0/24',
    '203.0.113': '203.0.113.0/24',
    '203.0.*': '203.0.0.0/16',
    '203.0.*.*': '203.0.0.0/16',
    '203.0.11x.xxx': '203.0.0.0/16',
    '::ffff:203.0.113.0': '203.0.113.0/24',
    '::ffff:203.0.113.7': '203.0.113.7',
    '::ffff:203.0.113.7/120': '203.0.113.0/24',
    '2001:db8::1': '2001:db8::1',
    '[2001:db8::1]:443': '2001:db8::1',
    '2001:DB8:0:0:0:0:0:100': '2001:db8::100',
    '2001:db8:1::': '2001:db8:1::/48',
    '2001:db8:1:2::': '2001:db8:1:2::/64',
    '2001:db8:1:200::': '2001:db8:1:200::/56',
    '2001:db8::': '2001:db8::/32',
    '2001:db8:1:2:3:4:5:0': '2001:db8:1:2:3:4:5:0/112',
    '2001:db8:1:2:3:4:5:6/48': '2001:db8:1::/48',
    '2001:db8:1:xxxx:xxxx:xxxx:xxxx:xxxx': '2001:db8:1::/48',
    '2001:db8:1:*': '2001:db8:1::/48',
    '2001:db8:1::xxxx': '2001:db8:1::/48',
    '2001:db8:1:2xxx:xxxx:xxxx:xxxx:xxxx': '2001:db8:1::/48',
  }
  for (const [form, network] of Object.entries(forms)) assert.equal(readAs(form), network, form)
})

test('what no database can know is no network, and neither is what is no address', () => {
  const none = [
    ...['10.1.2.3', '172.16.0.0', '172.31.255.255', '192.168.1.0', '127.0.0.0', '127.0.0.1', '0.0.0.0'],
    ...['169.254.1.1', '100.64.0.0', '224.0.0.1', '255.255.255.255', '::', '::1', 'fe80::1%eth0', 'fc00::'],
    ...['fd12:3456::1', 'ff02::1', '::ffff:10.0.0.0', '10.0.0.xxx', '192.168.*.*', 'fd00::/8', '0.0.0.0/0'],
    ...[
      '',
      ' ',
      'unknown',
      '-',
      '*',
      'x.x.x.x',
      '*.*.*.*',
      'xxxx:xxxx::',
      '::*',
      '203',
      '203.0',
      '203.0.113.0.0',
    ],
    ...['203.0.113.256', '203.0.113.0/33', '203.0.113.0/', '203.0.113.0/-1', '203.x.113.0', '2001:db8::/129'],
    ...['203.0.113.7, 10.0.0.1', '2001:db8:::1', '1.2.3.4.*', 'example.org', '203.0..1', '203.0.113.7/24/24'],
    ...['2001:db8:1', '::ffff:203.0.113.7/24', 'a'.repeat(10_000)],
  ]
  for (const text of none) assert.equal(readAs(text), undefined, text)
})

test('any text is read without an error, and what comes out reads as itself', () => {
  const pieces = fc.constantFrom(...'0123456789abcdefx*.:/[]%- ', '203', '2001', '::', '255')
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(pieces, { maxLength: 24 }).map(parts => parts.join('')),
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4Extended(),
  )
  fc.assert(
    fc.property(texts, text => {
      const network = clientNetwork(text)
      if (network === undefined) return
      const bits = network.bytes.length * 8
      assert.ok(network.prefixLength >= 0 && network.prefixLength <= bits)
      // Nothing is left behind the prefix.
      for (let bit = network.prefixLength; bit < bits; bit += 1) {
        assert.equal(network.bytes[bit >> 3]! & (0x80 >> (bit & 7)), 0)
      }
      const explicit = network.text.includes('/') ? network.text : `${network.text}/${bits}`
      assert.equal(clientNetwork(explicit)?.text, network.text)
    }),
    { numRuns: 2_000 },
  )
})
