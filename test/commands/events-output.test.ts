import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countsText, eventsText, type OutputFormat } from '../../src/commands/events-output.ts'
import { cellsOf, cut } from '../../src/commands/terminal-text.ts'

const file = { columns: undefined }
const terminal = { columns: 80 }

const event = (change: Record<string, unknown> = {}) =>
  Buffer.from(
    JSON.stringify({
      _id: '66b0c1f2a9d3e4f5a6b7c8d9',
      createdAt: '2026-08-17T09:15:42.123Z',
      type: 'repo.create',
      author: { user: 'alice' },
      data: { repo: { type: 'model', name: 'acme/m' } },
      ...change,
    }),
  )

const text = (events: Buffer[], format: OutputFormat, place: { columns: number | undefined } = file) =>
  [...eventsText(() => events, format, place)].join('')

test('a table, and CSV, headed user, action, timestamp, resource', () => {
  const events = [
    event(),
    event({ author: { user: 'bob-example' }, type: 'org.change_role', data: { users: ['carol', 'dave'] } }),
    event({ author: null, data: undefined }),
  ]
  assert.equal(
    text(events, 'table'),
    `USER         ACTION           TIMESTAMP                 RESOURCE
alice        repo.create      2026-08-17T09:15:42.123Z  acme/m
bob-example  org.change_role  2026-08-17T09:15:42.123Z  carol, dave
-            repo.create      2026-08-17T09:15:42.123Z  -
`,
  )
  assert.equal(
    text(events, 'csv'),
    'user,action,timestamp,resource\r\n' +
      'alice,repo.create,2026-08-17T09:15:42.123Z,acme/m\r\n' +
      'bob-example,org.change_role,2026-08-17T09:15:42.123Z,"carol, dave"\r\n' +
      ',repo.create,2026-08-17T09:15:42.123Z,\r\n',
  )
})

test('JSON is what came, in one line: numbers, spaces, escapes and the order of keys; what steers a terminal is an escape', () => {
  const came = '{ "b":9007199254740993,\r\n\t"a" : 1.50e-3,"c":"\\u0030\\n\u2028é" ,"a":-0}'
  assert.equal(
    text([Buffer.from(came)], 'json'),
    `${came.replace('\r\n', '  ').replace('\u2028', '\\u2028')}\n`,
  )
})

test('nothing of an event steers a terminal, in any form, also from a file', () => {
  const nasty = '\u001b[31m\u0007\u009b2J\r\n\t\u202e\u200b\u0085\u007f'
  const events = [event({ author: { user: `a${nasty}` }, type: `t${nasty}`, data: { repo: `r${nasty}` } })]
  const counts = [{ value: `a${nasty}`, count: 1 }]
  const forms = (['table', 'csv', 'json'] as const).flatMap(format =>
    [terminal, file].flatMap(place => [
      [format, text(events, format, place)] as const,
      [format, [...countsText('user', counts, format, place)].join('')] as const,
    ]),
  )
  for (const [format, shown] of forms) {
    const lines = shown.replace(/\r?\n$/, '').split(/\r?\n/)
    assert.equal(lines.length, format === 'json' ? 1 : 2)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    assert.doesNotMatch(lines.join(''), /[\u0000-\u001f\u007f-\u009f\u200b\u202e]/, format)
  }
  const written = text([event({ message: `\u009b\u202e\u{e0001}` })], 'json')
  assert.match(written, /"\\u009b\\u202e\\udb40\\udc01"/)
  assert.equal(JSON.parse(written).message, '\u009b\u202e\u{e0001}')
})

test('lines are cut on a terminal only', () => {
  const events = [event({ data: { repo: `acme/${'x'.repeat(200)}` } })]
  const [, line] = text(events, 'table', terminal).split('\n')
  assert.equal(cellsOf(line!), 80)
  assert.ok(line!.endsWith('…'))
  assert.ok(text(events, 'table').includes('x'.repeat(200)))
})

test('a name of great length does not push the columns of the others away', () => {
  const [, , line] = text([event({ author: { user: 'u'.repeat(100_000) } }), event()], 'table').split('\n')
  assert.ok(line!.length < 150)
})

test('a cut text fits, and is the text itself where that fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (whole, cells) => {
      const result = cut(whole, cells)
      assert.ok(cellsOf(result) <= cells)
      assert.ok(result === whole ? true : result.endsWith('…') && whole.startsWith(result.slice(0, -1)))
      if (cellsOf(whole) <= cells) assert.equal(result, whole)
    }),
  )
})

test('counts in each form', () => {
  const rows = [
    { value: 'alice', count: 12 },
    { value: '=1+1', count: 3 },
    { value: '', count: 1 },
  ]
  const counts = (format: OutputFormat) => [...countsText('user', rows, format, file)].join('')
  assert.equal(counts('table'), 'USER   COUNT\nalice  12\n=1+1   3\n-      1\n')
  assert.equal(counts('csv'), "user,count\r\nalice,12\r\n'=1+1,3\r\n,1\r\n")
  assert.equal(
    counts('json'),
    '{"user":"alice","count":12}\n{"user":"=1+1","count":3}\n{"user":"","count":1}\n',
  )
})
