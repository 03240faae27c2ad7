import { z } from 'zod'

/** An event of the audit log that tells of single sign-on, in the Hub's own form. */
export const ssoEventSchema = z.looseObject({
  _id: z.string(),
  type: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  message: z.string().optional(),
  author: z.looseObject({ user: z.string().optional() }).optional(),
})

export type SsoEvent = z.infer<typeof ssoEventSchema>

/** What each event proves about the moment it happened. */
const PROVES: readonly (readonly [string, boolean])[] = [
  ['org.sso_login', true],
  ['org.sso_join', true],
  ['org.settings.sso.enable', true],
  ['org.settings.sso.disable', false],
]

/** A demand of whoami-v2 is of now; else the newest event that proves something. */
export function ssoStateOf(
  requiredOfThisToken: boolean | undefined,
  events: ReadonlyMap<string, SsoEvent>,
): { enabled: boolean | undefined; evidence: 'whoami' | 'audit-log' | 'none' } {
  if (requiredOfThisToken === true) return { enabled: true, evidence: 'whoami' }
  let newest: { atMs: number; enabled: boolean } | undefined
  for (const [type, enabled] of PROVES) {
    const event = events.get(type)
    if (event === undefined) continue
    const atMs = Date.parse(event.createdAt)
    if (newest === undefined || atMs > newest.atMs) newest = { atMs, enabled }
  }
  if (newest === undefined) return { enabled: undefined, evidence: 'none' }
  return { enabled: newest.enabled, evidence: 'audit-log' }
}
