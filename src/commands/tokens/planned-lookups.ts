import { isObjectId } from '../../hub/enterprise/choices.ts'
import { serviceAccountPath, serviceAccountsPath } from '../../hub/enterprise/list-service-accounts.ts'
import type { HubRequest } from '../../hub/enterprise/request.ts'
import { type PlannedRequest, SERVICE_ACCOUNT_ID, TOKEN_ID } from '../hub-change/dry-run.ts'

/** What is asked first to find a service account by its name; nothing for an id. */
export function plannedAccountLookup(organization: string, account: string): PlannedRequest[] {
  if (isObjectId(account)) return []
  return [
    {
      request: { method: 'GET', path: serviceAccountsPath(organization) },
      purpose: `to find the service account ${account}: its id is ${SERVICE_ACCOUNT_ID} below`,
    },
  ]
}

/** A change of one token, and what is asked first to find it and its account. */
export function plannedTokenChange(
  organization: string,
  token: string,
  account: string | undefined,
  requestOf: (organization: string, accountId: string, tokenId: string) => HubRequest,
): PlannedRequest[] {
  const id = account !== undefined && isObjectId(account) ? account : SERVICE_ACCOUNT_ID
  return [
    {
      request: { method: 'GET', path: serviceAccountsPath(organization) },
      purpose:
        account === undefined ? 'to see every service account' : `to find the service account ${account}`,
    },
    {
      request: { method: 'GET', path: serviceAccountPath(organization, id) },
      purpose:
        account === undefined
          ? `of each, to find the token ${token}: its id is ${TOKEN_ID} below`
          : `to find the token ${token}: its id is ${TOKEN_ID} below`,
    },
    { request: requestOf(organization, id, isObjectId(token) ? token : TOKEN_ID) },
  ]
}
