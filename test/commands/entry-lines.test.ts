import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLine, plainLine } from '../../src/commands/entry-lines.ts'
import type { JournalEntry } from '../../src/ports.ts'

const deadLetter: JournalEntry = {
  stream: 'dead-letters',
  organization: 'example',
  position: '1',
  record: {
    organization: 'example',
    endpoint: 'http://127.0.0.1:1',
    receivedAt: Date.UTC(2026, 0, 2),
    destination: 'JOURNAL',
    reason: 'not_an_object',
    detail: 'told \u001b[31mred\nline',
    length: 2,
    sha256: Buffer.alloc(32, 0xab),
    bytes: Buffer.from('17'),
  },
}

test('a JSON line has times in RFC 3339, hashes in hex and other bytes in base64', () => {
  const shown = JSON.parse(jsonLine(deadLetter))
  assert.equal(shown.receivedAt, '2026-01-02T00:00:00.000Z')
  assert.equal(shown.sha256, 'ab'.repeat(32))
  assert.equal(shown.bytes, Buffer.from('17').toString('base64'))
})

test('what the Hub wrote cannot steer the terminal, and a line stays a line', () => {
  const line = plainLine(deadLetter)
  assert.match(
    line,
    /^2026-01-02T00:00:00.000Z example JOURNAL not_an_object 2 bytes: told {2}\[31mred line$/,
  )
})

test('neither do characters that JSON.stringify leaves as they are, and the value is the same', () => {
  const nasty = 'a\u009b31m\u202eb\u2028c\u{e0001}\u007f'
  const entry = { ...deadLetter, record: { ...deadLetter.record, detail: nasty } } as JournalEntry
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  const steering = /[\u0000-\u001f\u007f-\u009f\u202e\u2028\u{e0001}]/u
  assert.doesNotMatch(plainLine(entry), steering)
  assert.doesNotMatch(jsonLine(entry), steering)
  assert.equal(JSON.parse(jsonLine(entry)).detail, nasty)
})

test('a time beyond the four-digit years is shown as the last that RFC 3339 has', () => {
  const far = { ...deadLetter, record: { ...deadLetter.record, receivedAt: 9e15 } } as JournalEntry
  assert.equal(JSON.parse(jsonLine(far)).receivedAt, '9999-12-31T23:59:59.999Z')
})
