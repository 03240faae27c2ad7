import { Command } from 'commander'
import type { ConnectorError } from '../../errors.ts'
import { getSsoConfig, type SsoConfig } from '../../hub/enterprise/sso-config.ts'
import type { SsoEvent } from '../../hub/enterprise/sso-evidence.ts'
import { callAsReader, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { facts } from '../table.ts'

export function showCommand(): Command {
  return withHubOptions(
    new Command('show').description(
      'What can be known of the single sign-on of an organization, and from where.',
    ),
  )
    .addHelpText(
      'after',
      `
Everything is derived: from what the Hub demands of the token in use (whoami-v2), and from the last org.sso_login,
org.sso_join and org.settings.sso… events of the audit log, which is downloaded for it. An audit log that this token may
not read is said, and the rest is told all the same.

Examples:
  $ hf-audit sso show
  $ hf-audit sso show --json | jq .enabled`,
    )
    .action(async (options: HubOptions) => {
      const session = openSession(options)
      const config = await getSsoConfig(session.organization.name, await callAsReader(session))
      for (const error of [config.whoAmIError, config.auditLogError])
        if (error !== undefined) process.stderr.write(`hf-audit: not all can be told. ${error.message}\n`)
      process.stdout.write(session.json ? json(config) : text(config))
    })
}

function text(config: SsoConfig): string {
  const { enabled, evidence, requiredOfThisToken, settingsUrl } = config
  const sources = { whoami: 'by whoami-v2', 'audit-log': 'by the audit log', none: '' } as const
  const state = enabled === undefined ? 'not known' : enabled ? 'enabled' : 'disabled'
  const derived = [state, sources[evidence]].filter(part => part !== '').join(', ')
  const asked =
    requiredOfThisToken === undefined
      ? config.whoAmIError === undefined
        ? 'not known: its user is no member, as far as the token sees'
        : 'not known: the Hub did not tell'
      : requiredOfThisToken
        ? 'yes, before it sees the data of the organization (whoami-v2)'
        : 'no (whoami-v2)'
  return facts([
    ['single sign-on', `${derived} (derived)`],
    ['asked of this token', asked],
    ['provider', 'not known: nothing that can be asked tells it'],
    ['last login', eventText(config.lastLogin)],
    ['last join', eventText(config.lastJoin)],
    ['last enabled', eventText(config.lastEnabled)],
    ['last disabled', eventText(config.lastDisabled)],
    ['last changed', eventText(config.lastChanged)],
    ['settings page', settingsUrl],
  ])
}

function eventText(event: SsoEvent | undefined): string | undefined {
  if (event === undefined) return undefined
  const { createdAt, author, type } = event
  return `${createdAt}${author?.user === undefined ? '' : ` by ${author.user}`} (audit log, ${type})`
}

/** What is not known is null. */
function json({ auditLogError, whoAmIError, ...config }: SsoConfig): string {
  const told = Object.entries(config).map(([name, value]) => [name, value ?? null])
  const errors = { whoAmIError: errorJson(whoAmIError), auditLogError: errorJson(auditLogError) }
  return `${jsonText({ ...Object.fromEntries(told), ...errors })}\n`
}

function errorJson(error: ConnectorError | undefined): object | null {
  return error === undefined ? null : { code: error.code, message: error.message }
}
