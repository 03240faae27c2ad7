import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvLine } from '../../src/commands/csv.ts'

/** A reader of RFC 4180, section 2, written from its grammar. */
function readCsv(text: string): string[][] {
  const lines: string[][] = []
  let at = 0
  while (at < text.length) {
    const cells: string[] = []
    for (;;) {
      let cell = ''
      if (text[at] === '"') {
        at += 1
        for (;;) {
          const end = text.indexOf('"', at)
          assert.ok(end >= 0, 'a quote is not closed')
          cell += text.slice(at, end)
          at = end + 1
          if (text[at] !== '"') break
          cell += '"'
          at += 1
        }
      } else {
        const end = text.slice(at).search(/[,\r\n"]/)
        assert.ok(end >= 0, 'the line does not end')
        cell = text.slice(at, at + end)
        at += end
      }
      cells.push(cell)
      if (text[at] !== ',') break
      at += 1
    }
    assert.equal(text.slice(at, at + 2), '\r\n')
    at += 2
    lines.push(cells)
  }
  return lines
}

const cell = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('"', ',', '\r', '\n', '=', '+', '-', '@', '\t', 'a', ' ', "'"), { maxLength: 6 })
    .map(c => c.join('')),
)

test('what is written is read back, with an apostrophe before what a spreadsheet would run', () => {
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 5 }), rows => {
      const expected = rows.map(cells =>
        cells.map(text => (/^([\t\r\n]|[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/u.test(text) ? `'${text}` : text)),
      )
      assert.deepEqual(readCsv(rows.map(csvLine).join('')), expected)
    }),
    { numRuns: 2_000 },
  )
})

test('examples', () => {
  assert.equal(csvLine(['user', 'action']), 'user,action\r\n')
  assert.equal(csvLine(['a"b', 'c,d', 'e\nf', '']), '"a""b","c,d","e\nf",\r\n')
  assert.equal(csvLine(['\u0000=1', ' \u200b@SUM']), `'\u0000=1,' \u200b@SUM\r\n`)
  assert.equal(csvLine(['=HYPERLINK("x")', '-1', '@SUM', 'a=b']), `"'=HYPERLINK(""x"")",'-1,'@SUM,a=b\r\n`)
})
