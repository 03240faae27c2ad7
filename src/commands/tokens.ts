import { Command } from 'commander'
import { createCommand } from './tokens/create.ts'
import { currentCommand } from './tokens/current.ts'
import { listCommand } from './tokens/list.ts'
import { revokeCommand } from './tokens/revoke.ts'
import { revokeLeakedCommand } from './tokens/revoke-leaked.ts'
import { revokeMemberCommand } from './tokens/revoke-member.ts'
import { rotateCommand } from './tokens/rotate.ts'
import { updateCommand } from './tokens/update.ts'

export function tokensCommand(): Command {
  return new Command('tokens')
    .description('Tokens at the Hub: of service accounts, of members, leaked ones.')
    .addCommand(listCommand())
    .addCommand(currentCommand())
    .addCommand(createCommand())
    .addCommand(updateCommand())
    .addCommand(rotateCommand())
    .addCommand(revokeCommand())
    .addCommand(revokeMemberCommand())
    .addCommand(revokeLeakedCommand())
    .addHelpText(
      'after',
      `
A token's value is never an argument: others can read the command line. A new one is printed once, on standard output
and nowhere else: set umask 077 before you send it to a file.

Exit codes: 0 fine, 2 wrong usage or refused here, 3 refused by the Hub (401, 402, 403, 404), 6 the Hub is not available.

Examples:
  $ hf-audit tokens list
  $ hf-audit tokens create nightly --service-account audit-shipper --role read > token
  $ hf-audit tokens rotate nightly --yes > token.new && mv token.new token
  $ hf-audit tokens revoke nightly
  $ hf-audit tokens revoke-leaked --yes < leaked.txt`,
    )
}
