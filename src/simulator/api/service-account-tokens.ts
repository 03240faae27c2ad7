import { z } from 'zod'
import { type Answer, emptyAnswer, jsonAnswer, notFoundAnswer } from '../answers.ts'
import { refusal } from '../organization/access.ts'
import type { ServiceAccount } from '../organization/organization.ts'
import { deleteToken, newToken, rotateToken } from '../organization/service-accounts.ts'
import type { AccountToken } from '../organization/token-book.ts'
import { type Call, route } from './route.ts'
import { id } from './schemas.ts'
import { accountData, accountOf, NO_ACCOUNT, WRITE } from './service-accounts.ts'

const LIST = '/api/organizations/{name}/service-accounts/{serviceAccountId}/tokens'
const ONE = `${LIST}/{tokenId}`
const NO_TOKEN = notFoundAnswer('Access token')

/** What a service account's token may be given: fewer than there are for users. */
const PERMISSIONS = [
  'repo.content.read',
  'repo.write',
  'inference.serverless.write',
  'inference.endpoints.infer.write',
  'inference.endpoints.write',
  'org.read',
  'org.write',
  'collection.read',
  'collection.write',
  'resourceGroup.write',
  'job.write',
  'org.serviceAccounts.read',
  'org.serviceAccounts.write',
] as const

const fields = {
  displayName: z.string().min(1).max(100),
  permissions: z.array(z.enum(PERMISSIONS)),
  repoIds: z.array(id),
  repoPermissions: z.array(z.enum(['repo.content.read', 'repo.write'])),
  endpointPatterns: z
    .array(
      z
        .string()
        .max(256)
        .regex(/^[^.?()\]\\[{}]+$/, 'must be a name with * for wildcards'),
    )
    .max(20),
  skipNetworkSecurity: z.boolean(),
}

const createBody = z.object({
  displayName: fields.displayName.default('API Token'),
  permissions: fields.permissions.default([]),
  repoIds: fields.repoIds.optional(),
  repoPermissions: fields.repoPermissions.default([]),
  endpointPatterns: fields.endpointPatterns.default([]),
  skipNetworkSecurity: fields.skipNetworkSecurity.default(false),
})

export const createToken = route({
  method: 'POST',
  path: LIST,
  endpoint: 'service-account-tokens',
  needs: WRITE,
  body: createBody,
  handle(call) {
    const { organization, tokens, body, nowMs } = call
    const account = accountOf(call)
    if (account === undefined) return NO_ACCOUNT
    const refused = networkExemptionRefusal(call, body.skipNetworkSecurity)
    if (refused !== undefined) return refused
    const { value, token } = newToken(tokens, organization, account, body, nowMs)
    tellOf(call, 'create', 'issued', 'to', account, token)
    const createdAt = new Date(token.createdAtMs).toISOString()
    return jsonAnswer({ token: value, tokenInfo: { ...settingsOf(token), createdAt } }, 201)
  },
})

export const updateToken = route({
  method: 'PATCH',
  path: ONE,
  endpoint: 'service-account-tokens',
  needs: WRITE,
  body: z.object(fields).partial(),
  handle(call) {
    const { account, token, missing } = tokenOf(call)
    if (missing !== undefined) return missing
    const { body } = call
    const refused = networkExemptionRefusal(call, body.skipNetworkSecurity)
    if (refused !== undefined) return refused
    Object.assign(token, body, body.repoIds && { repoIds: body.repoIds.map(repoId => repoId.toLowerCase()) })
    tellOf(call, 'update', 'changed', 'of', account, token)
    return jsonAnswer(settingsOf(token))
  },
})

export const deleteAccountToken = route({
  method: 'DELETE',
  path: ONE,
  endpoint: 'service-account-tokens',
  needs: WRITE,
  handle(call) {
    const { account, token, missing } = tokenOf(call)
    if (missing !== undefined) return missing
    deleteToken(call.tokens, account, token)
    tellOf(call, 'delete', 'deleted', 'of', account, token)
    return emptyAnswer(204)
  },
})

export const rotateAccountToken = route({
  method: 'POST',
  path: `${ONE}/rotate`,
  endpoint: 'service-account-tokens',
  needs: WRITE,
  handle(call) {
    const { account, token, missing } = tokenOf(call)
    if (missing !== undefined) return missing
    const value = rotateToken(call.tokens, call.organization, account, token, call.nowMs)
    tellOf(call, 'rotate', 'replaced', 'of', account, token)
    const { id: _id, displayName, last4 } = token
    const createdAt = new Date(token.createdAtMs).toISOString()
    return jsonAnswer({ token: value, tokenInfo: { _id, displayName, createdAt, last4 } })
  },
})

type Found =
  | { readonly account: ServiceAccount; readonly token: AccountToken; readonly missing?: undefined }
  | { readonly account?: undefined; readonly token?: undefined; readonly missing: Answer }

/** Account and token that the path names. */
function tokenOf(call: Call): Found {
  const account = accountOf(call)
  if (account === undefined) return { missing: NO_ACCOUNT }
  const token = account.tokens.get(call.path.tokenId!)
  return token === undefined ? { missing: NO_TOKEN } : { account, token }
}

/** Such an exemption asks for more than the rest of the call. */
function networkExemptionRefusal({ caller, organization }: Call, wanted: boolean | undefined) {
  if (wanted !== true) return undefined
  return refusal(caller, organization, { permission: 'org.networkSecurity.write', plan: 'plus' })
}

function settingsOf(token: AccountToken): object {
  const { id: _id, displayName, permissions, repoIds, repoPermissions } = token
  const { endpointPatterns, skipNetworkSecurity } = token
  return {
    _id,
    displayName,
    permissions,
    repoIds,
    repoPermissions,
    endpointPatterns,
    skipNetworkSecurity,
  }
}

function tellOf(
  { tell }: Call,
  action: 'create' | 'update' | 'delete' | 'rotate',
  did: string,
  preposition: 'to' | 'of',
  account: ServiceAccount,
  { id: _id, displayName }: AccountToken,
): void {
  tell(
    `org.service_account.token.${action}`,
    `${did} the token ${displayName} ${preposition} ${account.user}`,
    { serviceAccount: accountData(account), token: { _id, displayName } },
  )
}
