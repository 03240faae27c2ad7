import { z } from 'zod'
import { ConnectorError } from '../../errors.ts'
import { call } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkChoice, checkList, checkObject } from './choices.ts'
import { hubIpRange } from './ip-ranges.ts'
import { type HubRequest, organizationPath } from './request.ts'

export const CONTENT_RESOURCES = ['dataset', 'model', 'space', 'bucket', 'kernel', '*'] as const

const contentSchema = z.looseObject({ resource: z.string(), scope: z.string() })

/** `GET` and `PATCH /api/organizations/{name}/settings/network-security`. */
export const networkSecuritySchema = z.looseObject({
  enforceAuth: z.union([z.boolean(), z.string()]),
  enforceIpRestriction: z.boolean(),
  highRateLimits: z.boolean(),
  ipRanges: z.array(z.string()),
  blockedContents: z.array(contentSchema),
  allowedContents: z.array(contentSchema),
  keepReposMetadataVisible: z.boolean(),
})

export type NetworkSecurity = z.infer<typeof networkSecuritySchema>

/** Repositories by type and by scope: a name, a namespace. */
export interface Contents {
  readonly resource: (typeof CONTENT_RESOURCES)[number]
  readonly scope: string
}

/** What is left out stays as it is; a list replaces the whole list. */
export interface NetworkSecurityChanges {
  readonly enforceAuth?: boolean | undefined
  readonly enforceIpRestriction?: boolean | undefined
  readonly highRateLimits?: boolean | undefined
  /** CIDR. */
  readonly ipRanges?: readonly string[] | undefined
  readonly blockedContents?: readonly Contents[] | undefined
  readonly allowedContents?: readonly Contents[] | undefined
  readonly keepReposMetadataVisible?: boolean | undefined
}

const NEEDS =
  'its user must be an admin of the organization, and a fine-grained token needs org.networkSecurity.write on it'
const PLAN = 'an Enterprise Plus plan'

export async function getNetworkSecurity(
  organization: string,
  options: CallOptions = {},
): Promise<NetworkSecurity> {
  const request: HubRequest = { method: 'GET', path: networkSecurityPath(organization) }
  return call(request, networkSecuritySchema, facts('read', organization), options)
}

export async function updateNetworkSecurity(
  organization: string,
  changes: NetworkSecurityChanges,
  options: CallOptions = {},
): Promise<NetworkSecurity> {
  const request = updateNetworkSecurityRequest(organization, changes)
  return call(request, networkSecuritySchema, facts('write', organization), options)
}

export function updateNetworkSecurityRequest(
  organization: string,
  changes: NetworkSecurityChanges,
): HubRequest {
  checkObject(changes, 'What to change of the network security', '{ enforceIpRestriction: true }')
  if (changes.ipRanges !== undefined) checkList(changes.ipRanges, 'ipRanges')
  const body = {
    ...flagsOf(changes),
    ...(changes.ipRanges === undefined ? {} : { ipRanges: changes.ipRanges.map(hubIpRange) }),
    ...contentsOf('blockedContents', changes.blockedContents),
    ...contentsOf('allowedContents', changes.allowedContents),
  }
  if (Object.keys(body).length === 0)
    throw new ConnectorError('CONFIG_INVALID', 'There is nothing to change in the network security.')
  return { method: 'PATCH', path: networkSecurityPath(organization), body }
}

const FLAGS = ['enforceAuth', 'enforceIpRestriction', 'highRateLimits', 'keepReposMetadataVisible'] as const

function flagsOf(changes: NetworkSecurityChanges): Record<string, boolean> {
  const flags: Record<string, boolean> = {}
  for (const name of FLAGS) {
    const value = changes[name]
    if (value === undefined) continue
    if (typeof value !== 'boolean')
      throw new ConnectorError(
        'CONFIG_INVALID',
        `${name} is ${JSON.stringify(value)}; allowed are true and false.`,
      )
    flags[name] = value
  }
  return flags
}

function contentsOf(name: string, contents: readonly Contents[] | undefined): Record<string, Contents[]> {
  if (contents === undefined) return {}
  checkList(contents, name)
  for (const { resource, scope } of contents) {
    checkChoice(resource, CONTENT_RESOURCES, 'a type of content')
    if (typeof scope !== 'string' || scope === '')
      throw new ConnectorError(
        'CONFIG_INVALID',
        `A scope in ${name} is empty; allowed is a name or a namespace.`,
      )
  }
  return { [name]: contents.map(({ resource, scope }) => ({ resource, scope })) }
}

function networkSecurityPath(organization: string): string {
  return `${organizationPath(organization)}/settings/network-security`
}

function facts(access: 'read' | 'write', organization: string) {
  return {
    action: `${access === 'read' ? 'read' : 'change'} the network security of ${organization}`,
    needs: NEEDS,
    subject: `organization ${organization}`,
    plan: PLAN,
  }
}
