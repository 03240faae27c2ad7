import { ConnectorError } from '../../errors.ts'
import { call } from './call.ts'
import { checkLength, checkObject } from './choices.ts'
import { requiredToken } from './find-token.ts'
import { CHANGING } from './list-service-accounts.ts'
import type { ListTokensOptions } from './list-tokens.ts'
import type { HubRequest } from './request.ts'
import { tokenPath } from './rotate-token.ts'
import { type UpdatedToken, updatedTokenSchema } from './service-account-schemas.ts'
import { checkRepositories, scopeBody, type TokenScope } from './token-permissions.ts'

/** What is left out stays as it is. */
export interface TokenChanges extends TokenScope {
  /** Shown: 1 to 100 characters. */
  readonly name?: string | undefined
}

/**
 * Changes the name or the permissions of a service account's token (its id or name). Throws as `revokeToken`, and
 * `CONFIG_INVALID` where repositories or the permissions on them would stand alone, together with what the token has.
 */
export async function updateToken(
  organization: string,
  token: string,
  changes: TokenChanges,
  options: ListTokensOptions = {},
): Promise<UpdatedToken> {
  // Before anything is asked for.
  updateTokenRequest(organization, '0', '0', changes)
  const found = await requiredToken(organization, token, options)
  checkRepositories(changes, found)
  const { _id, serviceAccount } = found
  const facts = {
    action: `change tokens in ${organization}`,
    needs: `${CHANGING}, and skipNetworkSecurity needs org.networkSecurity.write`,
    subject: `organization ${organization}, or no token ${token} in it`,
  }
  const request = updateTokenRequest(organization, serviceAccount._id, _id, changes)
  return call(request, updatedTokenSchema, facts, options)
}

export function updateTokenRequest(
  organization: string,
  serviceAccountId: string,
  tokenId: string,
  changes: TokenChanges,
): HubRequest {
  checkObject(changes, 'What to change of the token', "{ permissions: ['repo.content.read'] }")
  const { name, ...scope } = changes
  if (name !== undefined) checkLength(name, 1, 100, "A token's name")
  const body = { ...(name === undefined ? {} : { displayName: name }), ...scopeBody(scope) }
  // What the token has already is not known here.
  checkRepositories(scope, {})
  if (Object.keys(body).length === 0)
    throw new ConnectorError('CONFIG_INVALID', 'There is nothing to change: give a name or permissions.')
  return { method: 'PATCH', path: tokenPath(organization, serviceAccountId, tokenId), body }
}
