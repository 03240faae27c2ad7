/** Numbers as people read them, with their units. */

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function countText(count: number): string {
  return NUMBER.format(count)
}

/** `1 event`, `1,234 events`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}

/** `830 ms`, `1.8 s`, `12 s`, `5 min`, `3 h 20 min`, `2 d 4 h`. */
export function durationText(ms: number): string {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10 * SECOND && ms % SECOND >= 100) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < DAY) return two(ms, HOUR, 'h', MINUTE, 'min')
  return two(ms, DAY, 'd', HOUR, 'h')
}

function two(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = Math.floor(ms / large)
  const second = Math.floor((ms % large) / small)
  return second === 0 || first >= 10
    ? `${NUMBER.format(first)} ${largeUnit}`
    : `${first} ${largeUnit} ${second} ${smallUnit}`
}

/** `just now`, `5 min ago`, `in 3 min`. */
export function relativeText(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs
  if (Math.abs(ms) < SECOND) return 'just now'
  const whole = Math.floor(Math.abs(ms) / SECOND) * SECOND
  return ms > 0 ? `${durationText(whole)} ago` : `in ${durationText(whole)}`
}

/** Decimal units, as networks are counted: `75.3 MB`. */
export function bytesText(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1_000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`
}

/** `2026-11-21 05:12:03 UTC`. */
export function instantText(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}
