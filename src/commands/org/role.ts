import { Command } from 'commander'
import { ownOrganization } from '../../hub/enterprise/my-org-role.ts'
import { includesRole, ORG_ROLES, type OrgRole } from '../../hub/enterprise/org-role.ts'
import { whoAmI } from '../../hub/enterprise/who-am-i.ts'
import { wordArgument } from '../choices.ts'
import {
  callAsReader,
  type HubOptions,
  type HubSession,
  openSession,
  withHubOptions,
} from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { plainText } from '../table.ts'

/** The process's exit code when the role is less. A contract: documented in the README. */
const NO = 9

export function roleCommand(): Command {
  return withHubOptions(
    new Command('role').description("The role that the token's user has in an organization."),
  )
    .addHelpText(
      'after',
      `
Prints admin, write, contributor, read or no_access, or none: then it is no member, or the Hub tells no role, which it
need not for the token of a service account.

Examples:
  $ hf-audit org role
  $ hf-audit org role --organization acme --json`,
    )
    .action(async (options: HubOptions) => {
      const session = openSession(options)
      const { user, role, known } = await ownRole(session)
      if (session.json) process.stdout.write(`${jsonText({ ...known, user, role: role ?? null })}\n`)
      else process.stdout.write(`${plainText(role ?? 'none')}\n`)
    })
}

export function hasRoleCommand(): Command {
  return withHubOptions(
    new Command('has-role')
      .description("Whether the token's user has at least this role. Ends with 0 for yes, with 9 for no.")
      .addArgument(wordArgument('<role>', 'the least role', ORG_ROLES)),
  )
    .addHelpText(
      'after',
      `
no_access < read < contributor < write < admin. A role that the Hub does not tell counts as no.

Examples:
  $ hf-audit org has-role write && echo may write
  $ hf-audit org has-role admin --organization acme --json`,
    )
    .action(async (least: OrgRole, options: HubOptions) => {
      const session = openSession(options)
      const { user, role, known } = await ownRole(session)
      const hasRole = includesRole(role, least)
      if (session.json)
        process.stdout.write(`${jsonText({ ...known, user, role: role ?? null, least, hasRole })}\n`)
      else process.stdout.write(`${hasRole ? 'yes' : 'no'}\n`)
      if (!hasRole) process.exitCode = NO
    })
}

/** What the Hub says of the token's user in the organization; says on stderr why there is no role. */
async function ownRole(session: HubSession): Promise<{
  readonly user: string
  readonly role: string | undefined
  readonly known: object
}> {
  const { name } = session.organization
  const call = await callAsReader(session)
  const who = await whoAmI(call)
  const found = ownOrganization(who, name)
  if (found?.roleInOrg === undefined) {
    process.stderr.write(
      found === undefined
        ? `${plainText(who.name)}, whose token is in use, is no member of ${name}, or the token does not see it.\n`
        : `The Hub tells no role of ${plainText(who.name)} in ${name}.\n`,
    )
  }
  const known = {
    organization: found?.name ?? name,
    member: found !== undefined,
    resourceGroups: found?.resourceGroups ?? [],
    securityRestrictions: found?.securityRestrictions ?? [],
  }
  return { user: who.name, role: found?.roleInOrg, known }
}
