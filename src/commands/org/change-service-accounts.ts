import { Command } from 'commander'
import { isObjectId } from '../../hub/enterprise/choices.ts'
import {
  createServiceAccount,
  createServiceAccountRequest,
  deleteServiceAccount,
  deleteServiceAccountRequest,
  getServiceAccount,
} from '../../hub/enterprise/service-accounts.ts'
import { countOf } from '../../status/words.ts'
import { SERVICE_ACCOUNT_ID } from '../hub-change/dry-run.ts'
import { printResult } from '../hub-change/print-result.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'
import { plainText } from '../table.ts'
import { findAccount } from '../tokens/find.ts'
import { plannedAccountLookup } from '../tokens/planned-lookups.ts'

export function createAccountCommand(): Command {
  const command = new Command('create')
    .description('Create a service account. It has no token yet.')
    .argument('<name>', 'what it is shown as, 1 to 50 characters')
    .option('--description <text>', 'what it is for, at most 500 characters')
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `${CHANGE_HELP}

Example:
  $ hf-audit org service-accounts create audit-shipper --description "hf-audit on the log host"`,
    )
    .action(createAccount)
}

async function createAccount(
  name: string,
  { description, ...options }: ChangeOptions & { readonly description?: string },
): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const account = { name, description }
  await runChange(session, options, {
    requests: [{ request: createServiceAccountRequest(organization, account) }],
    async prepare(call) {
      return {
        question: `Create the service account ${name} in ${organization}?`,
        async perform() {
          const created = await createServiceAccount(organization, account, call)
          printResult(
            session.json,
            created,
            `${organization} has the service account ${created.user} (${created._id}) now.`,
          )
          if (!session.json)
            process.stderr.write(
              `A token for it: hf-audit tokens create NAME --service-account ${plainText(created.user)} --organization ${organization}\n`,
            )
        },
      }
    },
  })
}

export function deleteAccountCommand(): Command {
  const command = new Command('delete')
    .description('Delete a service account and all its tokens, for good.')
    .argument('<account>', 'its user name, name or id')
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `${CHANGE_HELP}

Examples:
  $ hf-audit org service-accounts delete audit-shipper --dry-run
  $ hf-audit org service-accounts delete audit-shipper`,
    )
    .action(deleteAccount)
}

async function deleteAccount(account: string, options: ChangeOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const id = isObjectId(account) ? account : SERVICE_ACCOUNT_ID
  await runChange(session, options, {
    requests: [
      ...plannedAccountLookup(organization, account),
      { request: deleteServiceAccountRequest(organization, id) },
    ],
    async prepare(call) {
      const { _id, user } = await findAccount(organization, account, call)
      const { accessTokens = [] } = await getServiceAccount(organization, _id, call)
      const tokens =
        accessTokens.length === 0
          ? 'It has no tokens.'
          : `${countOf(accessTokens.length, 'token')} of it ${accessTokens.length === 1 ? 'stops' : 'stop'} working at once: ${accessTokens.map(({ displayName }) => displayName).join(', ')}.`
      return {
        facts: [tokens],
        question: `Delete the service account ${user} (${_id}) of ${organization} for good?`,
        async perform() {
          await deleteServiceAccount(organization, _id, call)
          printResult(
            session.json,
            { _id, user, deleted: true },
            `${organization} has no service account ${user} (${_id}) any more.`,
          )
        },
      }
    },
  })
}
