import { AUDITOR, ORIGIN_MS } from './generator.ts'
import { type Caller, ownMember } from './organization/access.ts'
import type { Organization, Restriction } from './organization/organization.ts'

/** The answer of `GET /api/whoami-v2` for the token in use. */
export function whoami(
  caller: Caller,
  organizations: readonly Organization[],
  tokenExpiresAtMs: number | undefined,
): object {
  return caller.kind === 'user' ? aboutUser(organizations, tokenExpiresAtMs) : aboutAccount(caller)
}

function aboutUser(organizations: readonly Organization[], tokenExpiresAtMs: number | undefined): object {
  return {
    type: 'user',
    id: AUDITOR.id,
    name: AUDITOR.name,
    fullname: AUDITOR.fullname,
    email: 'auditor@mail.example',
    emailVerified: true,
    canPay: false,
    billingMode: 'postpaid',
    periodEnd: null,
    isPro: false,
    avatarUrl: '/avatars/auditor.svg',
    orgs: organizations.map(organization => {
      const { role, groups } = ownMember(organization)
      return {
        ...organizationOf(organization),
        roleInOrg: role,
        ...restrictionsOf(organization),
        resourceGroups: [...groups].map(([id, roleInGroup]) => ({
          id,
          name: organization.groups.get(id)!.name,
          role: roleInGroup,
        })),
      }
    }),
    auth: {
      type: 'access_token',
      accessToken: {
        displayName: 'audit-export-example',
        role: 'fineGrained',
        createdAt: new Date(ORIGIN_MS).toISOString(),
        fineGrained: {
          scoped: organizations.map(organization => ({
            entity: entityOf(organization),
            permissions: organization.access.permissions,
          })),
          global: [],
          canReadGatedRepos: false,
        },
      },
      ...(tokenExpiresAtMs !== undefined && { expiresAt: new Date(tokenExpiresAtMs).toISOString() }),
    },
  }
}

/** A service account has no role: its token's permissions decide. */
function aboutAccount({
  organization,
  account,
  token,
}: Extract<Caller, { kind: 'service-account' }>): object {
  const repositories = token.repoIds.map(id => {
    const known = organization.repositories.find(repository => repository.id === id)
    return {
      entity:
        known === undefined
          ? { _id: id, type: 'model' }
          : { _id: id, type: known.type, name: known.fullName },
      permissions: token.repoPermissions,
    }
  })
  return {
    type: 'user',
    id: account.id,
    name: account.user,
    fullname: account.name,
    email: account.email,
    emailVerified: false,
    isPro: false,
    avatarUrl: `/avatars/${account.id.slice(0, 8)}.svg`,
    orgs: [organizationOf(organization)],
    auth: {
      type: 'access_token',
      accessToken: {
        displayName: token.displayName,
        role: 'fineGrained',
        createdAt: new Date(token.createdAtMs).toISOString(),
        fineGrained: {
          scoped: [{ entity: entityOf(organization), permissions: token.permissions }, ...repositories],
        },
      },
      ...(token.expirationMs !== undefined && { expiresAt: new Date(token.expirationMs).toISOString() }),
    },
  }
}

function entityOf({ id, name }: Organization): object {
  return { _id: id, type: 'org', name }
}

function organizationOf({ id, name, plan }: Organization): object {
  return {
    type: 'org',
    id,
    name,
    fullname: `${name} (simulated)`,
    email: null,
    canPay: false,
    billingMode: 'postpaid',
    periodEnd: Math.floor(Date.UTC(2027, 0, 1) / 1_000),
    avatarUrl: `/avatars/${id.slice(0, 8)}.svg`,
    ...(plan !== undefined && { plan }),
  }
}

/** In the Hub's own words. */
const RESTRICTION_NAMES: Readonly<Record<Restriction, string>> = {
  'pending-approval': 'token-policy',
  revoked: 'token-revoked',
  sso: 'sso',
  mfa: 'mfa',
  ip: 'ip',
}

function restrictionsOf({ access }: Organization): object {
  const { restriction } = access
  return restriction === undefined ? {} : { securityRestrictions: [RESTRICTION_NAMES[restriction]] }
}
