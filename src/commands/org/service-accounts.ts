import { Command } from 'commander'
import { listServiceAccounts } from '../../hub/enterprise/list-service-accounts.ts'
import type { ServiceAccount } from '../../hub/enterprise/service-account-schemas.ts'
import { getServiceAccount } from '../../hub/enterprise/service-accounts.ts'
import { callAsAdmin, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { type Column, facts, table } from '../table.ts'
import { findAccount } from '../tokens/find.ts'
import { tokensTable } from '../tokens/tokens-table.ts'
import { createAccountCommand, deleteAccountCommand } from './change-service-accounts.ts'

const COLUMNS: readonly Column<ServiceAccount>[] = [
  { heading: 'user', text: ({ user }) => user },
  { heading: 'name', text: ({ name }) => name },
  { heading: 'id', text: ({ _id }) => _id },
  { heading: 'created', text: ({ createdAt }) => createdAt },
  { heading: 'description', text: ({ description }) => description ?? '' },
]

export function serviceAccountsCommand(): Command {
  return new Command('service-accounts')
    .description('The service accounts of an organization: list, show, create, delete.')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(createAccountCommand())
    .addCommand(deleteAccountCommand())
    .addHelpText(
      'after',
      `
Their tokens: hf-audit tokens.

Examples:
  $ hf-audit org service-accounts list
  $ hf-audit org service-accounts create audit-shipper --description "hf-audit on the log host"`,
    )
}

function listCommand(): Command {
  return withHubOptions(new Command('list').description('All service accounts. With --json a line for each.'))
    .addHelpText('after', '\nExample:\n  $ hf-audit org service-accounts list --organization acme')
    .action(async (options: HubOptions) => {
      const session = openSession(options)
      const accounts = await listServiceAccounts(session.organization.name, await callAsAdmin(session))
      if (session.json) for (const account of accounts) process.stdout.write(`${jsonText(account)}\n`)
      else process.stdout.write(table(COLUMNS, accounts, process.stdout))
    })
}

function showCommand(): Command {
  return withHubOptions(
    new Command('show')
      .description('One service account with its tokens, whose values nobody can read again.')
      .argument('<account>', 'its user name, name or id'),
  )
    .addHelpText('after', '\nExample:\n  $ hf-audit org service-accounts show audit-shipper')
    .action(async (account: string, options: HubOptions) => {
      const session = openSession(options)
      const { name: organization } = session.organization
      const call = await callAsAdmin(session)
      const { _id: id } = await findAccount(organization, account, call)
      const found = await getServiceAccount(organization, id, call)
      if (session.json) {
        process.stdout.write(`${jsonText(found)}\n`)
        return
      }
      const { _id, user, name, email, description, createdAt, accessTokens = [] } = found
      process.stdout.write(
        facts([
          ['user', user],
          ['name', name],
          ['id', _id],
          ['e-mail', email],
          ['created', createdAt],
          ['description', description],
          ['tokens', String(accessTokens.length)],
        ]),
      )
      if (accessTokens.length > 0) process.stdout.write(`\n${tokensTable(accessTokens, process.stdout)}`)
    })
}
