import { callForSuccess } from './call.ts'
import { requiredToken } from './find-token.ts'
import { CHANGING } from './list-service-accounts.ts'
import type { ListedToken, ListTokensOptions } from './list-tokens.ts'
import type { HubRequest } from './request.ts'
import { tokenPath } from './rotate-token.ts'

/** What was revoked. */
export type RevokedToken = Pick<ListedToken, '_id' | 'displayName' | 'serviceAccount'>

/**
 * Deletes a service account's token, by its id or its name. Throws `HUB_NOT_FOUND`, and `CONFIG_INVALID` with all ids
 * when several tokens have the name.
 */
export async function revokeToken(
  organization: string,
  token: string,
  options: ListTokensOptions = {},
): Promise<RevokedToken> {
  const { _id, displayName, serviceAccount } = await requiredToken(organization, token, options)
  const facts = {
    action: `revoke tokens in ${organization}`,
    needs: CHANGING,
    subject: `organization ${organization}, or no token ${token} in it`,
  }
  await callForSuccess(revokeTokenRequest(organization, serviceAccount._id, _id), facts, options)
  return { _id, displayName, serviceAccount }
}

export function revokeTokenRequest(
  organization: string,
  serviceAccountId: string,
  tokenId: string,
): HubRequest {
  return { method: 'DELETE', path: tokenPath(organization, serviceAccountId, tokenId) }
}
