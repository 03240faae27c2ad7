import type { z } from 'zod'
import { type Answer, errorAnswer } from '../answers.ts'

export type Checked<T> =
  | { readonly value: T; readonly refused?: undefined }
  | { readonly value?: undefined; readonly refused: Answer }

/** The JSON body against its schema; 400 names every member that is wrong. An absent body counts as `{}`. */
export function checkedBody<S extends z.ZodType>(
  schema: S,
  contentType: string | undefined,
  text: string,
): Checked<z.output<S>> {
  if (text.trim() === '') return checked(schema, {})
  if (!/^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType ?? ''))
    return { refused: errorAnswer(400, 'The body must be JSON, with the content type application/json') }
  let input: unknown
  try {
    input = JSON.parse(text)
  } catch {
    return { refused: errorAnswer(400, 'The body is not well-formed JSON') }
  }
  return checked(schema, input)
}

/** The query against its schema. Of a parameter that is given twice the last one counts. */
export function checkedQuery<S extends z.ZodType>(schema: S, query: URLSearchParams): Checked<z.output<S>> {
  return checked(schema, Object.fromEntries(query))
}

/** One text, or a list of them, as the Hub may give either. */
function checked<S extends z.ZodType>(schema: S, input: unknown): Checked<z.output<S>> {
  const result = schema.safeParse(input)
  if (result.success) return { value: result.data }
  const problems = result.error.issues.map(issue => {
    const at = issue.path.join('.')
    return at === '' ? issue.message : `${at}: ${issue.message}`
  })
  const answer = errorAnswer(400, problems.join('; '))
  return {
    refused: problems.length === 1 ? answer : { ...answer, body: JSON.stringify({ error: problems }) },
  }
}
