import { Command } from 'commander'
import { ConnectorError } from '../../errors.ts'
import { checkRepositories, ROLE_PERMISSIONS } from '../../hub/enterprise/token-permissions.ts'
import { type TokenChanges, updateToken, updateTokenRequest } from '../../hub/enterprise/update-token.ts'
import { printResult } from '../hub-change/print-result.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'
import { scopeLines } from './create.ts'
import { findToken } from './find.ts'
import { plannedTokenChange } from './planned-lookups.ts'
import { rolesTable, type ScopeOptions, scopeOf, withScopeOptions } from './scope-options.ts'

interface UpdateOptions extends ChangeOptions, ScopeOptions {
  readonly serviceAccount?: string
  readonly name?: string
}

export function updateCommand(): Command {
  const command = new Command('update')
    .description("Change the name or the permissions of a service account's token. Its value stays.")
    .argument('<token>', 'its name or id')
    .option('--service-account <account>', 'whose it is, where that is needed to tell it from others')
    .option('--name <name>', 'a new name')
  return withChangeOptions(withHubOptions(withScopeOptions(command)))
    .addHelpText(
      'after',
      `
What is not given stays. A list replaces the whole list. Repositories and the permissions on them go together: one of the
two may be left out where the token has it already.

${rolesTable()}
${CHANGE_HELP}

Example:
  $ hf-audit tokens update ci --role read --dry-run`,
    )
    .action(update)
}

async function update(wanted: string, options: UpdateOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const { serviceAccount } = options
  const changes = changesOf(options)
  const requestOf = (name: string, accountId: string, tokenId: string) =>
    updateTokenRequest(name, accountId, tokenId, changes)
  await runChange(session, options, {
    requests: plannedTokenChange(organization, wanted, serviceAccount, requestOf),
    async prepare(call) {
      const found = await findToken(organization, wanted, serviceAccount, call)
      // Before anybody is asked.
      checkRepositories(changes, found)
      const { _id, displayName, serviceAccount: account } = found
      const words = `${displayName} (${_id}) of ${account.user}`
      const { body } = requestOf(organization, account._id, _id)
      const renamed = changes.name === undefined ? [] : [`  name: ${changes.name}`]
      return {
        facts: [...renamed, ...scopeLines(body)],
        question: `Change the token ${words} in ${organization} so?`,
        async perform() {
          const updated = await updateToken(organization, _id, changes, {
            ...call,
            serviceAccount: account._id,
          })
          printResult(session.json, updated, `Changed the token ${words}.`)
        },
      }
    },
  })
}

function changesOf(options: UpdateOptions): TokenChanges {
  const { role, permissions, ...scope } = scopeOf(options)
  if (role !== undefined && permissions !== undefined) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      '--role stands for permissions: give it or --permission, not both.',
    )
  }
  return {
    ...scope,
    name: options.name,
    permissions: role === undefined ? permissions : ROLE_PERMISSIONS[role],
  }
}
