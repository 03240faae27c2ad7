import { Command } from 'commander'
import { listResourceGroups, type ResourceGroup } from '../../hub/enterprise/resource-groups.ts'
import { callAsAdmin, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { type Column, table } from '../table.ts'

const COLUMNS: readonly Column<ResourceGroup>[] = [
  { heading: 'name', text: ({ name }) => name },
  { heading: 'id', text: ({ id }) => id },
  { heading: 'users', text: ({ numUsers }) => String(numUsers) },
  { heading: 'members', text: ({ users }) => users.map(({ user, role }) => `${user} (${role})`).join(', ') },
]

export function resourceGroupsCommand(): Command {
  return withHubOptions(
    new Command('resource-groups').description(
      'The resource groups that members are in, with their roles there.',
    ),
  )
    .addHelpText(
      'after',
      `
The Hub's document has no list of resource groups: this one is derived from the members, so a group without a member is
missing from it. With --json a line for each group.

Example:
  $ hf-audit org resource-groups --organization acme`,
    )
    .action(async (options: HubOptions) => {
      const session = openSession(options)
      const groups = await listResourceGroups(session.organization.name, await callAsAdmin(session))
      if (session.json) for (const group of groups) process.stdout.write(`${jsonText(group)}\n`)
      else process.stdout.write(table(COLUMNS, groups, process.stdout))
    })
}
