import { ConnectorError } from '../../errors.ts'
import { callForSuccess } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkList } from './choices.ts'
import type { HubRequest } from './request.ts'

const MAX_CREDENTIALS = 1000
const MAX_CREDENTIAL_LENGTH = 200

/**
 * Invalidates leaked tokens, 1 to 1,000 raw values: whoever has a value may. No token is needed or sent. The owners are
 * told by e-mail. The Hub's answer is the same whether a token existed or not, so there is nothing to return.
 */
export async function revokeLeakedTokens(
  credentials: readonly string[],
  options: Omit<CallOptions, 'accessToken'> = {},
): Promise<void> {
  const facts = {
    action: 'revoke leaked tokens',
    needs: 'anybody may, so something in between refuses it: check HF_ENDPOINT and HTTPS_PROXY',
    subject: '/api/credentials/revoke',
    secrets: credentials,
    anonymous: true,
  }
  return callForSuccess(revokeLeakedTokensRequest(credentials), facts, options)
}

/** Its body holds the values: not to be shown. */
export function revokeLeakedTokensRequest(credentials: readonly string[]): HubRequest {
  checkList(credentials, 'What to revoke')
  if (credentials.length < 1 || credentials.length > MAX_CREDENTIALS) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `There are ${credentials.length} leaked tokens to revoke; allowed are 1 to ${MAX_CREDENTIALS} at once.`,
    )
  }
  const wrong = credentials.findIndex(
    value => typeof value !== 'string' || value.length < 1 || value.length > MAX_CREDENTIAL_LENGTH,
  )
  if (wrong >= 0) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      `Leaked token ${wrong + 1} cannot be a token: allowed are 1 to ${MAX_CREDENTIAL_LENGTH} characters.`,
    )
  }
  return { method: 'POST', path: '/api/credentials/revoke', body: { credentials: [...credentials] } }
}
