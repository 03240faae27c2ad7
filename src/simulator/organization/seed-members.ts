import { AUDITOR } from '../generator.ts'
import { hashText, mix32, objectId } from '../random.ts'
import { PEOPLE } from '../vocabulary.ts'
import type { Member, OrganizationRole, ResourceGroup } from './organization.ts'

const GROUP_NAMES = ['Research', 'Platform', 'Équipe données', 'Safety'] as const
/** What others than the auditor and the first two are, from the most frequent. */
const COMMON_ROLES: readonly OrganizationRole[] = [
  'write',
  'write',
  'contributor',
  'read',
  'read',
  'no_access',
]

export function seedGroups(organization: string): Map<string, ResourceGroup> {
  const groups = GROUP_NAMES.map(name => ({ id: objectId(`${organization}/groups/${name}`), name }))
  return new Map(groups.map(group => [group.id, group]))
}

/** The owner of the user token, the people whom the log speaks of, and as many more as there are to be. */
export function seedMembers(
  organization: string,
  seed: number,
  count: number,
  ownRole: OrganizationRole,
  groups: readonly ResourceGroup[],
): Map<string, Member> {
  const members = [auditor(ownRole)]
  for (let i = 0; members.length < count; i += 1) {
    const user = PEOPLE[i] ?? `member-${String(i + 1).padStart(5, '0')}-example`
    const word = mix32(hashText(`${organization}/${user}`, seed))
    members.push({
      id: objectId(user),
      user,
      fullname: `${user[0]!.toUpperCase()}${user.slice(1).replace(/-example$/, '')} (example)`,
      isPro: (word & 3) === 0,
      twoFaEnabled: (word & 12) !== 0,
      verifiedEmail: (word & 48) === 0 ? null : `${user}@mail.example`,
      isExternalCollaborator: i > 1 && (word & 0x380) === 0,
      role: i < 2 ? 'admin' : COMMON_ROLES[(word >>> 10) % COMMON_ROLES.length]!,
      groups: new Map(
        groups
          .filter((_, n) => ((word >>> (16 + n)) & 1) === 1)
          .map((group, n) => [group.id, COMMON_ROLES[n]!]),
      ),
    })
  }
  return new Map(members.map(member => [member.user, member]))
}

function auditor(role: OrganizationRole): Member {
  return {
    id: AUDITOR.id,
    user: AUDITOR.name,
    fullname: AUDITOR.fullname,
    isPro: false,
    twoFaEnabled: true,
    verifiedEmail: 'auditor@mail.example',
    isExternalCollaborator: false,
    role,
    groups: new Map(),
  }
}
