import { ConnectorError } from '../../errors.ts'
import { callForSuccess } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkChoice, checkList, isObjectId } from './choices.ts'
import { type Member, streamMembers } from './members.ts'
import { ORG_ROLES, type OrgRole } from './org-role.ts'
import { type HubRequest, organizationPath, pathSegment } from './request.ts'

/** A member's place in one resource group. */
export interface ResourceGroupRole {
  readonly id: string
  readonly role: string
}

export interface SetMemberRoleOptions extends CallOptions {
  /**
   * Replaces the member's resource groups; `[]` takes it out of all of them. Without it they are asked for first and
   * sent along as they are: a request that leaves them out would take the member out of all.
   */
  readonly resourceGroups?: readonly ResourceGroupRole[] | undefined
}

export interface MemberRoleChange {
  readonly user: string
  readonly role: OrgRole
  /** Before; undefined where the Hub told none, or was not asked. */
  readonly previousRole: string | undefined
  readonly resourceGroups: readonly ResourceGroupRole[]
}

/** Changes a member's role in the organization. Needs a paid plan. Throws `HUB_NOT_FOUND` for somebody who is no member. */
export async function setMemberRole(
  organization: string,
  user: string,
  role: OrgRole,
  options: SetMemberRoleOptions = {},
): Promise<MemberRoleChange> {
  const given = options.resourceGroups
  // Before anything is asked for.
  if (given !== undefined) checkList(given, 'resourceGroups')
  setMemberRoleRequest(organization, user, role, given ?? [])
  for (const { id, role } of given ?? []) {
    if (!isObjectId(id))
      throw new ConnectorError('CONFIG_INVALID', `${JSON.stringify(id)} is not the id of a resource group.`)
    checkChoice(role, ORG_ROLES, 'a role in a resource group')
  }
  const member = given === undefined ? await requiredMember(organization, user, options) : undefined
  const resourceGroups = given ?? resourceGroupsOf(member!, organization)
  const request = setMemberRoleRequest(organization, member?.user ?? user, role, resourceGroups)
  const facts = {
    action: `change roles in ${organization}`,
    needs:
      'its user must be an admin of the organization, and a fine-grained token must be permitted to write to it',
    subject: `organization ${organization}, or no member ${user} in it`,
    plan: 'a paid plan',
  }
  await callForSuccess(request, facts, options)
  return { user: member?.user ?? user, role, previousRole: member?.role, resourceGroups }
}

export function setMemberRoleRequest(
  organization: string,
  user: string,
  role: OrgRole,
  resourceGroups: readonly ResourceGroupRole[],
): HubRequest {
  checkChoice(role, ORG_ROLES, 'a role in an organization')
  return {
    method: 'PUT',
    path: `${organizationPath(organization)}/members/${pathSegment(user, "a member's name")}/role`,
    body: { role, resourceGroups: resourceGroups.map(({ id, role }) => ({ id, role })) },
  }
}

/** The member of exactly this name, in any case. Throws `HUB_NOT_FOUND`. */
export async function requiredMember(
  organization: string,
  user: string,
  options: CallOptions,
): Promise<Member> {
  const lower = user.toLowerCase()
  for await (const member of streamMembers(organization, { ...options, search: user })) {
    if (member.user.toLowerCase() === lower) return member
  }
  throw new ConnectorError(
    'HUB_NOT_FOUND',
    `${user} is not a member of ${organization}: see the list of its members.`,
  )
}

/** Throws `HUB_FORBIDDEN` where the Hub does not tell them, also where it tells the role: to send none would be a guess. */
export function resourceGroupsOf(member: Member, organization: string): readonly ResourceGroupRole[] {
  if (member.resourceGroups !== undefined) return member.resourceGroups
  throw new ConnectorError(
    'HUB_FORBIDDEN',
    `The Hub does not tell this token the resource groups of ${member.user} in ${organization}, and to change the role ` +
      'without them would take the member out of all of them. Use the token of an admin; or, for a member who is in none or is ' +
      'to leave all, pass resourceGroups: [] (--no-resource-groups).',
  )
}
