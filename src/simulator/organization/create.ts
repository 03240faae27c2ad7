import { AUDITOR, MEMBER_TOKENS, memberTokenId, ORIGIN_MS } from '../generator.ts'
import { objectId } from '../random.ts'
import type { Organization, OrganizationRole, Plan } from './organization.ts'
import { seedGroups, seedMembers } from './seed-members.ts'
import { seedRepositories } from './seed-repositories.ts'
import { newAccount, newToken } from './service-accounts.ts'
import type { TokenBook } from './token-book.ts'

export interface OrganizationSettings {
  /** Of the user whose token is in use. */
  readonly role: OrganizationRole
  /** Undefined: an organization without a paid plan. */
  readonly plan: Plan | undefined
  /** Of the user's token, on each organization. */
  readonly permissions: readonly string[]
  /** How many there are, the user of the token among them. */
  readonly members: number
}

const DAY_MS = 86_400_000

/** An organization as it is at the start: invented, and the same for the same seed and name. */
export function createOrganization(
  name: string,
  seed: number,
  settings: OrganizationSettings,
  tokens: TokenBook,
): Organization {
  const groups = seedGroups(name)
  let ids = 0
  const organization: Organization = {
    name,
    id: objectId(name),
    plan: settings.plan,
    access: { permissions: settings.permissions, restriction: undefined },
    members: seedMembers(name, seed, settings.members, settings.role, [...groups.values()]),
    groups,
    accounts: new Map(),
    repositories: seedRepositories(name, seed),
    network: {
      enforceAuth: false,
      enforceIpRestriction: false,
      highRateLimits: true,
      // The document's pattern takes few of the short forms of IPv6.
      ipRanges: ['192.0.2.0/24', '2001:db8:0:0:0:0:0:0/32'],
      blockedContents: [],
      allowedContents: [],
      keepReposMetadataVisible: true,
    },
    memberTokens: new Map(
      // The last one was deleted by its owner.
      Array.from({ length: MEMBER_TOKENS - 1 }, (_, number) => [memberTokenId(number), 'active']),
    ),
    nextId() {
      ids += 1
      return objectId(`${seed}/${name}/${ids}`)
    },
  }
  organization.memberTokens.set(AUDITOR.tokenId, 'active')
  seedAccounts(organization, tokens)
  return organization
}

/** Two accounts, whose tokens are such that somebody may want to find out about them. */
function seedAccounts(organization: Organization, tokens: TokenBook): void {
  const at = (days: number) => ORIGIN_MS + days * DAY_MS
  const ci = newAccount(organization, 'CI pipeline (example)', 'Builds and publishes models', at(-90))
  newToken(tokens, organization, ci, { displayName: 'build', permissions: ['repo.write'] }, at(-90))
  const deploy = { displayName: 'deploy', permissions: ['repo.content.read', 'inference.endpoints.write'] }
  newToken(tokens, organization, ci, deploy, at(-30)).token.lastUsedAtMs = at(-1)
  const auditing = newAccount(organization, 'Inventory (example)', undefined, at(-10))
  const expiring = { displayName: 'inventory', permissions: ['org.read', 'org.serviceAccounts.read'] }
  newToken(tokens, organization, auditing, expiring, at(-10), Date.UTC(2099, 0, 1))
}
