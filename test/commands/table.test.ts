import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { facts, table } from '../../src/commands/table.ts'

const plain = new PassThrough() as unknown as NodeJS.WriteStream
const COLUMNS = [
  { heading: 'user', text: (row: { user: string; role: string }) => row.user },
  { heading: 'role', text: (row: { user: string; role: string }) => row.role },
]

test('columns are as wide as their widest cell, and lines have no blank end', () => {
  const rows = [
    { user: 'ada', role: 'admin' },
    { user: 'grace-hopper', role: '' },
  ]
  assert.equal(table(COLUMNS, rows, plain), 'user          role\nada           admin\ngrace-hopper\n')
  assert.equal(table(COLUMNS, [], plain), 'user  role\n')
})

test('a name from elsewhere neither steers the terminal nor adds a line', () => {
  const nasty = 'a\u001b[31m\nb\u202Ec\u2028d'
  for (const [text, lines] of [
    [table(COLUMNS, [{ user: nasty, role: 'read' }], plain), 2],
    [facts([['user', nasty]]), 1],
  ] as const) {
    assert.equal(text.split('\n').length, lines + 1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e\u2028]/)
  }
})

test('facts: what is not known is left out', () => {
  assert.equal(
    facts([
      ['role', 'admin'],
      ['plan', undefined],
      ['account', 'ci'],
    ]),
    'role     admin\naccount  ci\n',
  )
})
