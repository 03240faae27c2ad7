import { ConnectorError } from '../../errors.ts'

/** Throws `CONFIG_INVALID` unless the value is one of those that are allowed. */
export function checkChoice<T extends string>(
  value: unknown,
  allowed: readonly T[],
  what: string,
): asserts value is T {
  if (allowed.some(one => one === value)) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${JSON.stringify(value)} is not ${what}; allowed are ${allowed.join(', ')}.`,
  )
}

/** Throws `CONFIG_INVALID` unless it is an object with fields. Shows nothing of it: it may be a secret. */
export function checkObject(value: unknown, what: string, example: string): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${what} is ${kindOf(value)}; allowed is an object such as ${example}.`,
  )
}

/** Throws `CONFIG_INVALID` unless it is a list. Shows nothing of it: it may be a secret. */
export function checkList(value: unknown, what: string): void {
  if (Array.isArray(value)) return
  throw new ConnectorError('CONFIG_INVALID', `${what} is ${kindOf(value)}; allowed is a list.`)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (value === '') return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return 'a text'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Throws `CONFIG_INVALID` unless the text has a length in the range. */
export function checkLength(value: unknown, least: number, most: number, what: string): void {
  if (typeof value === 'string' && value.length >= least && value.length <= most) return
  const was = typeof value === 'string' && value !== '' ? `${value.length} characters long` : kindOf(value)
  throw new ConnectorError('CONFIG_INVALID', `${what} is ${was}; allowed are ${least} to ${most} characters.`)
}

/** 24 hexadecimal digits: the form of the Hub's ids. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{24}$/i.test(text)
}
