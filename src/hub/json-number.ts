/**
 * The grammar of a JSON number (RFC 8259, section 6) as a table: `NUMBER_NEXT[state * 256 + byte]` is the next state,
 * 0 when the byte is not part of the number.
 */
export const NUMBER_START = 1
const MINUS = 2
const ZERO = 3
const INTEGER = 4
const POINT = 5
const FRACTION = 6
const EXPONENT = 7
const EXPONENT_SIGN = 8
const EXPONENT_DIGITS = 9

export const NUMBER_NEXT = new Uint8Array(10 * 256)

function allow(from: readonly number[], bytes: string, to: number): void {
  for (const state of from) {
    for (const byte of Buffer.from(bytes)) NUMBER_NEXT[state * 256 + byte] = to
  }
}
const DIGITS = '0123456789'
allow([NUMBER_START], '-', MINUS)
allow([NUMBER_START, MINUS], '0', ZERO)
allow([NUMBER_START, MINUS], '123456789', INTEGER)
allow([INTEGER], DIGITS, INTEGER)
allow([ZERO, INTEGER], '.', POINT)
allow([POINT, FRACTION], DIGITS, FRACTION)
allow([ZERO, INTEGER, FRACTION], 'eE', EXPONENT)
allow([EXPONENT], '+-', EXPONENT_SIGN)
allow([EXPONENT, EXPONENT_SIGN, EXPONENT_DIGITS], DIGITS, EXPONENT_DIGITS)

/** Whether a number may end in this state. */
export function isNumberComplete(state: number): boolean {
  return state === ZERO || state === INTEGER || state === FRACTION || state === EXPONENT_DIGITS
}
