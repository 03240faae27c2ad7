import { z } from 'zod'
import { emptyAnswer, jsonAnswer, notFoundAnswer } from '../answers.ts'
import type { Needs } from '../organization/access.ts'
import type { ServiceAccount } from '../organization/organization.ts'
import { deleteAccount, newAccount } from '../organization/service-accounts.ts'
import type { AccountToken } from '../organization/token-book.ts'
import { type Call, route } from './route.ts'

const LIST = '/api/organizations/{name}/service-accounts'
const ONE = `${LIST}/{serviceAccountId}`
export const READ: Needs = { permission: 'org.serviceAccounts.read', roles: ['admin'], plan: 'team' }
export const WRITE: Needs = { permission: 'org.serviceAccounts.write', roles: ['admin'], plan: 'team' }

export const NO_ACCOUNT = notFoundAnswer('Service account')

/** The account that the path names. */
export function accountOf({ organization, path }: Call): ServiceAccount | undefined {
  return organization.accounts.get(path.serviceAccountId!)
}

/** What events say of an account. */
export function accountData({ id, user }: ServiceAccount): object {
  return { _id: id, name: user }
}

export const listServiceAccounts = route({
  method: 'GET',
  path: LIST,
  endpoint: 'service-accounts',
  needs: READ,
  handle: ({ organization }) => jsonAnswer([...organization.accounts.values()].map(listed)),
})

export const createServiceAccount = route({
  method: 'POST',
  path: LIST,
  endpoint: 'service-accounts',
  needs: WRITE,
  body: z.object({ name: z.string().min(1).max(50), description: z.string().max(500).optional() }),
  handle({ organization, body, nowMs, tell }) {
    const account = newAccount(organization, body.name, body.description, nowMs)
    tell('org.service_account.create', `created the service account ${account.user}`, {
      serviceAccount: accountData(account),
    })
    const { id, user, name, description } = account
    const createdAt = new Date(nowMs).toISOString()
    return jsonAnswer({ _id: id, user, fullname: name, description, createdAt }, 201)
  },
})

export const getServiceAccount = route({
  method: 'GET',
  path: ONE,
  endpoint: 'service-accounts',
  needs: READ,
  handle(call) {
    const account = accountOf(call)
    if (account === undefined) return NO_ACCOUNT
    return jsonAnswer({ ...listed(account), accessTokens: [...account.tokens.values()].map(listedToken) })
  },
})

export const deleteServiceAccount = route({
  method: 'DELETE',
  path: ONE,
  endpoint: 'service-accounts',
  needs: WRITE,
  handle(call) {
    const account = accountOf(call)
    if (account === undefined) return NO_ACCOUNT
    call.tell('org.service_account.delete', `deleted the service account ${account.user}`, {
      serviceAccount: accountData(account),
    })
    deleteAccount(call.tokens, call.organization, account)
    return emptyAnswer(204)
  },
})

function listed({ id, user, name, email, description, createdAtMs }: ServiceAccount): object {
  return { _id: id, user, name, email, description, createdAt: timeText(createdAtMs) }
}

function listedToken(token: AccountToken): object {
  return {
    _id: token.id,
    displayName: token.displayName,
    createdAt: timeText(token.createdAtMs),
    lastUsedAt: timeText(token.lastUsedAtMs),
    expiration: timeText(token.expirationMs),
    role: 'fineGrained',
    permissions: token.permissions,
    repoIds: token.repoIds,
    repoPermissions: token.repoPermissions,
    endpointPatterns: token.endpointPatterns,
    last4: token.last4,
    skipNetworkSecurity: token.skipNetworkSecurity,
  }
}

function timeText(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
