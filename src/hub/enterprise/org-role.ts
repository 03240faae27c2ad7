/** The roles in an organization and in a resource group, from the least to the most. */
export const ORG_ROLES = ['no_access', 'read', 'contributor', 'write', 'admin'] as const

export type OrgRole = (typeof ORG_ROLES)[number]

/** A role as the Hub answers it: it may name one that is not known here. */
export type AnsweredOrgRole = OrgRole | (string & {})

/** Whether a role includes another. False for a role that is not known, or none. */
export function includesRole(role: string | undefined, least: OrgRole): boolean {
  const rank = (ORG_ROLES as readonly (string | undefined)[]).indexOf(role)
  return rank >= 0 && rank >= ORG_ROLES.indexOf(least)
}
