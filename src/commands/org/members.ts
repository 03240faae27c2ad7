import { Command } from 'commander'
import { type Member, streamMembers } from '../../hub/enterprise/members.ts'
import { countOf } from '../../status/words.ts'
import { wholeNumberOption } from '../choices.ts'
import { callAsAdmin, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { type Column, table } from '../table.ts'

interface MembersOptions extends HubOptions {
  readonly search?: string
  readonly email?: string
  readonly limit?: number
}

const COLUMNS: readonly Column<Member>[] = [
  { heading: 'user', text: ({ user }) => user },
  { heading: 'role', text: ({ role }) => role ?? '' },
  {
    heading: '2FA',
    text: ({ twoFaEnabled: enabled }) => (enabled === undefined ? '' : enabled ? 'on' : 'off'),
  },
  { heading: 'name', text: ({ fullname }) => fullname },
  { heading: 'SSO e-mail', text: ({ verifiedEmail }) => verifiedEmail ?? '' },
  { heading: 'resource groups', text: groupsText },
]

export function membersCommand(): Command {
  return withHubOptions(
    new Command('members')
      .description(
        'The members of an organization, with role, two-factor authentication and resource groups.',
      )
      .option('--search <text>', 'part of a name')
      .option('--email <address>', 'the whole address')
      .addOption(wholeNumberOption('--limit <number>', 'at most so many', 1, 1_000_000)),
  )
    .addHelpText(
      'after',
      `
Role, two-factor authentication and the address of single sign-on are told to admins only; what is not told stays empty.
With --json a line for each member.

Examples:
  $ hf-audit org members --search ada
  $ hf-audit org members --json | jq -r 'select(.twoFaEnabled == false).user'`,
    )
    .action(members)
}

async function members(options: MembersOptions): Promise<void> {
  const session = openSession(options)
  const { search, email, limit = Number.POSITIVE_INFINITY } = options
  const { name } = session.organization
  const found: Member[] = []
  let count = 0
  for await (const member of streamMembers(name, { ...(await callAsAdmin(session)), search, email })) {
    if (session.json) process.stdout.write(`${jsonText(member)}\n`)
    else found.push(member)
    count += 1
    if (count >= limit) break
  }
  if (session.json) return
  process.stdout.write(table(COLUMNS, found, process.stdout))
  const without2fa = found.filter(({ twoFaEnabled }) => twoFaEnabled === false).length
  if (without2fa > 0)
    process.stderr.write(`${countOf(without2fa, 'member')} without two-factor authentication.\n`)
}

function groupsText({ resourceGroups, isExternalCollaborator }: Member): string {
  const groups = (resourceGroups ?? []).map(({ name, role }) => `${name} (${role})`)
  return [...groups, ...(isExternalCollaborator === true ? ['external collaborator'] : [])].join(', ')
}
