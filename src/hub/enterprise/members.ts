import { z } from 'zod'
import { parsed, send } from './call.ts'
import type { CallOptions } from './call-options.ts'
import { checkPageSize, nextCursor } from './pages.ts'
import { type HubRequest, organizationPath } from './request.ts'

const resourceGroupSchema = z.looseObject({
  name: z.string(),
  id: z.string(),
  numUsers: z.number(),
  role: z.string(),
})

/** An item of `GET /api/organizations/{name}/members`. What only admins are told may be absent. */
export const memberSchema = z.looseObject({
  avatarUrl: z.string(),
  fullname: z.string(),
  isPro: z.boolean(),
  user: z.string(),
  type: z.string(),
  isFollowing: z.boolean().optional(),
  _id: z.string(),
  role: z.string().optional(),
  resourceGroups: z.array(resourceGroupSchema).optional(),
  twoFaEnabled: z.boolean().optional(),
  verifiedEmail: z.string().nullable().optional(),
  isExternalCollaborator: z.boolean().optional(),
})

export const membersSchema = z.array(memberSchema)

export type Member = z.infer<typeof memberSchema>

export interface ListMembersOptions extends CallOptions {
  /** Part of a name. */
  readonly search?: string | undefined
  /** The whole address. */
  readonly email?: string | undefined
  /** Members a request, 10 to 10,000; the Hub's own default is 500. */
  readonly pageSize?: number | undefined
}

/** All members that match, from all pages. */
export async function listMembers(organization: string, options: ListMembersOptions = {}): Promise<Member[]> {
  const members: Member[] = []
  for await (const member of streamMembers(organization, options)) members.push(member)
  return members
}

/** The members that match, one after another; the next page is asked for when it is needed. */
export async function* streamMembers(
  organization: string,
  options: ListMembersOptions = {},
): AsyncGenerator<Member, void, void> {
  const facts = {
    action: `list the members of ${organization}`,
    needs:
      'its user must be a member of the organization, and a fine-grained token must be permitted to read it',
    subject: `organization ${organization}`,
  }
  const seen = new Set<string>()
  let cursor: string | undefined
  do {
    const answer = await send(listMembersRequest(organization, options, cursor), facts, options)
    yield* parsed(answer, membersSchema)
    cursor = nextCursor(answer, seen)
  } while (cursor !== undefined)
}

export function listMembersRequest(
  organization: string,
  { search, email, pageSize }: ListMembersOptions,
  cursor?: string,
): HubRequest {
  if (pageSize !== undefined) checkPageSize(pageSize)
  const query: Record<string, string> = {}
  if (search) query.search = search
  if (email) query.email = email
  if (pageSize !== undefined) query.limit = String(pageSize)
  if (cursor !== undefined) query.cursor = cursor
  return { method: 'GET', path: `${organizationPath(organization)}/members`, query }
}
