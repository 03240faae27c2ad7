import { callForSuccess } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { type HubRequest, organizationPath, pathSegment } from './request.ts'

/**
 * Takes away a member's token's access to the organization; elsewhere the token goes on working. `tokenId` is the one
 * that the organization's token settings show, and `token.id` of audit events. Enterprise.
 */
export async function revokeMemberToken(
  organization: string,
  tokenId: string,
  options: CallOptions = {},
): Promise<void> {
  const facts = {
    action: `revoke tokens of the members of ${organization}`,
    needs:
      'its user must be an admin of the organization, and a fine-grained token must be permitted to write to it',
    subject: `organization ${organization}, or no token ${tokenId} known in it`,
    plan: 'an Enterprise plan',
  }
  return callForSuccess(revokeMemberTokenRequest(organization, tokenId), facts, options)
}

export function revokeMemberTokenRequest(organization: string, tokenId: string): HubRequest {
  const segment = pathSegment(tokenId, "a token's id")
  return { method: 'POST', path: `${organizationPath(organization)}/settings/tokens/${segment}/revoke` }
}
