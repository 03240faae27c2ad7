import { z } from 'zod'
import { errorAnswer, jsonAnswer } from '../answers.ts'
import { ownMember, planRefusal } from '../organization/access.ts'
import type { Member, Organization } from '../organization/organization.ts'
import { route } from './route.ts'
import { email, wholeNumber } from './schemas.ts'

const PATH = '/api/organizations/{name}/members'

const listQuery = z.object({
  search: z.string().optional(),
  email: email.optional(),
  cursor: z.string().optional(),
  limit: wholeNumber(10, 10_000).default(500),
})

export const listMembers = route({
  method: 'GET',
  path: PATH,
  endpoint: 'members',
  needs: { permission: 'org.read' },
  query: listQuery,
  handle({ organization, caller, query, url }) {
    const asAdmin =
      (caller.kind === 'service-account' || ownMember(organization).role === 'admin') &&
      planRefusal(organization.plan, 'team') === undefined
    const found = [...organization.members.values()].filter(
      member =>
        containsText(member, query.search) &&
        // Only who may see addresses finds somebody by one.
        (query.email === undefined || (asAdmin && member.verifiedEmail === query.email)),
    )
    const first = query.cursor === undefined ? 0 : indexAfter(found, query.cursor)
    if (first === undefined) return errorAnswer(400, 'cursor: is none that this list gave')
    const page = found.slice(first, first + query.limit)
    const answer = jsonAnswer(page.map(member => listed(member, organization, asAdmin)))
    if (first + page.length >= found.length) return answer
    const next = new URL(url)
    next.searchParams.set('cursor', cursorOf(page.at(-1)!))
    return { ...answer, headers: { ...answer.headers, link: `<${next.href}>; rel="next"` } }
  },
})

function containsText({ user, fullname }: Member, search: string | undefined): boolean {
  const wanted = search?.toLowerCase() ?? ''
  return user.toLowerCase().includes(wanted) || fullname.toLowerCase().includes(wanted)
}

/** Names the member it stands behind, so that a page begins where the one before ended, whatever changed between. */
function cursorOf({ id }: Member): string {
  return Buffer.from(`after:${id}`).toString('base64url')
}

function indexAfter(members: readonly Member[], cursor: string): number | undefined {
  const before = members.findIndex(member => cursorOf(member) === cursor)
  return before === -1 ? undefined : before + 1
}

function listed(member: Member, organization: Organization, asAdmin: boolean): object {
  const { id, user, fullname, isPro, role, groups, twoFaEnabled, verifiedEmail } = member
  return {
    avatarUrl: `/avatars/${id.slice(0, 8)}.svg`,
    fullname,
    isPro,
    user,
    type: 'user',
    isFollowing: false,
    _id: id,
    role,
    resourceGroups: [...groups].map(([groupId, roleInGroup]) => ({
      name: organization.groups.get(groupId)!.name,
      id: groupId,
      numUsers: [...organization.members.values()].filter(other => other.groups.has(groupId)).length,
      role: roleInGroup,
    })),
    ...(asAdmin && { twoFaEnabled, verifiedEmail }),
    isExternalCollaborator: member.isExternalCollaborator,
  }
}
