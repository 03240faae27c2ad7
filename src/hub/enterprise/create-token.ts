import { ConnectorError } from '../../errors.ts'
import { callForToken } from './call-for-token.ts'
import type { CallOptions } from './call-options.ts'
import { checkChoice, checkLength, checkObject } from './choices.ts'
import { requiredServiceAccountId } from './find-service-account.ts'
import { CHANGING, serviceAccountPath } from './list-service-accounts.ts'
import type { HubRequest } from './request.ts'
import { type CreatedToken, createdTokenSchema } from './service-account-schemas.ts'
import {
  checkRepositories,
  ROLE_PERMISSIONS,
  scopeBody,
  TOKEN_ROLES,
  type TokenPermission,
  type TokenRole,
  type TokenScope,
} from './token-permissions.ts'

export interface NewToken extends TokenScope {
  /** Shown: 1 to 100 characters. */
  readonly name: string
  /**
   * Stands for the permissions in `ROLE_PERMISSIONS`. Either this or `permissions`; `read` where neither is given and
   * no repositories are chosen.
   */
  readonly role?: TokenRole | undefined
  /** Refused: the Hub's tokens of service accounts do not expire. */
  readonly expiresAt?: string | Date | undefined
}

/**
 * Creates a token of a service account (its id, user name or name). The value is in the answer's `token`, once and for
 * all: the Hub does not tell it again.
 */
export async function createToken(
  organization: string,
  serviceAccount: string,
  token: NewToken,
  options: CallOptions = {},
): Promise<CreatedToken> {
  // Before anything is asked for.
  createTokenRequest(organization, serviceAccount, token)
  const id = await requiredServiceAccountId(organization, serviceAccount, options)
  const facts = {
    action: `create tokens in ${organization}`,
    needs: `${CHANGING}, and skipNetworkSecurity needs org.networkSecurity.write`,
    subject: `organization ${organization}, or no service account ${serviceAccount} in it`,
  }
  return callForToken(createTokenRequest(organization, id, token), createdTokenSchema, facts, options)
}

export function createTokenRequest(
  organization: string,
  serviceAccountId: string,
  token: NewToken,
): HubRequest {
  checkObject(token, 'The new token', "{ name: 'deploy', role: 'read' }")
  if (token.expiresAt !== undefined && token.expiresAt !== null) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      "A service account's token cannot be given an expiry: the Hub takes none. Create it without expiresAt, and rotate " +
        'or revoke it when its time has come.',
    )
  }
  checkLength(token.name, 1, 100, "A token's name")
  const permissions = permissionsOf(token)
  const scope = scopeBody({ ...token, permissions })
  checkRepositories(token, { repoIds: [], repoPermissions: [] })
  return {
    method: 'POST',
    path: `${serviceAccountPath(organization, serviceAccountId)}/tokens`,
    body: { displayName: token.name, ...scope },
  }
}

function permissionsOf({ role, permissions, repoIds }: NewToken): readonly TokenPermission[] | undefined {
  if (role === undefined) {
    return permissions ?? (repoIds === undefined ? ROLE_PERMISSIONS.read : undefined)
  }
  checkChoice(role, TOKEN_ROLES, "a token's role")
  if (permissions === undefined) return ROLE_PERMISSIONS[role]
  throw new ConnectorError(
    'CONFIG_INVALID',
    'A token is given a role or permissions, not both: the role stands for permissions.',
  )
}
