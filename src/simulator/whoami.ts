import { AUDITOR, ORIGIN_MS } from './generator.ts'
import { hashText, hex32 } from './random.ts'

export type OrganizationRole = 'admin' | 'write' | 'contributor' | 'read' | 'no_access'
export type Plan = 'team' | 'enterprise' | 'plus' | 'academia'

export interface WhoamiSettings {
  readonly organizations: readonly string[]
  readonly role: OrganizationRole
  /** Undefined: an organization without a paid plan. */
  readonly plan: Plan | undefined
  /** Of the token, on each of the organizations. */
  readonly permissions: readonly string[]
  readonly tokenExpiresAtMs: number | undefined
}

/** 24 hexadecimal digits for the name of an organization. */
export function organizationId(name: string): string {
  return [1, 2, 3].map(seed => hex32(hashText(name, seed))).join('')
}

/** The answer of `GET /api/whoami-v2` for the token that every accepted token is taken for. */
export function whoami(settings: WhoamiSettings): object {
  const createdAt = new Date(ORIGIN_MS).toISOString()
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
    orgs: settings.organizations.map(name => ({
      type: 'org',
      id: organizationId(name),
      name,
      fullname: `${name} (simulated)`,
      email: null,
      canPay: false,
      billingMode: 'postpaid',
      periodEnd: Math.floor(Date.UTC(2027, 0, 1) / 1_000),
      avatarUrl: `/avatars/${organizationId(name).slice(0, 8)}.svg`,
      ...(settings.plan !== undefined && { plan: settings.plan }),
      roleInOrg: settings.role,
      resourceGroups: [],
    })),
    auth: {
      type: 'access_token',
      accessToken: {
        displayName: 'audit-export-example',
        role: 'fineGrained',
        createdAt,
        fineGrained: {
          scoped: settings.organizations.map(name => ({
            entity: { _id: organizationId(name), type: 'org', name },
            permissions: settings.permissions,
          })),
          global: [],
          canReadGatedRepos: false,
        },
      },
      ...(settings.tokenExpiresAtMs !== undefined && {
        expiresAt: new Date(settings.tokenExpiresAtMs).toISOString(),
      }),
    },
  }
}
