import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRfc3339, rfc3339Text } from '../../src/event/rfc3339.ts'

test('what Date writes is read back, in every year of four digits', () => {
  const earliest = Date.parse('0000-01-01T00:00:00.000Z')
  const latest = Date.parse('9999-12-31T23:59:59.999Z')
  fc.assert(
    fc.property(fc.integer({ min: earliest, max: latest }), atMs => {
      assert.equal(parseRfc3339(new Date(atMs).toISOString()), atMs)
    }),
    { numRuns: 500 },
  )
  assert.equal(parseRfc3339('0000-01-01T00:00:00Z'), earliest)
  assert.equal(parseRfc3339('0099-12-31T23:59:59.999Z'), Date.parse('0099-12-31T23:59:59.999Z'))
})

test('the same instant in another offset is the same time', () => {
  fc.assert(
    fc.property(
      fc.date({
        min: new Date('0001-01-02T00:00:00Z'),
        max: new Date('9999-12-30T00:00:00Z'),
        noInvalidDate: true,
      }),
      fc.integer({ min: -(23 * 60 + 59), max: 23 * 60 + 59 }),
      (date, offset) => {
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1)
        const two = (n: number) => String(Math.trunc(n)).padStart(2, '0')
        const suffix = `${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`
        assert.equal(parseRfc3339(local + suffix), date.getTime(), local + suffix)
      },
    ),
  )
})

test('a fraction of any length is cut to the millisecond in which the instant lies', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9]{1,30}$/),
      fc.constantFrom('2026-08-17', '1969-12-31', '0001-02-03'),
      (fraction, date) => {
        const second = Date.parse(`${date}T09:15:42Z`)
        assert.equal(
          parseRfc3339(`${date}T09:15:42.${fraction}Z`),
          second + Number(fraction.padEnd(3, '0').slice(0, 3)),
        )
      },
    ),
  )
  assert.equal(parseRfc3339('1969-12-31T23:59:59.9999999Z'), -1)
  assert.equal(parseRfc3339('2026-08-17T09:15:42.9999Z'), Date.parse('2026-08-17T09:15:42.999Z'))
})

test('what the grammar allows is read', () => {
  const cases: [text: string, same: string][] = [
    ['2026-08-17T09:15:42Z', '2026-08-17T09:15:42.000Z'],
    ['2026-08-17t09:15:42z', '2026-08-17T09:15:42.000Z'],
    ['2026-08-17 09:15:42Z', '2026-08-17T09:15:42.000Z'],
    ['2026-08-17T09:15:42.1+02:00', '2026-08-17T07:15:42.100Z'],
    ['2026-08-17T09:15:42-00:00', '2026-08-17T09:15:42.000Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    // A leap second is the second after it.
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2016-12-31T23:59:60.5Z', '2017-01-01T00:00:00.500Z'],
    ['1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00.000Z'],
  ]
  for (const [text, same] of cases) assert.equal(parseRfc3339(text), Date.parse(same), text)
})

test('what the grammar does not allow is no time', () => {
  const cases = [
    '',
    'yesterday',
    '1755422142123',
    '2026-08-17',
    '2026-08-17T09:15Z',
    '2026-08-17T09:15:42',
    '2026-08-17T09:15:42.Z',
    '2026-08-17T09:15:42,5Z',
    '2026-08-17T9:15:42Z',
    '2026-8-17T09:15:42Z',
    '26-08-17T09:15:42Z',
    '+002026-08-17T09:15:42Z',
    '12026-08-17T09:15:42Z',
    '2026-00-17T09:15:42Z',
    '2026-13-17T09:15:42Z',
    '2026-08-00T09:15:42Z',
    '2026-08-32T09:15:42Z',
    '2026-04-31T09:15:42Z',
    '2026-02-29T09:15:42Z',
    '1900-02-29T09:15:42Z',
    '2026-08-17T24:00:00Z',
    '2026-08-17T09:60:42Z',
    '2026-08-17T09:15:61Z',
    '2026-08-17T09:15:60Z',
    '2026-08-17T23:59:60Z',
    '2016-12-31T23:59:60+01:00',
    '2026-08-17T09:15:42+2:00',
    '2026-08-17T09:15:42+0200',
    '2026-08-17T09:15:42+02',
    '2026-08-17T09:15:42+24:00',
    '2026-08-17T09:15:42+02:60',
    '2026-08-17T09:15:42Z ',
    ' 2026-08-17T09:15:42Z',
    '2026-08-17T09:15:42Z\n',
    '2026-08-17T09:15:42ZZ',
    '2026-08-17T09:15:42.5+02:00Z',
    '2026-08-17_09:15:42Z',
    '2026-08-17  09:15:42Z',
    '٢٠٢٦-08-17T09:15:42Z',
    '-026-08-17T09:15:42Z',
  ]
  for (const text of cases) assert.equal(parseRfc3339(text), undefined, JSON.stringify(text))
})

test('an instant that a zone puts outside of the four-digit years is written as the nearest inside', () => {
  const written = (text: string) => rfc3339Text(parseRfc3339(text)!)
  assert.equal(written('2026-08-17T09:15:42.123+02:00'), '2026-08-17T07:15:42.123Z')
  assert.equal(written('9999-12-31T23:59:59-23:59'), '9999-12-31T23:59:59.999Z')
  assert.equal(written('0000-01-01T00:00:00+23:59'), '0000-01-01T00:00:00.000Z')
  assert.equal(rfc3339Text(Number.MAX_SAFE_INTEGER), '9999-12-31T23:59:59.999Z')
})
