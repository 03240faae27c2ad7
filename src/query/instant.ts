import { parseRfc3339 } from '../event/rfc3339.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
}

/** What {@link parseInstant} takes, for the errors. */
export const INSTANT_FORMS =
  'allowed are a date such as 2026-08-17 (its midnight in UTC), a date with a time such as 2026-08-17T09:30 or ' +
  '2026-08-17T09:30:00+02:00 (UTC unless it says otherwise), or a time ago such as -7d, -24h (s, m, h, d, w)'

/** Date and time of ISO 8601 in its extended and its basic form; the time may end with the hour or the minute. */
const DATE_TIME =
  /^(\d{4})(-?)(\d{2})\2(\d{2})(?:[Tt ](\d{2})(?::?(\d{2})(?::?(\d{2})([.,]\d+)?)?)?(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$/

/**
 * Epoch milliseconds of a point in time as a person writes it, relative to `nowMs` where it says how long ago; undefined
 * when it is none. A day is 24 hours.
 */
export function parseInstant(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim()
  const ago = /^[-\u2212](\d{1,9})([smhdw])$/.exec(trimmed)
  if (ago !== null) return nowMs - Number(ago[1]) * UNIT_MS[ago[2]!]!
  const match = DATE_TIME.exec(trimmed)
  if (match === null) return undefined
  const [, year, , month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match
  const offset = /^[zZ]$/.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  return parseRfc3339(
    `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.replace(',', '.')}${offset}`,
  )
}
