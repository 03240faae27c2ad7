import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dryRunText } from '../../../src/commands/hub-change/dry-run.ts'

test('what a dry run shows steers no terminal', () => {
  const name = '\u001b]0;x\u0007\u009b\u202e'
  const request = { method: 'POST', path: '/api/x', body: { name } } as const
  const text = dryRunText([{ request, purpose: `to find ${name}` }], 'http://localhost')
  assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u)
  assert.deepEqual(JSON.parse(text.slice(text.indexOf('{'))), { name })
})
