import type { Command } from 'commander'
import type { Config } from '../../config.ts'
import { tokenSourceOf } from '../../connector.ts'
import { ConnectorError } from '../../errors.ts'
import type { HubToken } from '../../hub/token.ts'
import { approval, askYesOrNo, canAsk } from '../approval.ts'
import { adminToken, type Calling, calling, type HubOptions, type HubSession } from '../hub-session.ts'
import { plainText } from '../table.ts'
import { dryRunJson, dryRunText, type PlannedRequest } from './dry-run.ts'
import { tellingInterruption } from './interruption.ts'
import { changePermission } from './permission.ts'

export interface ChangeOptions extends HubOptions {
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** One change at the Hub. */
export interface HubChange {
  /** All that would be sent, in its order. */
  readonly requests: readonly PlannedRequest[]
  /** Asks for what must be known before. Changes nothing. */
  prepare(call: Calling): Promise<PreparedChange>
  /** It prints a value that nobody can ask for again: after a no, a script must not take what it has for that value. */
  readonly printsNewToken?: boolean
}

export interface PreparedChange {
  /** Lines above the question: what it is about. */
  readonly facts?: readonly string[]
  /** Says exactly what will be changed, and what that brings about. */
  readonly question: string
  /** Does it, and prints what came of it. */
  perform(): Promise<void>
}

export function withChangeOptions(command: Command): Command {
  return command
    .option('--dry-run', 'show the request; nothing is sent, and no token is needed')
    .option('--yes', 'do it without asking')
}

/** Says who may, for the help of every command that changes something. */
export const CHANGE_HELP = `
Takes its token from HF_AUDIT_ADMIN_TOKEN (or _FILE); the token that reads the log serves only at a terminal, after a
question. Refused where HF_AUDIT_READ_ONLY is true. Asks at a terminal, and needs --yes without one.`

/**
 * Carries a change out by the rules of `changePermission`, after a yes. Throws `CONFIG_INVALID` where it is refused,
 * before anything is sent, and `STOPPED` where a question got no answer.
 */
export async function runChange(
  { config, organization, json }: HubSession,
  options: ChangeOptions,
  change: HubChange,
): Promise<void> {
  const admin = adminToken(config)
  const token = permittedToken({ hasAdminToken: admin !== undefined, needsNoToken: false }, config, options)
  if (token === undefined) return showRequests(change.requests, config, json)
  const used = token === 'admin' ? admin : await offeredToken(await tokenSourceOf(config)(organization))
  if (used === undefined) return sayDeclined(change, json)
  const approve = approval(options)
  const { facts = [], question, perform } = await change.prepare(calling(config, used))
  // Names in them come from the Hub, and make no lines of their own.
  const lines = [...facts, question].map(plainText)
  if (!(await approve(lines.join('\n')))) return sayDeclined(change, json)
  await tellingInterruption(perform)
}

/** Undefined for a dry run. Throws `CONFIG_INVALID` where the change is refused. */
export function permittedToken(
  known: { readonly hasAdminToken: boolean; readonly needsNoToken: boolean },
  { readOnly }: Pick<Config, 'readOnly'>,
  { dryRun, yes }: ChangeOptions,
): 'none' | 'admin' | 'offer-other-token' | undefined {
  const permission = changePermission({
    ...known,
    readOnly,
    dryRun: dryRun === true,
    yes: yes === true,
    terminal: canAsk(),
  })
  if (permission.kind === 'refused')
    throw new ConnectorError('CONFIG_INVALID', `Nothing was changed: ${permission.reason}.`)
  return permission.kind === 'shown' ? undefined : permission.token
}

export function showRequests(requests: readonly PlannedRequest[], { endpoint }: Config, json: boolean): void {
  if (!json) process.stderr.write('Nothing is sent. This is what would be:\n')
  process.stdout.write(json ? dryRunJson(requests, endpoint) : dryRunText(requests, endpoint))
}

export function sayUnchanged(json: boolean): void {
  process.stderr.write('Nothing was changed.\n')
  if (json) process.stdout.write(`${JSON.stringify({ changed: false })}\n`)
}

function sayDeclined({ printsNewToken }: HubChange, json: boolean): void {
  sayUnchanged(json)
  if (printsNewToken === true) process.exitCode = 1
}

async function offeredToken(other: HubToken): Promise<HubToken | undefined> {
  const question = `HF_AUDIT_ADMIN_TOKEN is not set. Make this change with the token from ${other.source}, which is meant for reading?`
  return (await askYesOrNo(question)) ? other : undefined
}
