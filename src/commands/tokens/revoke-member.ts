import { Command } from 'commander'
import { revokeMemberToken, revokeMemberTokenRequest } from '../../hub/enterprise/revoke-member-token.ts'
import { printResult } from '../hub-change/print-result.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { openSession, withHubOptions } from '../hub-session.ts'

export function revokeMemberCommand(): Command {
  const command = new Command('revoke-member')
    .description(
      "Take a member's token's access to the organization away. Elsewhere it goes on working. Enterprise.",
    )
    .argument(
      '<token-id>',
      'the id that the token settings of the organization show, and token.id of audit events',
    )
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `${CHANGE_HELP}

Examples:
  $ hf-audit tokens revoke-member 66b0c1f2a9d3e4f5a6b7c8d9 --dry-run
  $ hf-audit tokens revoke-member 66b0c1f2a9d3e4f5a6b7c8d9 --organization acme`,
    )
    .action(revokeMember)
}

async function revokeMember(tokenId: string, options: ChangeOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  await runChange(session, options, {
    requests: [{ request: revokeMemberTokenRequest(organization, tokenId) }],
    async prepare(call) {
      return {
        question: `Take the access to ${organization} away from the token ${tokenId}?`,
        async perform() {
          await revokeMemberToken(organization, tokenId, call)
          printResult(
            session.json,
            { organization, tokenId, revoked: true },
            `The token ${tokenId} has no access to ${organization} any more.`,
          )
        },
      }
    },
  })
}
