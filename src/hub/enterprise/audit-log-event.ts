import { z } from 'zod'

/** A field that is certain to have this type where it is there: of another type it becomes undefined. */
function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().catch(undefined)
}

/**
 * An event of the audit log in the Hub's own form, open to new fields. Certain are `_id`, `type` and `createdAt`; the
 * Hub's document has more as required, but one event in another form must not hide the others.
 * Source: the export's answer, https://huggingface.co/.well-known/openapi.json as of 2026-08-17.
 */
export const auditLogEventSchema = z.looseObject({
  _id: z.string(),
  /** RFC 3339. */
  createdAt: z.string(),
  /** Any text: the Hub's list of types grows. */
  type: z.string(),
  message: optional(z.string()),
  author: optional(
    z.looseObject({
      _id: optional(z.string()),
      user: optional(z.string()),
      avatarUrl: optional(z.string()),
      type: optional(z.string()),
      deleted: optional(z.boolean()),
    }),
  ),
  /** No form is documented. Numbers beyond 2^53 are rounded. */
  data: z.unknown().optional(),
  /** Anonymized by the Hub. */
  ip: optional(z.string()),
  location: optional(
    z.looseObject({
      formatted: optional(z.string()),
      country: optional(z.string()),
      city: optional(z.string()),
    }),
  ),
  userAgent: optional(z.string()),
  token: optional(
    z.looseObject({
      type: optional(z.string()),
      id: optional(z.string()),
      deleted: optional(z.boolean()),
      role: optional(z.string()),
      last4: optional(z.string()),
    }),
  ),
  oauth: optional(z.looseObject({ clientId: optional(z.string()), name: optional(z.string()) })),
})

export type AuditLogEvent = z.infer<typeof auditLogEventSchema>

export function auditLogEvent({ event }: { readonly event: unknown }): AuditLogEvent {
  return auditLogEventSchema.parse(event)
}
