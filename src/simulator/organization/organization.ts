import type { AccountToken } from './token-book.ts'

export const ROLES = ['admin', 'write', 'contributor', 'read', 'no_access'] as const
export type OrganizationRole = (typeof ROLES)[number]

export const PLANS = ['team', 'enterprise', 'plus', 'academia'] as const
export type Plan = (typeof PLANS)[number]

export const REPOSITORY_TYPES = ['dataset', 'model', 'space', 'bucket', 'kernel'] as const
export type RepositoryType = (typeof REPOSITORY_TYPES)[number]
export type Visibility = 'public' | 'private' | 'protected'

/** Why an organization keeps the user's token out; `ip` and `mfa` as the Hub names them. */
export const RESTRICTIONS = ['pending-approval', 'revoked', 'sso', 'mfa', 'ip'] as const
export type Restriction = (typeof RESTRICTIONS)[number]

/** What the one user token may do in an organization, beside the role of its user. */
export interface UserAccess {
  permissions: readonly string[]
  restriction: Restriction | undefined
}

export interface Member {
  readonly id: string
  readonly user: string
  readonly fullname: string
  readonly isPro: boolean
  readonly twoFaEnabled: boolean
  readonly verifiedEmail: string | null
  readonly isExternalCollaborator: boolean
  role: OrganizationRole
  /** Role by id of the resource group. */
  groups: ReadonlyMap<string, OrganizationRole>
}

export interface ResourceGroup {
  readonly id: string
  readonly name: string
}

export interface ServiceAccount {
  readonly id: string
  readonly user: string
  readonly name: string
  readonly email: string
  readonly description: string | undefined
  readonly createdAtMs: number
  /** By id, in the order in which they were made. */
  readonly tokens: Map<string, AccountToken>
}

export interface Repository {
  readonly id: string
  readonly type: RepositoryType
  /** `<organization>/<name>` */
  readonly fullName: string
  readonly storageBytes: number
  updatedAtMs: number
  visibility: Visibility
  /** Everything else that its settings hold. */
  settings: Readonly<Record<string, unknown>>
}

export interface ContentRule {
  readonly resource: RepositoryType | '*'
  readonly scope: string
}

export interface NetworkSecurity {
  readonly enforceAuth: boolean
  readonly enforceIpRestriction: boolean
  readonly highRateLimits: boolean
  readonly ipRanges: readonly string[]
  readonly blockedContents: readonly ContentRule[]
  readonly allowedContents: readonly ContentRule[]
  readonly keepReposMetadataVisible: boolean
}

/** One organization of the simulated Hub, its log apart. The calls that change something change this. */
export interface Organization {
  readonly name: string
  readonly id: string
  plan: Plan | undefined
  readonly access: UserAccess
  /** By user name, in the order in which they are listed. */
  readonly members: ReadonlyMap<string, Member>
  /** By id. */
  readonly groups: ReadonlyMap<string, ResourceGroup>
  /** By id, in the order in which they were made. */
  readonly accounts: Map<string, ServiceAccount>
  readonly repositories: readonly Repository[]
  network: NetworkSecurity
  /** Ids of members' tokens, and whether each still has access. */
  readonly memberTokens: Map<string, 'active' | 'revoked'>
  /** A new id, another one each time, the same in every run. */
  nextId(): string
}

export function repositoryOf(
  { repositories }: Organization,
  type: RepositoryType,
  fullName: string,
): Repository | undefined {
  return repositories.find(repository => repository.type === type && repository.fullName === fullName)
}
