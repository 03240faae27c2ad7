import type { Command } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import { tokenSourceOf } from '../connector.ts'
import type { Organization } from '../event/organization.ts'
import type { CallOptions } from '../hub/enterprise/call-options.ts'
import type { HubToken } from '../hub/token.ts'
import { askedOrganization } from './organization-option.ts'

/** Options of every command that asks the Hub about an organization. */
export interface HubOptions {
  readonly organization?: string
  readonly config?: string
  readonly json?: boolean
}

/** Whom a command asks about, and with what it is configured. */
export interface HubSession {
  readonly config: Config
  readonly organization: Organization
  readonly json: boolean
}

/** What a call to the Hub needs to be told. */
export interface Calling extends Required<Pick<CallOptions, 'endpoint' | 'environment'>> {
  readonly accessToken: HubToken
}

export function withHubOptions(command: Command): Command {
  return command
    .option('--organization <name>', 'which organization; default: the one that is configured')
    .option('--json', 'for programs: JSON with the Hub’s own field names')
    .option('--config <file>', 'a YAML file; the environment comes before it')
}

/** Reads the configuration; a misspelt variable is told, for it may be the one that was to forbid a change. */
export function openSession(options: HubOptions): HubSession {
  const config = readConfig(options)
  return {
    config,
    organization: askedOrganization(config, options.organization),
    json: options.json === true,
  }
}

export function readConfig(options: Pick<HubOptions, 'config'>): Config {
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  for (const warning of config.warnings) process.stderr.write(`hf-audit: ${warning}\n`)
  return config
}

/** With the token that polls, for what is about that token itself. Where none is to be found, with the other one. */
export async function callAsReader({ config, organization }: HubSession): Promise<Calling> {
  try {
    return calling(config, await tokenSourceOf(config)(organization))
  } catch (error) {
    const admin = adminToken(config)
    if (admin === undefined || namesReader(config, organization)) throw error
    return calling(config, admin)
  }
}

/** For what only those who run the organization are told: with HF_AUDIT_ADMIN_TOKEN where there is one. */
export async function callAsAdmin(session: HubSession): Promise<Calling> {
  const admin = adminToken(session.config)
  return admin === undefined ? callAsReader(session) : calling(session.config, admin)
}

export function calling({ endpoint, environment }: Config, accessToken: HubToken): Calling {
  return { accessToken, endpoint, environment }
}

/** Undefined where none is configured. */
export function adminToken({ adminToken: value, environment }: Config): HubToken | undefined {
  if (value === undefined) return undefined
  const file = environment.HF_AUDIT_ADMIN_TOKEN_FILE
  return { value, source: file === undefined ? 'HF_AUDIT_ADMIN_TOKEN' : `the file ${file}` }
}

/** Whether a token for reading is named: then a mistake in it is told. */
function namesReader({ environment, organizations }: Config, { identity }: Organization): boolean {
  const variables = ['HF_TOKEN', 'HF_TOKEN_FILE', 'HF_TOKEN_PATH', 'HUGGING_FACE_HUB_TOKEN']
  return (
    variables.some(variable => environment[variable] !== undefined) ||
    organizations.some(known => known.identity === identity && known.tokenFile !== undefined)
  )
}
