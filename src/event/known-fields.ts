import { z } from 'zod'

const text = z.string().nullish()
const flag = z.boolean().nullish()

/**
 * What the columns take from an event. Open: unknown fields are let through unread, and every text is an open string
 * although the Hub documents enums for some. Shape: the 200 answer of GET /api/organizations/{name}/audit-log/export.
 */
const knownFieldsSchema = z.object({
  message: text,
  author: z.object({ _id: text, user: text, avatarUrl: text, type: text, deleted: flag }).nullish(),
  ip: text,
  location: z.object({ formatted: text, country: text, city: text }).nullish(),
  userAgent: text,
  token: z.object({ type: text, id: text, role: text, last4: text, deleted: flag }).nullish(),
  oauth: z.object({ clientId: text, name: text }).nullish(),
})

export type KnownFields = z.infer<typeof knownFieldsSchema>

export interface CheckedFields {
  readonly fields: KnownFields
  /** Dotted paths of the fields of a wrong type, which are null in `fields`. Null itself is absent, not wrong. */
  readonly malformed: readonly string[]
}

const NONE: readonly string[] = []

/** Never fails: one field of a wrong type costs that field alone. */
export function checkFields(event: Readonly<Record<string, unknown>>): CheckedFields {
  const result = knownFieldsSchema.safeParse(event)
  if (result.success) return { fields: result.data, malformed: NONE }
  const paths = result.error.issues.map(issue => issue.path.map(String))
  return {
    fields: knownFieldsSchema.parse(withNulls(event, paths)),
    malformed: paths.map(path => path.join('.')),
  }
}

function withNulls(
  event: Readonly<Record<string, unknown>>,
  paths: readonly string[][],
): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...event }
  for (const [name, inner] of paths) {
    copy[name!] = inner === undefined ? null : { ...(copy[name!] as object), [inner]: null }
  }
  return copy
}
