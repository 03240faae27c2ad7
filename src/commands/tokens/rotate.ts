import { Command } from 'commander'
import { rotateToken, rotateTokenRequest } from '../../hub/enterprise/rotate-token.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'
import { findToken } from './find.ts'
import { plannedTokenChange } from './planned-lookups.ts'
import { printToken } from './print-token.ts'

interface RotateOptions extends ChangeOptions {
  readonly serviceAccount?: string
}

export function rotateCommand(): Command {
  const command = new Command('rotate')
    .description("Give a service account's token a new value, and print it once. The old one dies at once.")
    .argument('<token>', 'its name or id')
    .option('--service-account <account>', 'whose it is, where that is needed to tell it from others')
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `
The value is printed once, on standard output alone; with --json as {token, tokenInfo}. hf-audit reads a token file again
at every poll, so a rotated token that is written there needs no restart.
${CHANGE_HELP}

Examples:
  $ hf-audit tokens rotate nightly --dry-run
  $ hf-audit tokens rotate nightly --yes > token.new && mv token.new token`,
    )
    .action(rotate)
}

async function rotate(wanted: string, options: RotateOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const { serviceAccount } = options
  await runChange(session, options, {
    requests: plannedTokenChange(organization, wanted, serviceAccount, rotateTokenRequest),
    printsNewToken: true,
    async prepare(call) {
      const found = await findToken(organization, wanted, serviceAccount, call)
      const { _id, displayName, serviceAccount: account } = found
      const words = `${displayName} (${_id}) of ${account.user}`
      return {
        question: `Rotate the token ${words} in ${organization}? What uses the old value stops working at once.`,
        async perform() {
          const rotated = await rotateToken(organization, _id, { ...call, serviceAccount: account._id })
          printToken(rotated, `Rotated the token ${displayName} of ${account.user}`, session.json)
        },
      }
    },
  })
}
