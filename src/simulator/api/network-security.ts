import { z } from 'zod'
import { jsonAnswer } from '../answers.ts'
import type { Needs } from '../organization/access.ts'
import { type NetworkSecurity, REPOSITORY_TYPES } from '../organization/organization.ts'
import { type Call, route } from './route.ts'

const PATH = '/api/organizations/{name}/settings/network-security'
const READ: Needs = { permission: 'org.read', roles: ['admin'], plan: 'plus' }
const WRITE: Needs = { permission: 'org.networkSecurity.write', roles: ['admin'], plan: 'plus' }

// The document's own patterns. Of IPv6 they take the full form, and few of the short ones.
const IPV4_RANGE =
  /^((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])\/([0-9]|[1-2][0-9]|3[0-2])$/
const IPV6_RANGE =
  /^(([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|::|([0-9a-fA-F]{1,4})?::([0-9a-fA-F]{1,4}:?){0,6})\/(12[0-8]|1[01][0-9]|[1-9]?[0-9])$/
const ipRange = z.union(
  [z.string().regex(IPV4_RANGE), z.string().regex(IPV6_RANGE)],
  'must be a range such as 192.0.2.0/24 or 2001:db8:0:0:0:0:0:0/32',
)
const contents = z.array(
  z.object({ resource: z.union([z.enum(REPOSITORY_TYPES), z.literal('*')]), scope: z.string().min(1) }),
)

const body = z
  .object({
    enforceAuth: z.boolean(),
    enforceIpRestriction: z.boolean(),
    highRateLimits: z.boolean(),
    ipRanges: z.array(ipRange),
    blockedContents: contents,
    allowedContents: contents,
    keepReposMetadataVisible: z.boolean(),
  })
  .partial()

export const getNetworkSecurity = route({
  method: 'GET',
  path: PATH,
  endpoint: 'network-security',
  needs: READ,
  handle: ({ organization }) => jsonAnswer(organization.network),
})

/** Kept and told; the simulator does not enforce it. */
export const updateNetworkSecurity = route({
  method: 'PATCH',
  path: PATH,
  endpoint: 'network-security',
  needs: WRITE,
  body,
  handle(call) {
    const { organization } = call
    const before = organization.network
    organization.network = Object.assign({}, before, call.body)
    tellChanges(call, before, organization.network)
    return jsonAnswer(organization.network)
  },
})

function tellChanges({ tell, organization }: Call, before: NetworkSecurity, after: NetworkSecurity): void {
  const changed = (Object.keys(after) as (keyof NetworkSecurity)[]).filter(
    key => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  )
  const data = {
    before: Object.fromEntries(changed.map(key => [key, before[key]])),
    after: Object.fromEntries(changed.map(key => [key, after[key]])),
  }
  for (const [key, switched] of SWITCHES) {
    if (!changed.includes(key)) continue
    const action = after[key] === true ? 'enable' : 'disable'
    tell(`org.settings.network.${switched}.${action}`, `${action}d ${switched} of ${organization.name}`, data)
  }
  if (changed.some(key => !SWITCHES.some(([other]) => other === key)))
    tell('org.settings.network', `changed the network security of ${organization.name}`, data)
}

/** Those that have event types of their own. */
const SWITCHES = [
  ['enforceIpRestriction', 'ip_restriction'],
  ['enforceAuth', 'auth_enforcement'],
] as const
