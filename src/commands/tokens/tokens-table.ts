import type { ListedToken } from '../../hub/enterprise/list-tokens.ts'
import type { ServiceAccountToken } from '../../hub/enterprise/service-account-schemas.ts'
import { type Column, table } from '../table.ts'

const COLUMNS: readonly Column<ServiceAccountToken>[] = [
  { heading: 'name', text: ({ displayName }) => displayName },
  { heading: 'id', text: ({ _id }) => _id },
  { heading: 'role', text: ({ role }) => role },
  { heading: 'last used', text: ({ lastUsedAt }) => lastUsedAt ?? 'never' },
  { heading: 'expires', text: ({ expiration }) => expiration ?? 'never' },
  { heading: 'ends in', text: ({ last4 }) => last4 ?? '' },
  { heading: 'may', text: mayText },
]

/** Tokens of one account. */
export function tokensTable(tokens: readonly ServiceAccountToken[], stream: NodeJS.WriteStream): string {
  return table(COLUMNS, tokens, stream)
}

/** Tokens of several accounts. */
export function listedTokensTable(tokens: readonly ListedToken[], stream: NodeJS.WriteStream): string {
  const account: Column<ListedToken> = {
    heading: 'service account',
    text: ({ serviceAccount }) => serviceAccount.user,
  }
  return table([account, ...COLUMNS], tokens, stream)
}

function mayText(token: ServiceAccountToken): string {
  const { permissions, repoIds, repoPermissions, endpointPatterns, skipNetworkSecurity } = token
  return [
    ...permissions,
    ...(repoIds.length === 0
      ? []
      : [`${repoPermissions.join(' and ') || 'nothing'} on ${repoIds.length} repositories`]),
    ...(endpointPatterns.length === 0 ? [] : [`endpoints ${endpointPatterns.join(' ')}`]),
    ...(skipNetworkSecurity === true ? ['exempt from network security'] : []),
  ].join(', ')
}
