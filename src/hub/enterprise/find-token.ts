import { ConnectorError } from '../../errors.ts'
import { type ListedToken, type ListTokensOptions, listTokens } from './list-tokens.ts'

/** The token of this id or name. Throws as `chosenToken` and as `listTokens`. */
export async function requiredToken(
  organization: string,
  wanted: string,
  options: ListTokensOptions,
): Promise<ListedToken> {
  return chosenToken(await listTokens(organization, options), wanted, organization)
}

/** Throws `HUB_NOT_FOUND`, and `CONFIG_INVALID` with the ids of all when several tokens have the name. */
export function chosenToken(
  tokens: readonly ListedToken[],
  wanted: string,
  organization: string,
): ListedToken {
  const exact = tokens.find(({ _id }) => _id === wanted)
  if (exact !== undefined) return exact
  const named = tokens.filter(({ displayName }) => displayName === wanted)
  if (named.length === 1) return named[0]!
  if (named.length > 1) {
    const ids = named.map(({ _id, serviceAccount }) => `${_id} (of ${serviceAccount.user})`).join(', ')
    throw new ConnectorError(
      'CONFIG_INVALID',
      `${named.length} tokens in ${organization} are named ${JSON.stringify(wanted)}: ${ids}. Name one by its id.`,
    )
  }
  throw new ConnectorError(
    'HUB_NOT_FOUND',
    `No service account that was looked at in ${organization} has a token of the name or id ${JSON.stringify(wanted)}. ` +
      'Tokens of members are not listed by the Hub: they are revoked by their id, or as leaked by their value.',
  )
}
