import { z } from 'zod'
import { call } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { type HubRequest, organizationPath, pathSegment } from './request.ts'
import { type ServiceAccount, serviceAccountSchema } from './service-account-schemas.ts'

/** What reading and changing service accounts needs, for the words of a refusal. */
export const READING =
  'its user must be an admin of the organization, a fine-grained token needs org.serviceAccounts.read on it'
export const CHANGING =
  'its user must be an admin of the organization, a fine-grained token needs org.serviceAccounts.write on it'

export async function listServiceAccounts(
  organization: string,
  options: CallOptions = {},
): Promise<ServiceAccount[]> {
  const request: HubRequest = { method: 'GET', path: serviceAccountsPath(organization) }
  const facts = {
    action: `list the service accounts of ${organization}`,
    needs: READING,
    subject: `organization ${organization}`,
  }
  return call(request, z.array(serviceAccountSchema), facts, options)
}

export function serviceAccountsPath(organization: string): string {
  return `${organizationPath(organization)}/service-accounts`
}

export function serviceAccountPath(organization: string, serviceAccountId: string): string {
  return `${serviceAccountsPath(organization)}/${pathSegment(serviceAccountId, "a service account's id")}`
}
