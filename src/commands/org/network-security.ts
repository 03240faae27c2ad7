import { Command } from 'commander'
import { ConnectorError } from '../../errors.ts'
import {
  CONTENT_RESOURCES,
  type Contents,
  getNetworkSecurity,
  type NetworkSecurity,
  type NetworkSecurityChanges,
  updateNetworkSecurity,
  updateNetworkSecurityRequest,
} from '../../hub/enterprise/network-security.ts'
import { flagOption, listOption } from '../choices.ts'
import { CHANGE_HELP, type ChangeOptions, runChange, withChangeOptions } from '../hub-change/run-change.ts'
import { callAsAdmin, type HubOptions, openSession, withHubOptions } from '../hub-session.ts'
import { jsonText } from '../json-text.ts'
import { facts } from '../table.ts'

/** Empties a list. */
const NONE = 'none'

interface UpdateOptions extends ChangeOptions {
  readonly enforceAuth?: boolean
  readonly enforceIpRestriction?: boolean
  readonly highRateLimits?: boolean
  readonly keepReposMetadataVisible?: boolean
  readonly ipRange?: readonly string[]
  readonly blockedContent?: readonly string[]
  readonly allowedContent?: readonly string[]
}

export function networkSecurityCommand(): Command {
  return new Command('network-security')
    .description(
      'Which addresses may reach an organization, and what its members may reach. Enterprise Plus.',
    )
    .addCommand(showCommand())
    .addCommand(updateCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit org network-security show
  $ hf-audit org network-security update --ip-range 192.0.2.0/24,2001:db8::/32 --enforce-ip-restriction true`,
    )
}

function showCommand(): Command {
  return withHubOptions(new Command('show').description('The settings as they are.'))
    .addHelpText('after', '\nExample:\n  $ hf-audit org network-security show --json')
    .action(async (options: HubOptions) => {
      const session = openSession(options)
      print(await getNetworkSecurity(session.organization.name, await callAsAdmin(session)), session.json)
    })
}

function updateCommand(): Command {
  const command = new Command('update')
    .description('Change some of the settings; the others stay. A list replaces the whole list.')
    .addOption(flagOption('--enforce-auth <true|false>', 'members must be logged in'))
    .addOption(flagOption('--enforce-ip-restriction <true|false>', 'only the ranges below reach it'))
    .addOption(flagOption('--high-rate-limits <true|false>', 'higher limits for the ranges below'))
    .addOption(
      flagOption(
        '--keep-repos-metadata-visible <true|false>',
        'metadata of blocked repositories stays visible',
      ),
    )
    .addOption(
      listOption('--ip-range <cidr>', `ranges of addresses, several times or with commas; ${NONE} for none`),
    )
    .addOption(
      listOption('--blocked-content <type:scope>', `such as model:some-org, *:some-org; ${NONE} for none`),
    )
    .addOption(listOption('--allowed-content <type:scope>', `the same; ${NONE} for none`))
  return withChangeOptions(withHubOptions(command))
    .addHelpText(
      'after',
      `
Ranges that leave out the address you work from lock you out: look at them twice.
${CHANGE_HELP}

Examples:
  $ hf-audit org network-security update --ip-range 192.0.2.0/24 --ip-range 2001:db8::/32 --dry-run
  $ hf-audit org network-security update --enforce-ip-restriction false`,
    )
    .action(update)
}

async function update(options: UpdateOptions): Promise<void> {
  const session = openSession(options)
  const organization = session.organization.name
  const changes = changesOf(options)
  const request = updateNetworkSecurityRequest(organization, changes)
  await runChange(session, options, {
    requests: [{ request }],
    async prepare(call) {
      const before = await getNetworkSecurity(organization, call)
      const facts = Object.entries(request.body as object).map(
        ([name, value]) =>
          `  ${name}: ${JSON.stringify(before[name as keyof NetworkSecurity])} → ${JSON.stringify(value)}`,
      )
      return {
        facts,
        question: `Change the network security of ${organization} so?`,
        async perform() {
          print(await updateNetworkSecurity(organization, changes, call), session.json)
        },
      }
    },
  })
}

function changesOf(options: UpdateOptions): NetworkSecurityChanges {
  const { ipRange, blockedContent, allowedContent } = options
  return {
    enforceAuth: options.enforceAuth,
    enforceIpRestriction: options.enforceIpRestriction,
    highRateLimits: options.highRateLimits,
    keepReposMetadataVisible: options.keepReposMetadataVisible,
    ipRanges: orNone(ipRange),
    blockedContents: orNone(blockedContent)?.map(contentsOf),
    allowedContents: orNone(allowedContent)?.map(contentsOf),
  }
}

function orNone(list: readonly string[] | undefined): readonly string[] | undefined {
  return list?.length === 1 && list[0] === NONE ? [] : list
}

function contentsOf(text: string): Contents {
  const colon = text.indexOf(':')
  const resource = CONTENT_RESOURCES.find(one => one === text.slice(0, colon))
  const scope = text.slice(colon + 1)
  if (colon > 0 && resource !== undefined && scope !== '') return { resource, scope }
  throw new ConnectorError(
    'CONFIG_INVALID',
    `${JSON.stringify(text)} is no content: allowed is type:scope, such as model:some-org, with one of the types ${CONTENT_RESOURCES.join(', ')}.`,
  )
}

function print(settings: NetworkSecurity, json: boolean): void {
  if (json) {
    process.stdout.write(`${jsonText(settings)}\n`)
    return
  }
  const yesOrNo = (value: boolean | string): string =>
    value === true ? 'yes' : value === false ? 'no' : value
  const contents = (list: NetworkSecurity['blockedContents']): string =>
    list.map(({ resource, scope }) => `${resource}:${scope}`).join(', ') || NONE
  process.stdout.write(
    facts([
      ['login enforced', yesOrNo(settings.enforceAuth)],
      ['addresses restricted', yesOrNo(settings.enforceIpRestriction)],
      ['addresses', settings.ipRanges.join(', ') || NONE],
      ['higher rate limits', yesOrNo(settings.highRateLimits)],
      ['blocked content', contents(settings.blockedContents)],
      ['allowed content', contents(settings.allowedContents)],
      ['metadata stays visible', yesOrNo(settings.keepReposMetadataVisible)],
    ]),
  )
}
