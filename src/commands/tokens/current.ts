import { Command } from 'commander'
import { ownOrganization } from '../../hub/enterprise/my-org-role.ts'
import { whoAmI } from '../../hub/enterprise/who-am-i.ts'
import type { WhoAmI } from '../../hub/whoami.ts'
import { callAsReader, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { facts } from '../table.ts'

export function currentCommand(): Command {
  return withHubOptions(
    new Command('current').description('The token in use for reading: whose it is and what it may do.'),
  )
    .addHelpText(
      'after',
      '\nWith --json what the Hub answers (whoami-v2).\n\nExample:\n  $ hf-audit tokens current',
    )
    .action(async (options: HubOptions) => {
      const session = openSession(options)
      const call = await callAsReader(session)
      const who = await whoAmI(call)
      process.stdout.write(
        session.json ? `${jsonText(who)}\n` : currentText(who, session.organization.name, call.accessToken),
      )
    })
}

function currentText(who: WhoAmI, organization: string, { source }: { readonly source: string }): string {
  const access = who.auth?.accessToken
  const found = ownOrganization(who, organization)
  const scopes = (access?.fineGrained?.scoped ?? []).map(
    ({ entity, permissions }) => `${entity.type} ${entity.name ?? entity._id}: ${permissions.join(', ')}`,
  )
  return facts([
    ['taken from', source],
    ['user', who.name],
    ['kind', who.auth?.type],
    ['name', access?.displayName],
    ['role', access?.role],
    ['expires', who.auth === undefined ? undefined : (who.auth.expiresAt ?? 'never, as far as the Hub says')],
    [`role in ${organization}`, found?.roleInOrg ?? (found === undefined ? 'none' : undefined)],
    ...scopes.map(scope => ['may on', scope] as const),
  ])
}
