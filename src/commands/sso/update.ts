import { Command } from 'commander'
import { ConnectorError } from '../../errors.ts'
import { ssoSettingsUrl } from '../../hub/enterprise/sso-settings-page.ts'
import { updateSsoConfig } from '../../hub/enterprise/sso-update.ts'
import {
  type CheckedSsoConfig,
  checkSsoConfig,
  SSO_PROVIDERS,
  type SsoConfigInput,
  type SsoProvider,
} from '../../hub/enterprise/sso-validation.ts'
import { flagOption, wordOption } from '../choices.ts'
import { type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { readInput } from '../secret-input.ts'
import { facts } from '../table.ts'

interface SsoOptions extends HubOptions {
  readonly provider: SsoProvider
  readonly enabled?: boolean
  readonly ssoUrl?: string
  readonly certificateFile?: string
  readonly clientId?: string
  readonly clientSecretFile?: string
}

const FIELDS_HELP = `
SAML needs --sso-url (the sign-on address of the identity provider) and --certificate-file (its public certificate, PEM).
OIDC needs --sso-url (the issuer), --client-id and --client-secret-file. A client secret comes from a file or, with -, from
standard input, never from the command line, and is shown nowhere. Nothing is sent.`

export function validateCommand(): Command {
  return withConfigurationOptions(
    new Command('validate').description(
      'Check a configuration of single sign-on, and say where to paste it.',
    ),
  )
    .addHelpText(
      'after',
      `${FIELDS_HELP}

Exit codes: 0 valid, 2 not valid.

Examples:
  $ hf-audit sso validate --provider saml --sso-url https://idp.example/sso --certificate-file idp.pem
  $ hf-audit sso validate --provider oidc --sso-url https://idp.example --client-id hub --client-secret-file - < secret`,
    )
    .action(async (options: SsoOptions) => {
      const session = openSession(options)
      const input = await inputOf(options)
      const checked = await inOptionNames(async () => checkSsoConfig(input, Date.now()))
      const page = ssoSettingsUrl(session.organization.name, { endpoint: session.config.endpoint })
      process.stdout.write(
        session.json ? `${jsonText({ ...checked, settingsUrl: page })}\n` : checkedText(checked, page),
      )
    })
}

export function updateCommand(): Command {
  return withConfigurationOptions(
    new Command('update').description(
      'Check a configuration of single sign-on and refuse it: the Hub has no endpoint for it.',
    ),
  )
    .addHelpText(
      'after',
      `${FIELDS_HELP}

Ends with 2, since nothing is changed: a valid configuration has to be pasted into the settings page, which is told.

Example:
  $ hf-audit sso update --provider saml --enabled true --sso-url https://idp.example/sso --certificate-file idp.pem`,
    )
    .action(async (options: SsoOptions) => {
      const { organization, config } = openSession(options)
      const input = await inputOf(options)
      const { endpoint } = config
      await inOptionNames(() => updateSsoConfig(organization.name, input, { endpoint }))
    })
}

function withConfigurationOptions(command: Command): Command {
  return withHubOptions(
    command
      .addOption(wordOption('--provider <provider>', 'the protocol', SSO_PROVIDERS).makeOptionMandatory())
      .addOption(flagOption('--enabled <true|false>', 'whether it is to be on'))
      .option('--sso-url <url>', 'https: the sign-on address (SAML) or the issuer (OIDC)')
      .option('--certificate-file <file>', "SAML: the identity provider's public certificate, PEM")
      .option('--client-id <id>', 'OIDC')
      .option('--client-secret-file <file>', 'OIDC: the file that holds the secret; - is standard input'),
  )
}

async function inputOf(options: SsoOptions): Promise<SsoConfigInput> {
  const { provider, enabled, ssoUrl = '', certificateFile, clientId, clientSecretFile } = options
  if (certificateFile === '-' && clientSecretFile === '-')
    throw new ConnectorError(
      'CONFIG_INVALID',
      '--certificate-file and --client-secret-file are both -; standard input can be one of them.',
    )
  return {
    provider,
    enabled,
    ssoUrl,
    certificate:
      certificateFile === undefined ? undefined : await readInput(certificateFile, '--certificate-file'),
    clientId,
    clientSecret:
      clientSecretFile === undefined
        ? undefined
        : (await readInput(clientSecretFile, '--client-secret-file')).trim(),
  }
}

/** The library's mistakes, with the names that this command line has for the fields. */
async function inOptionNames<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'CONFIG_INVALID') throw error
    const names = {
      ssoUrl: '--sso-url',
      clientId: '--client-id',
      clientSecret: '--client-secret-file',
      certificate: '--certificate-file',
    }
    const message = error.message.replace(
      // What a certificate holds is said of the certificate, not of the option.
      /\b(?:ssoUrl|clientId|clientSecret|certificate(?= is (?:missing|empty|not used)))\b/g,
      name => names[name as keyof typeof names],
    )
    throw new ConnectorError('CONFIG_INVALID', message)
  }
}

function checkedText(checked: CheckedSsoConfig, page: string): string {
  const { provider, enabled, ssoUrl, certificate, clientId } = checked
  return `${facts([
    ['provider', provider],
    ['enabled', enabled === undefined ? undefined : String(enabled)],
    ['address', ssoUrl],
    ['certificate of', certificate?.subject],
    ['issued by', certificate?.issuer],
    [
      'valid',
      certificate && `${certificate.validFrom} to ${certificate.validTo} (${certificate.daysLeft} days left)`,
    ],
    ['SHA-256', certificate?.fingerprint256],
    ['client', clientId],
    ['paste it into', page],
  ])}\nValid. Nothing was sent: the Hub has no endpoint for it.\n`
}
