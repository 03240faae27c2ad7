import { ConnectorError } from '../../errors.ts'
import type { CallOptions } from './call-options.ts'
import { isObjectId } from './choices.ts'
import { listServiceAccounts } from './list-service-accounts.ts'
import type { ServiceAccount } from './service-account-schemas.ts'

/** The account's id: an id is taken as it is, a name is looked up. Throws as `requiredServiceAccount`. */
export async function requiredServiceAccountId(
  organization: string,
  account: string,
  options: CallOptions,
): Promise<string> {
  return isObjectId(account) ? account : (await requiredServiceAccount(organization, account, options))._id
}

/**
 * The service account of this id, user name or name. Throws `HUB_NOT_FOUND`, and `CONFIG_INVALID` with the ids of all
 * when several have the name.
 */
export async function requiredServiceAccount(
  organization: string,
  account: string,
  options: CallOptions,
): Promise<ServiceAccount> {
  return chosenServiceAccount(await listServiceAccounts(organization, options), account, organization)
}

export function chosenServiceAccount(
  accounts: readonly ServiceAccount[],
  wanted: string,
  organization: string,
): ServiceAccount {
  const exact = accounts.find(({ _id, user }) => _id === wanted || user === wanted)
  if (exact !== undefined) return exact
  const named = accounts.filter(({ name }) => name === wanted)
  if (named.length === 1) return named[0]!
  if (named.length > 1) {
    const ids = named.map(({ _id, user }) => `${_id} (${user})`).join(', ')
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${named.length} service accounts of ${organization} are named ${JSON.stringify(wanted)}: ${ids}. Name one by its id.`,
    )
  }
  const known = accounts.map(({ user }) => user).slice(0, 20)
  throw new ConnectorError(
    'HUB_NOT_FOUND',
    `${organization} has no service account ${JSON.stringify(wanted)}` +
      `${known.length === 0 ? '; it has none at all' : `; it has ${known.join(', ')}`}.`,
  )
}
