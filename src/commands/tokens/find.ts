import { nearest } from '../../config/file.ts'
import { ConnectorError } from '../../errors.ts'
import { chosenServiceAccount } from '../../hub/enterprise/find-service-account.ts'
import { chosenToken } from '../../hub/enterprise/find-token.ts'
import { listServiceAccounts } from '../../hub/enterprise/list-service-accounts.ts'
import { type ListedToken, listTokens } from '../../hub/enterprise/list-tokens.ts'
import type { ServiceAccount } from '../../hub/enterprise/service-account-schemas.ts'
import type { Calling } from '../hub-session.ts'

/** The token of this name or id; a near miss is told. Throws as the library's `revokeToken`. */
export async function findToken(
  organization: string,
  wanted: string,
  serviceAccount: string | undefined,
  call: Calling,
): Promise<ListedToken> {
  if (serviceAccount !== undefined) await findAccount(organization, serviceAccount, call)
  const tokens = await listTokens(organization, { ...call, serviceAccount })
  const names = tokens.map(({ displayName }) => displayName)
  return withNearest(() => chosenToken(tokens, wanted, organization), wanted, names)
}

/** The service account of this user name, name or id; a near miss is told. */
export async function findAccount(
  organization: string,
  wanted: string,
  call: Calling,
): Promise<ServiceAccount> {
  const accounts = await listServiceAccounts(organization, call)
  const names = accounts.flatMap(({ user, name }) => [user, name])
  return withNearest(() => chosenServiceAccount(accounts, wanted, organization), wanted, names)
}

function withNearest<T>(choose: () => T, wanted: string, names: readonly string[]): T {
  try {
    return choose()
  } catch (error) {
    const hint = nearest(wanted, names).replace(/^; did/, ' Did')
    if (!(error instanceof ConnectorError) || error.code !== 'HUB_NOT_FOUND' || hint === '') throw error
    throw new ConnectorError(error.code, `${error.message}${hint}`)
  }
}
