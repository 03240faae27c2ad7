import type { WhoAmI } from '../whoami.ts'
import type { CallOptions } from './call-options.ts'
import { checkChoice } from './choices.ts'
import { type AnsweredOrgRole, includesRole, ORG_ROLES, type OrgRole } from './org-role.ts'
import { pathSegment } from './request.ts'
import { whoAmI } from './who-am-i.ts'

/**
 * The role of the token's user in an organization; undefined when it is no member, or the Hub tells no role (it may
 * tell none for tokens of service accounts).
 */
export async function myOrgRole(
  organization: string,
  options: CallOptions = {},
): Promise<AnsweredOrgRole | undefined> {
  pathSegment(organization, "an organization's name")
  return ownOrganization(await whoAmI(options), organization)?.roleInOrg
}

/**
 * Whether the token's user has at least this role: no_access < read < contributor < write < admin. False when it is no
 * member, and when its role is not known.
 */
export async function hasOrgRole(
  organization: string,
  role: OrgRole,
  options: CallOptions = {},
): Promise<boolean> {
  checkChoice(role, ORG_ROLES, 'a role in an organization')
  return includesRole(await myOrgRole(organization, options), role)
}

/** The organization of whoami-v2 by its name; the Hub's names are the same in any case. */
export function ownOrganization({ orgs = [] }: WhoAmI, name: string) {
  const lower = name.toLowerCase()
  return orgs.find(org => org.name === name) ?? orgs.find(org => org.name.toLowerCase() === lower)
}
