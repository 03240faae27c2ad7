import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { retryAfterMs } from '../../src/otlp/retry-after.ts'
import { wordsWithout } from '../../src/otlp/words.ts'

test('no secret of four characters or more is left in any words', () => {
  const secret = fc
    .string({ unit: 'grapheme-ascii', minLength: 4, maxLength: 20 })
    .filter(text => /^\S+$/.test(text) && !/^\*+$/.test(text))
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 3 }),
      fc.string(),
      fc.string(),
      (secrets, before, after) => {
        const words = wordsWithout(secrets)(`${before}${secrets.join(after)}${after}`)
        for (const text of secrets)
          assert.ok(!words.replaceAll('***', '').includes(text) || '***'.includes(text), words)
      },
    ),
  )
})

test('a short secret goes where it stands alone', () => {
  assert.equal(wordsWithout(['1'])('tenant 1 (org=1): 413 of 1,001'), 'tenant *** (org=***): 413 of ***,001')
})

test('an empty header value blackens nothing', () => {
  assert.equal(wordsWithout(['', ' '])('as it was'), 'as it was')
})

test('words are one line without control characters, and bounded', () => {
  const words = wordsWithout([])
  assert.equal(words(' a\r\n\t\u0000b\u2028c\u202ed\ufeff '), 'a b c d')
  assert.equal(words('x'.repeat(9_999)).length, 501)
})

const now = Date.UTC(2026, 7, 17, 9, 0, 0)
const headers: [string | undefined, number | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['0', 0],
  [' 120 ', 120_000],
  ['-1', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['99999999999999999999', 86_400_000],
  ['Mon, 17 Aug 2026 09:01:00 GMT', 60_000],
  ['Mon, 17 Aug 2026 08:00:00 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400_000],
]
for (const [header, expected] of headers) {
  test(`Retry-After ${header} is ${expected} ms`, () => assert.equal(retryAfterMs(header, now), expected))
}
