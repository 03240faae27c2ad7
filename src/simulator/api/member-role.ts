import { z } from 'zod'
import { emptyAnswer, notFoundAnswer } from '../answers.ts'
import { type Member, ROLES } from '../organization/organization.ts'
import { type Call, route } from './route.ts'
import { id } from './schemas.ts'

const roleBody = z.object({
  role: z.enum(ROLES),
  resourceGroups: z.array(z.object({ id, role: z.enum(ROLES) })).optional(),
})

/** Without `resourceGroups` the member leaves all of them. */
export const setMemberRole = route({
  method: 'PUT',
  path: '/api/organizations/{name}/members/{username}/role',
  endpoint: 'member-role',
  needs: { permission: 'org.write', roles: ['admin'], plan: 'team' },
  body: roleBody,
  handle(call) {
    const { organization, body, path } = call
    const member = organization.members.get(path.username!)
    if (member === undefined) return notFoundAnswer('User')
    const groups = new Map((body.resourceGroups ?? []).map(group => [group.id.toLowerCase(), group.role]))
    if ([...groups.keys()].some(groupId => !organization.groups.has(groupId)))
      return notFoundAnswer('Resource group')
    const user = { _id: member.id, name: member.user }
    if (member.role !== body.role) {
      call.tell('org.change_role', `changed the role of ${member.user} from ${member.role} to ${body.role}`, {
        user,
        role: { from: member.role, to: body.role },
      })
      member.role = body.role
    }
    tellGroups(call, member, groups)
    member.groups = groups
    // The Hub's document has no answer for this call.
    return emptyAnswer(204)
  },
})

function tellGroups(call: Call, member: Member, groups: Member['groups']): void {
  for (const resourceGroup of call.organization.groups.values()) {
    const [from, to] = [member.groups.get(resourceGroup.id), groups.get(resourceGroup.id)]
    if (from === to) continue
    const group = { _id: resourceGroup.id, name: resourceGroup.name }
    const user = { _id: member.id, name: member.user }
    const where = `the resource group ${group.name}`
    if (from === undefined) {
      const users = [{ ...user, role: to }]
      call.tell('resource_group.add_users', `added ${user.name} to ${where}`, { resourceGroup: group, users })
    } else if (to === undefined) {
      const data = { resourceGroup: group, users: [user] }
      call.tell('resource_group.remove_users', `removed ${user.name} from ${where}`, data)
    } else {
      const data = { resourceGroup: group, user, role: { from, to } }
      call.tell('resource_group.change_role', `made ${user.name} ${to} in ${where}`, data)
    }
  }
}
