/** A server's word is a floor, but not for longer than a day: a wrong date must not stop forwarding for years. */
const MAX_MS = 24 * 3_600_000

/**
 * Milliseconds to wait: from seconds or from an HTTP date (RFC 9110, 10.2.3); 0 for a time that has passed, undefined
 * for anything else.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  // "-1" or "5.5" are dates to a lenient reader: a date here has a name of a month.
  const waitMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : /[a-z]{3}/i.test(text)
      ? Date.parse(text) - nowMs
      : Number.NaN
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), MAX_MS)
}
