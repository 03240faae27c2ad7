import { Command } from 'commander'
import { listMembersRequest } from '../../hub/enterprise/members.ts'
import { ORG_ROLES, type OrgRole } from '../../hub/enterprise/org-role.ts'
import {
  requiredMember,
  resourceGroupsOf,
  setMemberRole,
  setMemberRoleRequest,
} from '../../hub/enterprise/set-member-role.ts'
import { wordArgument } from '../choices.ts'
import { printResult } from '../hub-change/print-result.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'

interface SetRoleOptions extends ChangeOptions {
  readonly resourceGroups: boolean
}

export function setRoleCommand(): Command {
  const command = new Command('set-role')
    .description("Change a member's role in an organization. Resource groups stay as they are.")
    .argument('<user>', "the member's user name")
    .addArgument(wordArgument('<role>', 'the new role', ORG_ROLES))
    .option('--no-resource-groups', 'take the member out of all resource groups')
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `
The member's resource groups are read first and sent along: a request without them would take the member out of all.
Refused where the Hub does not tell them; a member who is in none needs --no-resource-groups then. Needs a paid plan.
${CHANGE_HELP}

Examples:
  $ hf-audit org set-role ada write --dry-run
  $ hf-audit org set-role ada read --organization acme --yes`,
    )
    .action(setRole)
}

async function setRole(user: string, role: OrgRole, options: SetRoleOptions): Promise<void> {
  const session = openSession(options)
  const { name } = session.organization
  const request = setMemberRoleRequest(name, user, role, [])
  await runChange(session, options, {
    requests: [
      {
        request: listMembersRequest(name, { search: user }),
        purpose: options.resourceGroups
          ? "to read the member's resource groups, which are RESOURCE_GROUPS below"
          : `to find the member ${user}`,
      },
      {
        request: options.resourceGroups
          ? { ...request, body: { role, resourceGroups: 'RESOURCE_GROUPS' } }
          : request,
      },
    ],
    async prepare(call) {
      const member = await requiredMember(name, user, call)
      // Before anybody is asked.
      if (options.resourceGroups) resourceGroupsOf(member, name)
      const before = member.role === undefined ? '' : ` from ${member.role}`
      const leaving = options.resourceGroups ? '' : ' and take them out of all resource groups'
      return {
        question: `Change the role of ${member.user} in ${name}${before} to ${role}${leaving}?`,
        async perform() {
          const groups = options.resourceGroups ? {} : { resourceGroups: [] }
          const done = await setMemberRole(name, member.user, role, { ...call, ...groups })
          const change = { ...done, previousRole: member.role }
          printResult(
            session.json,
            change,
            `The role of ${change.user} in ${name} is ${change.role} now${change.previousRole === undefined ? '' : `, and was ${change.previousRole}`}.`,
          )
        },
      }
    },
  })
}
