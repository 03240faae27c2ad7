import { callForToken } from './call-for-token.ts'
import { requiredToken } from './find-token.ts'
import { CHANGING, serviceAccountPath } from './list-service-accounts.ts'
import type { ListTokensOptions } from './list-tokens.ts'
import { type HubRequest, pathSegment } from './request.ts'
import { type RotatedToken, rotatedTokenSchema } from './service-account-schemas.ts'

/**
 * Gives a service account's token (its id or name) a new value with the same permissions. The old value stops working
 * at once; the new one is in the answer's `token`, once and for all. Throws as `revokeToken`.
 */
export async function rotateToken(
  organization: string,
  token: string,
  options: ListTokensOptions = {},
): Promise<RotatedToken> {
  const { _id, serviceAccount } = await requiredToken(organization, token, options)
  const facts = {
    action: `rotate tokens in ${organization}`,
    needs: CHANGING,
    subject: `organization ${organization}, or no token ${token} in it`,
  }
  const request = rotateTokenRequest(organization, serviceAccount._id, _id)
  return callForToken(request, rotatedTokenSchema, facts, options)
}

export function rotateTokenRequest(
  organization: string,
  serviceAccountId: string,
  tokenId: string,
): HubRequest {
  return { method: 'POST', path: `${tokenPath(organization, serviceAccountId, tokenId)}/rotate` }
}

export function tokenPath(organization: string, serviceAccountId: string, tokenId: string): string {
  const account = serviceAccountPath(organization, serviceAccountId)
  return `${account}/tokens/${pathSegment(tokenId, "a token's id")}`
}
