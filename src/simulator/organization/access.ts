import { type Answer, errorAnswer } from '../answers.ts'
import type { Control } from '../control.ts'
import { AUDITOR } from '../generator.ts'
import type { Member, Organization, OrganizationRole, Plan, Restriction } from './organization.ts'
import type { TokenHolder } from './token-book.ts'

/** Who asks: the one user that every unknown token is taken for, or a service account by one of its tokens. */
export type Caller = { readonly kind: 'user' } | ({ readonly kind: 'service-account' } & TokenHolder)

/** What a call asks of its caller and of the organization. */
export interface Needs {
  /** Of the token. */
  readonly permission: string
  /** Of a user; a service account's permissions decide alone. Default: any member but one without access. */
  readonly roles?: readonly OrganizationRole[]
  /** At least; default none. */
  readonly plan?: 'team' | 'enterprise' | 'plus'
}

export function ownMember({ members }: Organization): Member {
  return members.get(AUDITOR.name)!
}

/** Undefined when the caller may do it; else 403 or 402 in words that tell which of the reasons it is. */
export function refusal(
  caller: Caller,
  organization: Organization,
  needs: Needs,
  repoId?: string,
): Answer | undefined {
  const kept = restrictionAnswer(caller, organization)
  if (kept !== undefined) return kept
  if (caller.kind === 'service-account' && caller.organization !== organization)
    return errorAnswer(403, 'This token belongs to a service account of another organization')
  if (caller.kind === 'user') {
    const { role } = ownMember(organization)
    if (needs.roles === undefined ? role === 'no_access' : !needs.roles.includes(role)) {
      const allowed = needs.roles?.join(' or ') ?? 'a member with access'
      return errorAnswer(403, `You must be ${allowed} in this organization to do that; your role is ${role}`)
    }
  }
  if (!permissionsOf(caller, organization, repoId).includes(needs.permission))
    return errorAnswer(403, `This token lacks the permission ${needs.permission} on this organization`)
  return needs.plan === undefined ? undefined : planRefusal(organization.plan, needs.plan)
}

/** 403 where the organization keeps the user's token out, whatever it asks for. */
export function restrictionAnswer(caller: Caller, { access }: Organization): Answer | undefined {
  if (caller.kind !== 'user') return undefined
  return access.restriction === undefined ? undefined : errorAnswer(403, KEPT_OUT[access.restriction])
}

const KEPT_OUT: Readonly<Record<Restriction, string>> = {
  'pending-approval': 'This token awaits the approval of an administrator of the organization',
  revoked: "This token's access to the organization was revoked by an administrator",
  sso: 'This organization wants its members to log in with single sign-on first',
  mfa: 'This organization wants its members to use two-factor authentication',
  ip: 'This organization does not take requests from this address',
}

const PLAN_NAMES = { team: 'Team or Enterprise', enterprise: 'Enterprise', plus: 'Enterprise Plus' } as const
/** Each with the plans that it includes; what an Academia plan includes is not documented. */
const INCLUDED: Readonly<Record<Plan, readonly Plan[]>> = {
  team: ['team'],
  academia: ['team', 'enterprise'],
  enterprise: ['team', 'enterprise'],
  plus: ['team', 'enterprise', 'plus'],
}

/** 402 where the plan does not include what is asked for. */
export function planRefusal(plan: Plan | undefined, needed: NonNullable<Needs['plan']>): Answer | undefined {
  if (plan !== undefined && INCLUDED[plan].includes(needed)) return undefined
  const has = plan === undefined ? 'has no paid plan' : `has the plan ${plan}`
  return errorAnswer(402, `This is a feature of the ${PLAN_NAMES[needed]} plan; this organization ${has}`)
}

/** On a repository that the token names, its permissions there go before those on the organization. */
export function permissionsOf(caller: Caller, { access }: Organization, repoId?: string): readonly string[] {
  if (caller.kind === 'user') return access.permissions
  const { token } = caller
  return repoId !== undefined && token.repoIds.includes(repoId) ? token.repoPermissions : token.permissions
}

/** Applies what a control sets; what it does not name stays. */
export function applyAccess(organization: Organization, control: Control<'access'>): void {
  const { role, plan, permissions, restriction } = control
  if (role !== undefined) ownMember(organization).role = role
  if (plan !== undefined) organization.plan = plan === 'none' ? undefined : plan
  if (permissions !== undefined) organization.access.permissions = permissions
  if (restriction !== undefined)
    organization.access.restriction = restriction === 'none' ? undefined : restriction
}
