import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { breaks } from '../scripts/break-invariants/breaks.ts'
import { goneText } from '../scripts/break-invariants/gone-text.ts'

test('each deliberate break still finds what it breaks, and the tests that are to notice', () => {
  for (const one of breaks) {
    assert.equal(goneText('.', one), undefined, one.name)
    for (const file of one.tests) assert.ok(existsSync(file), `${one.name}: ${file}`)
  }
})
