const DAY_MS = 86_400_000
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const
/** Of `YYYY-MM-DDTHH:MM:SS`. */
const SECONDS_END = 19

/**
 * Epoch milliseconds of an RFC 3339 date-time, its fraction (of any length) cut, not rounded: the millisecond in which
 * the instant lies, before 1970 too. Undefined for anything else.
 *
 * As the RFC allows, `t` and `z` may be small and a space may stand for the `T` (section 5.6, the note). A leap second
 * is taken for the second after it, and only where one can be: at the end of a UTC month (section 5.7).
 * https://www.rfc-editor.org/rfc/rfc3339#section-5.6
 */
export function parseRfc3339(text: string): number | undefined {
  const hasSeparators =
    text[4] === '-' &&
    text[7] === '-' &&
    (text[10] === 'T' || text[10] === 't' || text[10] === ' ') &&
    text[13] === ':' &&
    text[16] === ':'
  if (!hasSeparators) return undefined
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = digits(text, 17, 2)
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month))) return undefined
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return undefined
  const offsetStart = text[SECONDS_END] === '.' ? digitsEnd(text, SECONDS_END + 1) : SECONDS_END
  if (offsetStart === SECONDS_END + 1) return undefined
  const offsetMinutes = offsetAt(text, offsetStart)
  if (offsetMinutes === undefined) return undefined
  const minutes = (daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes
  const atMs = (minutes * 60 + second) * 1000
  if (second === 60 && !beginsUtcMonth(atMs)) return undefined
  return atMs + millisecondsBetween(text, SECONDS_END + 1, offsetStart)
}

/** What RFC 3339 can say: a time of the year 9999 in a zone west of Greenwich is in the year 10000 in UTC. */
const [FIRST_MS, LAST_MS] = [-62_167_219_200_000, 253_402_300_799_999]

/** An instant as RFC 3339 text in UTC with milliseconds; one that the text has no year for is the nearest that it has. */
export function rfc3339Text(epochMs: number): string {
  return new Date(Math.min(Math.max(epochMs, FIRST_MS), LAST_MS)).toISOString()
}

/** The number in so many digits, NaN when they are not all digits. */
function digits(text: string, start: number, count: number): number {
  let number = 0
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 0x30
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

function digitsEnd(text: string, start: number): number {
  let at = start
  while (digits(text, at, 1) >= 0) at += 1
  return at
}

/** `Z`, `+02:00` or `-02:00` to the end of the text, in minutes east. */
function offsetAt(text: string, start: number): number | undefined {
  const sign = text[start]
  if (sign === 'Z' || sign === 'z') return text.length === start + 1 ? 0 : undefined
  if ((sign !== '+' && sign !== '-') || text.length !== start + 6 || text[start + 3] !== ':') return undefined
  const hours = digits(text, start + 1, 2)
  const minutes = digits(text, start + 4, 2)
  if (!(hours <= 23 && minutes <= 59)) return undefined
  return sign === '-' ? -(hours * 60 + minutes) : hours * 60 + minutes
}

function millisecondsBetween(text: string, start: number, end: number): number {
  if (end <= start) return 0
  const count = Math.min(3, end - start)
  return digits(text, start, count) * 10 ** (3 - count)
}

function daysOf(year: number, month: number): number {
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && isLeapYear ? 29 : DAYS_OF_MONTH[month - 1]!
}

/** Date.UTC takes the years 0 to 99 for 1900 to 1999; the calendar repeats every 400 years, which are 146,097 days. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  return Date.UTC(year + 400, month - 1, day) / DAY_MS - 146_097
}

function beginsUtcMonth(atMs: number): boolean {
  return atMs % DAY_MS === 0 && new Date(atMs).getUTCDate() === 1
}
