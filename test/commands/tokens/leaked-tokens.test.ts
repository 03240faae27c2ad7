import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { leakedTokens } from '../../../src/commands/tokens/leaked-tokens.ts'

const TOKEN = fc.stringMatching(/^[\x21-\x7e]{1,200}$/)

test('one a line, each once, whatever ends the lines', () => {
  fc.assert(
    fc.property(fc.array(TOKEN), fc.constantFrom('\n', '\r\n', '\r', ' \n\n\t'), (tokens, end) => {
      const text = tokens.map(token => token + end).join('')
      assert.deepEqual(leakedTokens(text), { tokens: [...new Set(tokens)], mistakes: [] })
    }),
  )
})

test('what can be no token is told by its line, and not shown', () => {
  const { tokens, mistakes } = leakedTokens(
    `\uFEFFhf_first\n\nsecret words here\n${'x'.repeat(201)}\nhf_last`,
  )
  assert.deepEqual(tokens, ['hf_first', 'hf_last'])
  assert.equal(mistakes.length, 2)
  assert.match(mistakes[0]!, /^line 3 of standard input \(17 characters\)/)
  assert.match(mistakes[1]!, /^line 4 /)
  assert.ok(mistakes.every(mistake => !mistake.includes('secret')))
})
