import { Command, Option } from 'commander'
import { ConnectorError } from '../../errors.ts'
import { isObjectId } from '../../hub/enterprise/choices.ts'
import { createToken, createTokenRequest, type NewToken } from '../../hub/enterprise/create-token.ts'
import { SERVICE_ACCOUNT_ID } from '../hub-change/dry-run.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'
import { findAccount } from './find.ts'
import { plannedAccountLookup } from './planned-lookups.ts'
import { printToken } from './print-token.ts'
import { rolesTable, type ScopeOptions, scopeOf, withScopeOptions } from './scope-options.ts'

interface CreateOptions extends ChangeOptions, ScopeOptions {
  readonly serviceAccount: string
  readonly expiresAt?: string
}

export function createCommand(): Command {
  const command = new Command('create')
    .description('Create a token of a service account, and print it once.')
    .argument('<name>', 'what it is shown as, 1 to 100 characters')
    .requiredOption('--service-account <account>', "whose it is: the account's user name, name or id")
  return withChangeOptions(withHubOptions(withScopeOptions(command)))
    .addOption(new Option('--expires-at <time>', 'refused with the reason').hideHelp())
    .addHelpText(
      'after',
      `
${rolesTable()}
Without --role, --permission and --repo-id it is read. --repo-id and --repo-permission go together: what is permitted on
these repositories goes before the rest. The Hub takes no expiry for these tokens.

The value is printed once, on standard output alone; with --json as {token, tokenInfo}. Set umask 077 before you
send it to a file.
${CHANGE_HELP}

Examples:
  $ hf-audit tokens create nightly --service-account audit-shipper > token
  $ hf-audit tokens create ci --service-account builder --role write --dry-run
  $ hf-audit tokens create gpu --service-account builder --permission job.write,repo.content.read`,
    )
    .action(create)
}

async function create(name: string, options: CreateOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const { serviceAccount: account } = options
  if (options.expiresAt !== undefined) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      "A service account's token cannot be given an expiry: the Hub takes none. Leave --expires-at out, and rotate or revoke the token when its time has come.",
    )
  }
  const token: NewToken = { name, ...scopeOf(options) }
  const id = isObjectId(account) ? account : SERVICE_ACCOUNT_ID
  const request = createTokenRequest(organization, id, token)
  await runChange(session, options, {
    requests: [...plannedAccountLookup(organization, account), { request }],
    printsNewToken: true,
    async prepare(call) {
      const { _id, user } = await findAccount(organization, account, call)
      return {
        facts: scopeLines(request.body),
        question: `Create the token ${name} of ${user} (${_id}) in ${organization}?`,
        async perform() {
          const created = await createToken(organization, _id, token, call)
          printToken(created, `Created the token ${name} of ${user}`, session.json)
        },
      }
    },
  })
}

/** What the token may do, as it is sent. */
export function scopeLines(body: unknown): string[] {
  const { displayName: _, ...scope } = body as Record<string, unknown>
  return Object.entries(scope).map(
    ([name, value]) => `  ${name}: ${Array.isArray(value) ? value.join(', ') || 'none' : String(value)}`,
  )
}
