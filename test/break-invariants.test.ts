import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { breaks } from '../scripts/break-invariants/breaks.ts'

test('each deliberate break still finds what it breaks, and the tests that are to notice', () => {
  for (const { name, edits, tests } of breaks) {
    const texts = new Map<string, string>()
    for (const { file, from, to } of edits) {
      const text = texts.get(file) ?? readFileSync(file, 'utf8')
      assert.equal(text.split(from).length - 1, 1, `${name}: the text stands once in ${file}: ${from.trim()}`)
      texts.set(
        file,
        text.replace(from, () => to),
      )
    }
    for (const file of tests) assert.ok(existsSync(file), `${name}: ${file}`)
  }
})
