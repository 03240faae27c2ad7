import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statusAnswer, statusText, storedText } from '../../src/commands/status-output.ts'
import { statusJson } from '../../src/status/json.ts'
import { organization, status } from '../support/statuses.ts'

test('dead letters are told of a running connector and of a journal alone, and none are not', () => {
  const organizations = [
    organization({ organization: 'none', deadLetters: 0 }),
    organization({ organization: 'unknown', deadLetters: undefined }),
    organization({ organization: 'one', deadLetters: 1 }),
    organization({ organization: 'many', deadLetters: 1_234 }),
  ]
  const answer = statusAnswer.parse(statusJson(status({ organizations })))
  const running = statusText(answer, process.stdout).split('\n')
  const told = (name: string) => running.find(line => line.startsWith(`  ${name} `))!
  assert.match(told('one'), /, 1 dead letter,/)
  assert.match(told('many'), /, 1,234 dead letters,/)
  assert.doesNotMatch(told('none') + told('unknown'), /dead letter/)

  const stored = { sequence: 7, lastPollAtMs: undefined, newestEventAtMs: undefined, anchor: '7:ab' }
  const alone = [0, 1].map(deadLetters => ({ ...stored, organization: `with-${deadLetters}`, deadLetters }))
  assert.match(storedText(alone, 0), /with-1 .*, 1 dead letter\n/)
  assert.doesNotMatch(storedText(alone, 0), /with-0 .*dead letter/)
})
