import { Command } from 'commander'
import { showCommand } from './sso/show.ts'
import { updateCommand, validateCommand } from './sso/update.ts'

export function ssoCommand(): Command {
  return new Command('sso')
    .description('Single sign-on of an organization: what can be known of it, and a configuration checked.')
    .addCommand(showCommand())
    .addCommand(validateCommand())
    .addCommand(updateCommand())
    .addHelpText(
      'after',
      `
The Hub has no endpoint for the configuration of single sign-on, only its settings page.

Examples:
  $ hf-audit sso show --organization acme
  $ hf-audit sso validate --provider saml --sso-url https://idp.example/sso --certificate-file idp.pem`,
    )
}
