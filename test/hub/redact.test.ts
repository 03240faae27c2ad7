import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shownText } from '../../src/hub/redact.ts'

const TOKEN = 'hf_exampleexampleexample'

test('a token is never shown', () => {
  assert.equal(shownText(`bad token ${TOKEN}!`, [TOKEN], 100), 'bad token [redacted]!')
  assert.equal(
    shownText(`cut ${TOKEN.slice(0, 9)}`, [TOKEN], 100),
    'cut [redacted]',
    'the end of a text that was cut',
  )
  assert.equal(shownText('other hf_abcdefghijk', [TOKEN], 100), 'other [redacted]')
  assert.equal(shownText('sent Bearer abcdefghijklmnop', [], 100), 'sent Bearer [redacted]')
  assert.equal(
    shownText(`${TOKEN.slice(0, 8)}\u0007${TOKEN.slice(8)}`, [TOKEN], 100),
    '[redacted]',
    'split by a control character',
  )
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.integer({ min: 1, max: 60 }), (before, after, length) => {
      assert.ok(!shownText(before + TOKEN + after, [TOKEN], length).includes(TOKEN.slice(0, 10)))
    }),
  )
})

test('control characters, line breaks and length are tamed', () => {
  assert.equal(shownText('a\u001b[31mb\r\n\tc\u0000d\u202ee\ud800', [], 100), 'a[31mb cde')
  assert.equal(shownText('x'.repeat(50), [], 10), `${'x'.repeat(10)}…`)
})
