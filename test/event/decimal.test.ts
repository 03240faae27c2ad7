import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { canonicalDecimal } from '../../src/event/decimal.ts'

test('two numbers have one text exactly when they are one decimal value', () => {
  const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?$/)
  const number = fc
    .tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('', 'e0', 'E+3', 'e-12'))
    .map(parts => parts.join(''))
  /** The value times 10^40, exactly. */
  const scaled = (text: string) => {
    const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e')
    const [whole = '', fraction = ''] = mantissa.split('.')
    return (
      BigInt(whole + fraction) *
      10n ** BigInt(40 - fraction.length + Number(exponent)) *
      (whole === '-0' ? -1n : 1n)
    )
  }
  fc.assert(
    fc.property(number, number, (one, other) => {
      assert.equal(canonicalDecimal(one) === canonicalDecimal(other), scaled(one) === scaled(other))
    }),
  )
})

test('zeros are stripped at both ends, in one pass', () => {
  assert.equal(canonicalDecimal('0.00'), '0')
  assert.equal(canonicalDecimal('-0'), '0')
  assert.equal(canonicalDecimal('-12.500'), '-125e-1')
  assert.equal(canonicalDecimal('1e400'), '1e400')
  assert.equal(canonicalDecimal('10e399'), '1e400')
  assert.equal(canonicalDecimal(`1${'0'.repeat(300_000)}1`), `1${'0'.repeat(300_000)}1e0`)
  assert.equal(canonicalDecimal(`1e${'9'.repeat(30)}`), `1e${'9'.repeat(30)}`)
})
