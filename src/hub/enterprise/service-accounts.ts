import { call, callForSuccess } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkLength, checkObject } from './choices.ts'
import { requiredServiceAccountId } from './find-service-account.ts'
import { CHANGING, READING, serviceAccountPath, serviceAccountsPath } from './list-service-accounts.ts'
import type { HubRequest } from './request.ts'
import {
  type CreatedServiceAccount,
  createdServiceAccountSchema,
  type ServiceAccountDetails,
  serviceAccountDetailsSchema,
} from './service-account-schemas.ts'

/** One service account with what is known of its tokens. `account` is its id, user name or name. */
export async function getServiceAccount(
  organization: string,
  account: string,
  options: CallOptions = {},
): Promise<ServiceAccountDetails> {
  const id = await requiredServiceAccountId(organization, account, options)
  const request: HubRequest = { method: 'GET', path: serviceAccountPath(organization, id) }
  const facts = {
    action: `read the service accounts of ${organization}`,
    needs: READING,
    subject: `organization ${organization}, or no service account ${account} in it`,
  }
  return call(request, serviceAccountDetailsSchema, facts, options)
}

export interface NewServiceAccount {
  /** Shown: 1 to 50 characters. */
  readonly name: string
  /** What it is for: at most 500 characters. */
  readonly description?: string | undefined
}

export async function createServiceAccount(
  organization: string,
  account: NewServiceAccount,
  options: CallOptions = {},
): Promise<CreatedServiceAccount> {
  const facts = {
    action: `create service accounts in ${organization}`,
    needs: CHANGING,
    subject: `organization ${organization}`,
  }
  return call(createServiceAccountRequest(organization, account), createdServiceAccountSchema, facts, options)
}

export function createServiceAccountRequest(organization: string, account: NewServiceAccount): HubRequest {
  checkObject(account, 'The new service account', "{ name: 'CI' }")
  const { name, description } = account
  checkLength(name, 1, 50, "A service account's name")
  if (description !== undefined) checkLength(description, 0, 500, "A service account's description")
  return {
    method: 'POST',
    path: serviceAccountsPath(organization),
    body: { name, ...(description === undefined ? {} : { description }) },
  }
}

/** Deletes a service account and all its tokens, for good. `account` is its id, user name or name. */
export async function deleteServiceAccount(
  organization: string,
  account: string,
  options: CallOptions = {},
): Promise<{ readonly _id: string }> {
  const _id = await requiredServiceAccountId(organization, account, options)
  const facts = {
    action: `delete service accounts of ${organization}`,
    needs: CHANGING,
    subject: `organization ${organization}, or no service account ${account} in it`,
  }
  await callForSuccess(deleteServiceAccountRequest(organization, _id), facts, options)
  return { _id }
}

export function deleteServiceAccountRequest(organization: string, serviceAccountId: string): HubRequest {
  return { method: 'DELETE', path: serviceAccountPath(organization, serviceAccountId) }
}
