import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runHfAudit } from '../support/child-process.ts'

test('a time-out without --once would limit nothing: it is refused before anything is done', async () => {
  const environment = { HF_ENDPOINT: 'http://127.0.0.1:9', HF_TOKEN: 'hf_x', HF_AUDIT_ORGANIZATIONS: 'acme' }
  const { code, stderr } = await runHfAudit(['run', '--timeout', '2m'], environment)
  assert.equal(code, 2)
  assert.match(stderr, /--timeout says how long .* add --once, or leave --timeout out/)
})
