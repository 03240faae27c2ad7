import { Command } from 'commander'
import { revokeToken, revokeTokenRequest } from '../../hub/enterprise/revoke-token.ts'
import { printResult } from '../hub-change/print-result.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'
import { findToken } from './find.ts'
import { plannedTokenChange } from './planned-lookups.ts'

interface RevokeOptions extends ChangeOptions {
  readonly serviceAccount?: string
}

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .description("Delete a service account's token: it stops working at once, for good.")
    .argument('<token>', 'its name or id; never its value')
    .option('--service-account <account>', 'whose it is, where that is needed to tell it from others')
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `
Two tokens of one name are refused, with the ids of both. A member's token: revoke-member. A leaked value: revoke-leaked.
${CHANGE_HELP}

Examples:
  $ hf-audit tokens revoke nightly --dry-run
  $ hf-audit tokens revoke 66b0c1f2a9d3e4f5a6b7c8d9 --yes`,
    )
    .action(revoke)
}

async function revoke(wanted: string, options: RevokeOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const { serviceAccount } = options
  await runChange(session, options, {
    requests: plannedTokenChange(organization, wanted, serviceAccount, revokeTokenRequest),
    async prepare(call) {
      const found = await findToken(organization, wanted, serviceAccount, call)
      const { _id, displayName, lastUsedAt, serviceAccount: account } = found
      const used = lastUsedAt === undefined ? 'It was never used.' : `It was last used ${lastUsedAt}.`
      const words = `${displayName} (${_id}) of ${account.user}`
      return {
        facts: [used],
        question: `Revoke the token ${words} in ${organization} for good?`,
        async perform() {
          const revoked = await revokeToken(organization, _id, { ...call, serviceAccount: account._id })
          printResult(session.json, { ...revoked, revoked: true }, `Revoked the token ${words}.`)
        },
      }
    },
  })
}
