import { ConnectorError } from '../../errors.ts'
import type { CallOptions } from './call-options.ts'
import { requiredServiceAccount } from './find-service-account.ts'
import { listServiceAccounts } from './list-service-accounts.ts'
import type { ServiceAccount, ServiceAccountToken } from './service-account-schemas.ts'
import { getServiceAccount } from './service-accounts.ts'

/** Accounts that are asked about at the same time. */
const SIDE_BY_SIDE = 4

/** A token with the account whose it is. */
export type ListedToken = ServiceAccountToken & {
  readonly serviceAccount: Pick<ServiceAccount, '_id' | 'user' | 'name'>
}

export interface ListTokensOptions extends CallOptions {
  /** Of one service account alone: its id, user name or name. */
  readonly serviceAccount?: string | undefined
}

/**
 * The tokens of the organization's service accounts. The Hub has no list of the tokens of members; the one in use is
 * described by `whoAmI`.
 */
export async function listTokens(
  organization: string,
  options: ListTokensOptions = {},
): Promise<ListedToken[]> {
  const accounts =
    options.serviceAccount === undefined
      ? await listServiceAccounts(organization, options)
      : [await requiredServiceAccount(organization, options.serviceAccount, options)]
  const tokens: ListedToken[][] = []
  const waiting = accounts.entries()
  const worker = async (): Promise<void> => {
    for (const [index, account] of waiting) tokens[index] = await tokensOf(organization, account, options)
  }
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker))
  return tokens.flat()
}

async function tokensOf(
  organization: string,
  { _id, user, name }: ServiceAccount,
  options: ListTokensOptions,
): Promise<ListedToken[]> {
  try {
    const { accessTokens = [] } = await getServiceAccount(organization, _id, options)
    return accessTokens.map(token => ({ ...token, serviceAccount: { _id, user, name } }))
  } catch (error) {
    // Deleted since it was listed.
    if (options.serviceAccount === undefined && isNotFound(error)) return []
    throw error
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof ConnectorError && error.code === 'HUB_NOT_FOUND'
}
