import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInstant } from '../../src/query/instant.ts'

const NOW_MS = Date.parse('2026-08-17T12:00:00.000Z')
const at = (text: string): string | undefined => {
  const ms = parseInstant(text, NOW_MS)
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

test('dates, times and times ago are the instant that they say', () => {
  for (const [text, expected] of [
    ['2026-08-17', '2026-08-17T00:00:00.000Z'],
    ['20260817', '2026-08-17T00:00:00.000Z'],
    [' 2026-08-17 ', '2026-08-17T00:00:00.000Z'],
    ['2024-02-29', '2024-02-29T00:00:00.000Z'],
    ['2026-08-17T09:30', '2026-08-17T09:30:00.000Z'],
    ['2026-08-17 09:30:15', '2026-08-17T09:30:15.000Z'],
    ['2026-08-17T09:30:15.1239Z', '2026-08-17T09:30:15.123Z'],
    ['2026-08-17T09:30:15,5z', '2026-08-17T09:30:15.500Z'],
    ['2026-08-17T09:30:00+02:00', '2026-08-17T07:30:00.000Z'],
    ['2026-08-17T09:30-0530', '2026-08-17T15:00:00.000Z'],
    ['2026-08-17T23+02', '2026-08-17T21:00:00.000Z'],
    ['20260817T093000Z', '2026-08-17T09:30:00.000Z'],
    ['-7d', '2026-08-10T12:00:00.000Z'],
    ['-24h', '2026-08-16T12:00:00.000Z'],
    ['-90m', '2026-08-17T10:30:00.000Z'],
    ['-30s', '2026-08-17T11:59:30.000Z'],
    ['-2w', '2026-08-03T12:00:00.000Z'],
    ['-0d', '2026-08-17T12:00:00.000Z'],
  ] as const) {
    assert.equal(at(text), expected, text)
  }
})

test('anything else is refused', () => {
  for (const text of [
    '',
    '-',
    'yesterday',
    '7d',
    '+7d',
    '-7',
    '-7 d',
    '-1.5h',
    '-7y',
    '2026',
    '2026-08',
    '2026-8-7',
    '2026-02-29',
    '2026-13-01',
    '2026-0817',
    '17.08.2026',
    '08/17/2026',
    '1786968000',
    '2026-08-17T25:00',
    '2026-08-17T09:60',
    '2026-08-17T',
    '2026-08-17T09:30+2',
    '2026-08-17T09:30 Z',
    '2026-08-17Z',
    '2026-W34-1',
  ]) {
    assert.equal(parseInstant(text, NOW_MS), undefined, text)
  }
})

test('every instant is read back from what Date writes, with any offset', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0001-01-02'), max: new Date('9999-12-30'), noInvalidDate: true }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (date, offsetMinutes) => {
        const local = new Date(date.getTime() + offsetMinutes * 60_000).toISOString().slice(0, -1)
        const [hours, minutes] = [Math.floor(Math.abs(offsetMinutes) / 60), Math.abs(offsetMinutes) % 60]
        const two = (number: number) => String(number).padStart(2, '0')
        const text = `${local}${offsetMinutes < 0 ? '-' : '+'}${two(hours)}:${two(minutes)}`
        assert.equal(parseInstant(text, NOW_MS), date.getTime(), text)
      },
    ),
  )
})
