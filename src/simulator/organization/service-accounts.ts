import type { Organization, ServiceAccount } from './organization.ts'
import type { AccountToken, TokenBook } from './token-book.ts'

export interface TokenSettings {
  readonly displayName: string
  readonly permissions?: readonly string[] | undefined
  readonly repoIds?: readonly string[] | undefined
  readonly repoPermissions?: readonly string[] | undefined
  readonly endpointPatterns?: readonly string[] | undefined
  readonly skipNetworkSecurity?: boolean | undefined
}

/** Adds an account without tokens. */
export function newAccount(
  organization: Organization,
  name: string,
  description: string | undefined,
  createdAtMs: number,
): ServiceAccount {
  const id = organization.nextId()
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  const user = `${organization.name}-${slug === '' ? 'account' : slug}-${id.slice(0, 6)}`
  const account: ServiceAccount = {
    id,
    user,
    name,
    email: `${user}@service.example`,
    description,
    createdAtMs,
    tokens: new Map(),
  }
  organization.accounts.set(id, account)
  return account
}

/** Adds a token to an account. Its value is told here and never again. */
export function newToken(
  tokens: TokenBook,
  organization: Organization,
  account: ServiceAccount,
  settings: TokenSettings,
  createdAtMs: number,
  expirationMs?: number,
): { readonly value: string; readonly token: AccountToken } {
  const { value, last4, digest } = tokens.newValue()
  const token: AccountToken = {
    id: organization.nextId(),
    displayName: settings.displayName,
    createdAtMs,
    lastUsedAtMs: undefined,
    expirationMs,
    permissions: settings.permissions ?? [],
    repoIds: (settings.repoIds ?? []).map(id => id.toLowerCase()),
    repoPermissions: settings.repoPermissions ?? [],
    endpointPatterns: settings.endpointPatterns ?? [],
    skipNetworkSecurity: settings.skipNetworkSecurity ?? false,
    last4,
    digest,
  }
  account.tokens.set(token.id, token)
  tokens.enter({ organization, account, token })
  return { value, token }
}

/** Gives a token another value. The old one is refused from now on. */
export function rotateToken(
  tokens: TokenBook,
  organization: Organization,
  account: ServiceAccount,
  token: AccountToken,
  nowMs: number,
): string {
  const { value, last4, digest } = tokens.newValue()
  tokens.withdraw(token.digest)
  token.last4 = last4
  token.digest = digest
  token.createdAtMs = nowMs
  token.lastUsedAtMs = undefined
  tokens.enter({ organization, account, token })
  return value
}

/** Takes a token away from its account; its value is refused from now on. */
export function deleteToken(tokens: TokenBook, account: ServiceAccount, token: AccountToken): void {
  account.tokens.delete(token.id)
  tokens.withdraw(token.digest)
}

/** Takes an account away with all its tokens. */
export function deleteAccount(tokens: TokenBook, organization: Organization, account: ServiceAccount): void {
  for (const token of [...account.tokens.values()]) deleteToken(tokens, account, token)
  organization.accounts.delete(account.id)
}
