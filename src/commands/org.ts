import { Command } from 'commander'
import { membersCommand } from './org/members.ts'
import { networkSecurityCommand } from './org/network-security.ts'
import { repositoriesCommand } from './org/repositories.ts'
import { resourceGroupsCommand } from './org/resource-groups.ts'
import { hasRoleCommand, roleCommand } from './org/role.ts'
import { serviceAccountsCommand } from './org/service-accounts.ts'
import { setRoleCommand } from './org/set-role.ts'

export function orgCommand(): Command {
  return new Command('org')
    .description('Who is what in an organization at the Hub: roles, members, service accounts, settings.')
    .addCommand(roleCommand())
    .addCommand(hasRoleCommand())
    .addCommand(membersCommand())
    .addCommand(setRoleCommand())
    .addCommand(resourceGroupsCommand())
    .addCommand(serviceAccountsCommand())
    .addCommand(repositoriesCommand())
    .addCommand(networkSecurityCommand())
    .addHelpText(
      'after',
      `
The token's own role is asked for with HF_TOKEN. Everything else is told to those who run the organization, and is asked
for with HF_AUDIT_ADMIN_TOKEN where there is one, else with HF_TOKEN. Changes: see their own help.

Exit codes: 0 fine, 2 wrong usage or refused here, 3 refused by the Hub (401, 402, 403, 404), 6 the Hub is not available,
9 has-role: no.

Examples:
  $ hf-audit org role --organization acme
  $ hf-audit org members --json | jq -r 'select(.twoFaEnabled == false).user'
  $ hf-audit org set-role ada write --dry-run
  $ hf-audit org service-accounts list`,
    )
}
