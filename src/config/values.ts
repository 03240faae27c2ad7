import { z } from 'zod'
import { form, wordsSchema } from './forms.ts'

/** The forms in which values are written in variables and in the file, each with the words for what is allowed. */

const UNIT_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
/** Longer waits would overflow the timers of Node (24.8 days). */
const LONGEST_MS = 24 * 24 * 3_600_000
const TRUE = ['true', 'yes', 'on', '1']
const FALSE = ['false', 'no', 'off', '0']
const TOPIC = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,237}$/

/** `500ms`, `30s`, `5m`, `1h` as milliseconds, at least `leastMs`. */
export function durationMs(leastMs: number) {
  return z
    .string()
    .transform((text, context) => {
      const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(text)
      const value = match === null ? Number.NaN : Math.round(Number(match[1]) * UNIT_MS[match[2]!]!)
      if (!(value >= leastMs && value <= LONGEST_MS)) {
        const least = leastMs >= 1_000 ? `${leastMs / 1_000}s` : `${leastMs}ms`
        context.addIssue(
          `allowed is a number with a unit, ms, s, m or h, such as 5m or 30s, from ${least} to 576h`,
        )
        return z.NEVER
      }
      return value
    })
    .meta(form('duration', { type: 'string', pattern: '^\\d+(\\.\\d+)?\\s*(ms|s|m|h)$' }))
}

/** A whole number in a range. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  return z
    .string()
    .transform((text, context) => {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
      if (!(value >= least && value <= most)) {
        const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
        context.addIssue(`allowed is a whole number ${range}`)
        return z.NEVER
      }
      return value
    })
    .meta(
      form('whole number', { type: ['integer', 'string'], minimum: least, maximum: most, pattern: '^\\d+$' }),
    )
}

/** `true` or `false`, also 1/0, yes/no and on/off, in any case. */
export const trueOrFalse = z
  .string()
  .transform((text, context) => {
    const lower = text.toLowerCase()
    if (TRUE.includes(lower)) return true
    if (FALSE.includes(lower)) return false
    context.addIssue('allowed are true and false')
    return z.NEVER
  })
  .meta(form('true or false', wordsSchema([...TRUE, ...FALSE], [true, false, 1, 0])))

/** One of some words, in any case; the result is spelled as in `words`. */
export function oneOf<const W extends string>(words: readonly W[]) {
  return z
    .string()
    .transform((text, context): W => {
      const found = words.find(word => word.toLowerCase() === text.toLowerCase())
      if (found === undefined) {
        context.addIssue(`allowed are ${words.join(', ')}`)
        return z.NEVER
      }
      return found
    })
    .meta(form(words.join(', '), wordsSchema(words)))
}

/** Parts between commas, trimmed, empty ones left out. */
export const commaList = z
  .string()
  .transform(text =>
    text
      .split(',')
      .map(part => part.trim())
      .filter(part => part !== ''),
  )
  .meta(form('list with commas', { type: ['string', 'array'], items: { type: 'string' } }))

/** `host:port` parts between commas; an IPv6 address stands in brackets. */
export const brokerList = commaList
  .transform((parts, context) => {
    for (const part of parts) {
      const match = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/@]+):(\d{1,5})$/.exec(part)
      if (match === null || Number(match[1]) < 1 || Number(match[1]) > 65_535) {
        context.addIssue('allowed is a comma list of host:port, such as kafka-1:9092,kafka-2:9092')
        return z.NEVER
      }
    }
    return parts
  })
  .meta(form('list of host:port', { type: ['string', 'array'], items: { type: 'string' } }))

/** An http or https URL without credentials, as origin and path without a trailing slash. */
export const httpUrl = z
  .string()
  .transform((text, context) => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      context.addIssue('allowed is a URL that begins with https:// or http://')
      return z.NEVER
    }
    if (url.username !== '' || url.password !== '') {
      context.addIssue(
        'a URL with a user name or password in it is not allowed: they have variables of their own',
      )
      return z.NEVER
    }
    return url.origin + url.pathname.replace(/\/+$/, '')
  })
  .meta(form('URL', { type: 'string', pattern: '^[Hh][Tt][Tt][Pp][Ss]?://' }))

/** A Kafka topic name that leaves room for the longest of our suffixes. */
export const topicPrefix = z
  .string()
  .transform((text, context) => {
    if (!TOPIC.test(text)) {
      context.addIssue('allowed are 1 to 237 of the characters A-Z a-z 0-9 . _ -, but not "." and ".." alone')
      return z.NEVER
    }
    return text
  })
  .meta(form('topic name', { type: 'string', pattern: TOPIC.source }))

/** Any text. */
export const anyText = z.string().meta(form('text', { type: ['string', 'number'] }))

/** Of a file or a directory; relative ones count from the working directory. */
export const path = z.string().meta(form('path', { type: 'string' }))

/** The Hub's organization names: one path segment. */
export const organizationName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/,
    'allowed are the letters, digits, dots, dashes and underscores of a Hub name',
  )
