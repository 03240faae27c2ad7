import type { z } from 'zod'

/** As much of JSON Schema (2020-12) as the configuration needs. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly (string | number | boolean)[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly items?: JsonSchema
  readonly minItems?: number
  readonly [more: string]: unknown
}

/** How a value is written: for the reference and for editors. */
export interface Form {
  /** `duration`, `list with commas`. */
  readonly words: string
  /** What it may be in the YAML file, where a number needs no quotes. */
  readonly json: JsonSchema
}

export function form(words: string, json: JsonSchema): { form: Form } {
  return { form: { words, json } }
}

/** One of some words, in any case: as a list for an editor to offer, and as what it must not mark. */
export function wordsSchema(
  words: readonly string[],
  others: readonly (boolean | number)[] = [],
): JsonSchema {
  const anyCase = words.map(word =>
    word.replace(/[a-z]/gi, letter => `[${letter.toUpperCase()}${letter.toLowerCase()}]`),
  )
  return {
    anyOf: [{ enum: [...others, ...words] }, { type: 'string', pattern: `^(${anyCase.join('|')})$` }],
  }
}

/** Every form in values.ts tells its own. */
export function formOf(type: z.ZodType): Form {
  const { form: told } = (type.meta() ?? {}) as { form?: Form }
  if (told === undefined) throw new Error('a variable whose form is not told')
  return told
}
