import { z } from 'zod'

// As the Hub's own document has them (https://huggingface.co/.well-known/openapi.json, 2026-08-17); the tests hold
// the schemas of all bodies and queries against it.

/** 24 hexadecimal digits, in either case. */
export const id = z
  .string()
  .length(24)
  .regex(/^[0-9a-fA-F]{24}$/, 'must be 24 hexadecimal digits')

export const email = z
  .string()
  .regex(
    /^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-.]*)[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}$/,
    'must be an e-mail address',
  )

/** A whole number in a query, where everything is text. */
export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.int().min(least).max(most))
}
