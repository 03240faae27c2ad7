import { z } from 'zod'
import { type Answer, emptyAnswer } from '../answers.ts'
import { SYSTEM_AUTHOR } from '../generator.ts'
import type { HubState } from '../hub-state.ts'
import { deleteToken } from '../organization/service-accounts.ts'
import { digestOf } from '../organization/token-book.ts'
import { checkedBody } from './input.ts'
import { accountData } from './service-accounts.ts'

export const credentialsBody = z.object({
  credentials: z.array(z.string().min(1).max(200)).min(1).max(1_000),
})

/** `POST /api/credentials/revoke`: the values are refused from now on, and the answer tells nothing about them. */
export function revokeCredentials(state: HubState, contentType: string | undefined, text: string): Answer {
  const { value, refused } = checkedBody(credentialsBody, contentType, text)
  if (refused !== undefined) return refused
  for (const credential of value.credentials) revoke(state, credential)
  return emptyAnswer(202)
}

function revoke(state: HubState, value: string): void {
  const found = state.tokens.find(value)
  if (found === undefined) state.tokens.withdraw(digestOf(value))
  if (found === undefined || found === 'dead') return
  const { organization, account, token } = found
  deleteToken(state.tokens, account, token)
  state.appendTold(state.log(organization.name), {
    type: 'org.service_account.token.delete',
    message: `${SYSTEM_AUTHOR.name} deleted the leaked token ${token.displayName} of ${account.user}`,
    author: { ...SYSTEM_AUTHOR, type: 'system', avatar: 'system' },
    data: { serviceAccount: accountData(account), token: { _id: token.id, displayName: token.displayName } },
  })
}
