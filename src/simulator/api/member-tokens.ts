import { emptyAnswer, notFoundAnswer } from '../answers.ts'
import { AUDITOR } from '../generator.ts'
import { route } from './route.ts'

/** The token keeps working elsewhere; this organization refuses it. */
export const revokeMemberToken = route({
  method: 'POST',
  path: '/api/organizations/{name}/settings/tokens/{tokenId}/revoke',
  endpoint: 'member-tokens',
  needs: { permission: 'org.write', roles: ['admin'], plan: 'enterprise' },
  handle({ organization, path, tell }) {
    const id = path.tokenId!
    const standing = organization.memberTokens.get(id)
    if (standing === undefined) return notFoundAnswer('Access token')
    if (standing === 'active') {
      tell('org.token_approval.authorization_request.revoked', `revoked the token ${id}`, { token: { id } })
      organization.memberTokens.set(id, 'revoked')
      if (id === AUDITOR.tokenId) organization.access.restriction = 'revoked'
    }
    // The Hub's document has no answer for this call.
    return emptyAnswer(204)
  },
})
