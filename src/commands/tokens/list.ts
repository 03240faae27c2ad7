import { Command } from 'commander'
import { listTokens } from '../../hub/enterprise/list-tokens.ts'
import { callAsAdmin, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { listedTokensTable } from './tokens-table.ts'

interface ListOptions extends HubOptions {
  readonly serviceAccount?: string
}

export function listCommand(): Command {
  return withHubOptions(
    new Command('list')
      .description('The tokens of the service accounts, with what each may do and when it was used.')
      .option('--service-account <account>', 'of one alone: its user name, name or id'),
  )
    .addHelpText(
      'after',
      `
The Hub has no list of the tokens of members: they are in the token settings of the organization. The token in use
here: hf-audit tokens current. With --json a line for each token.

Examples:
  $ hf-audit tokens list
  $ hf-audit tokens list --json | jq -r 'select(.lastUsedAt == null).displayName'`,
    )
    .action(async (options: ListOptions) => {
      const session = openSession(options)
      const call = await callAsAdmin(session)
      const { serviceAccount } = options
      const tokens = await listTokens(session.organization.name, { ...call, serviceAccount })
      if (session.json) for (const token of tokens) process.stdout.write(`${jsonText(token)}\n`)
      else process.stdout.write(listedTokensTable(tokens, process.stdout))
    })
}
