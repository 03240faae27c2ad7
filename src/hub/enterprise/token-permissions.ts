import { ConnectorError } from '../../errors.ts'
import { checkChoice, checkList, isObjectId } from './choices.ts'

/** What a service account's token may be permitted, in the order of the Hub's document. */
export const TOKEN_PERMISSIONS = [
  'repo.content.read',
  'repo.write',
  'inference.serverless.write',
  'inference.endpoints.infer.write',
  'inference.endpoints.write',
  'org.read',
  'org.write',
  'collection.read',
  'collection.write',
  'resourceGroup.write',
  'job.write',
  'org.serviceAccounts.read',
  'org.serviceAccounts.write',
] as const

export type TokenPermission = (typeof TOKEN_PERMISSIONS)[number]

/** What it may be permitted on single repositories. */
export const REPO_PERMISSIONS = ['repo.content.read', 'repo.write'] as const

export type RepoPermission = (typeof REPO_PERMISSIONS)[number]

export const TOKEN_ROLES = ['read', 'write', 'admin'] as const

export type TokenRole = (typeof TOKEN_ROLES)[number]

/**
 * The Hub's tokens of service accounts have permissions and no role: this is what each role stands for. `read` sees
 * what there is, `write` changes contents, `admin` may all that can be permitted. Inference and jobs, which cost money,
 * are for `admin` or for explicit permissions.
 */
export const ROLE_PERMISSIONS: Readonly<Record<TokenRole, readonly TokenPermission[]>> = {
  read: ['repo.content.read', 'org.read', 'collection.read'],
  write: ['repo.content.read', 'repo.write', 'org.read', 'collection.read', 'collection.write'],
  admin: TOKEN_PERMISSIONS,
}

/** What a token may do, as `POST …/tokens` and `PATCH …/tokens/{tokenId}` take it. */
export interface TokenScope {
  /** In the whole organization. */
  readonly permissions?: readonly TokenPermission[] | undefined
  /** Repositories, also public ones of others, with permissions of their own that override those above. */
  readonly repoIds?: readonly string[] | undefined
  readonly repoPermissions?: readonly RepoPermission[] | undefined
  /** Names of Inference Endpoints, with wildcards; at most 20. None means all. */
  readonly endpointPatterns?: readonly string[] | undefined
  /** Exempts the token from the organization's network security. Enterprise Plus; needs org.networkSecurity.write. */
  readonly skipNetworkSecurity?: boolean | undefined
}

const MAX_ENDPOINT_PATTERNS = 20
const ENDPOINT_PATTERN = /^[^.?()\]\\[{}]+$/

/** The scope as a part of a body. Throws `CONFIG_INVALID` for what the Hub's document does not allow. */
export function scopeBody(scope: TokenScope): Record<string, unknown> {
  const { permissions, repoIds, repoPermissions, endpointPatterns, skipNetworkSecurity } = scope
  for (const [name, list] of Object.entries({ permissions, repoIds, repoPermissions, endpointPatterns })) {
    if (list !== undefined) checkList(list, name)
  }
  for (const permission of permissions ?? []) checkChoice(permission, TOKEN_PERMISSIONS, 'a permission')
  for (const permission of repoPermissions ?? [])
    checkChoice(permission, REPO_PERMISSIONS, 'a permission on repositories')
  const wrongId = repoIds?.find(id => !isObjectId(id))
  if (wrongId !== undefined) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${JSON.stringify(wrongId)} is not the id of a repository: allowed are 24 hexadecimal digits, not its name.`,
    )
  }
  checkPatterns(endpointPatterns ?? [])
  return Object.fromEntries(
    Object.entries({ permissions, repoIds, repoPermissions, endpointPatterns, skipNetworkSecurity }).filter(
      ([, value]) => value !== undefined,
    ),
  )
}

/**
 * Throws `CONFIG_INVALID` for permissions on repositories without repositories, and the reverse: the Hub takes both, and
 * the first permits nothing, while the second takes from those repositories what is permitted in the organization. Who
 * wants that gives `repoPermissions: []`. `before` is what the token has already; what is not known is left out.
 */
export function checkRepositories(
  { repoIds, repoPermissions }: TokenScope,
  before: { readonly repoIds?: readonly string[]; readonly repoPermissions?: readonly string[] },
): void {
  if (isSome(repoPermissions) && isNone(repoIds ?? before.repoIds)) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `There are permissions on repositories (${repoPermissions.join(', ')}) and no repositories: name them by their ids ` +
        '(repoIds, --repo-id), or give the permissions for the whole organization (permissions, --permission).',
    )
  }
  if (isSome(repoIds) && repoPermissions === undefined && isNone(before.repoPermissions)) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      'There are repositories and no permissions on them, so the token could do nothing there: give some ' +
        `(repoPermissions, --repo-permission); allowed are ${REPO_PERMISSIONS.join(', ')}.`,
    )
  }
}

function isSome(list: readonly string[] | undefined): list is readonly string[] {
  return list !== undefined && list.length > 0
}

function isNone(list: readonly string[] | undefined): boolean {
  return list?.length === 0
}

function checkPatterns(patterns: readonly string[]): void {
  if (patterns.length > MAX_ENDPOINT_PATTERNS) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `There are ${patterns.length} endpoint patterns; at most ${MAX_ENDPOINT_PATTERNS} are allowed.`,
    )
  }
  const wrong = patterns.find(pattern => pattern.length > 256 || !ENDPOINT_PATTERN.test(pattern))
  if (wrong === undefined) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${JSON.stringify(wrong)} is not an endpoint pattern: allowed are 1 to 256 characters, * for any, none of . ? ( ) [ ] { } \\.`,
  )
}
