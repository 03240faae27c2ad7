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

/** Throws `CONFIG_INVALID` unless the text has a length in the range. */
export function checkLength(value: unknown, least: number, most: number, what: string): void {
  if (typeof value === 'string' && value.length >= least && value.length <= most) return
  const was = typeof value === 'string' ? `${value.length} characters long` : `a ${typeof value}`
  throw new ConnectorError('CONFIG_INVALID', `${what} is ${was}; allowed are ${least} to ${most} characters.`)
}

/** 24 hexadecimal digits: the form of the Hub's ids. */
export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{24}$/i.test(text)
}
