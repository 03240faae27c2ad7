import { inspect } from 'node:util'

/**
 * Keeps the `token` of an answer out of what `console.log` and error reporters show of it. The field itself, and JSON,
 * have it as ever.
 */
export function shownOnce<T extends { readonly token: string }>(answer: T): T {
  return Object.defineProperty(answer, inspect.custom, {
    value: () => ({ ...answer, token: '[not shown: read the field]' }),
    enumerable: false,
  })
}
