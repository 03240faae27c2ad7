import { z } from 'zod'

const ROLE = z.string()

/**
 * `GET /api/whoami-v2`, as far as it is used. Open to new fields and new values: the Hub adds some every month.
 * Source: the Hub's OpenAPI description, https://huggingface.co/.well-known/openapi.json.
 */
export const whoAmISchema = z.looseObject({
  type: z.string(),
  /** The user's `_id`, as in `author._id` of events. */
  id: z.string().min(1),
  name: z.string(),
  auth: z
    .looseObject({
      type: z.string(),
      expiresAt: z.string().optional(),
      accessToken: z
        .looseObject({
          displayName: z.string(),
          role: ROLE,
          fineGrained: z
            .looseObject({
              scoped: z
                .array(
                  z.looseObject({
                    entity: z.looseObject({ _id: z.string(), type: z.string(), name: z.string().optional() }),
                    permissions: z.array(z.string()),
                  }),
                )
                .optional(),
            })
            .optional(),
        })
        .optional(),
    })
    .optional(),
  orgs: z
    .array(
      z.looseObject({
        id: z.string(),
        name: z.string(),
        plan: z.string().optional(),
        roleInOrg: ROLE.optional(),
        securityRestrictions: z.array(z.string()).optional(),
      }),
    )
    .optional(),
})

export type WhoAmI = z.infer<typeof whoAmISchema>
