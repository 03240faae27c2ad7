import { Command } from 'commander'
import type { Config } from '../../config.ts'
import { ConnectorError } from '../../errors.ts'
import { revokeLeakedTokens, revokeLeakedTokensRequest } from '../../hub/enterprise/revoke-leaked-tokens.ts'
import { countOf } from '../../status/words.ts'
import { approval } from '../approval.ts'
import type { PlannedRequest } from '../hub-change/dry-run.ts'
import { tellingInterruption } from '../hub-change/interruption.ts'
import {
  type ChangeOptions,
  permittedToken,
  sayUnchanged,
  showRequests,
  withChangeOptions,
} from '../hub-change/run-change.ts'
import { readConfig } from '../hub-session.ts'
import { askSecret, readStandardInput } from '../secret-input.ts'
import { tell } from '../standard-output.ts'
import { leakedTokens } from './leaked-tokens.ts'

/** The Hub takes so many at once. */
const MOST_AT_ONCE = 1000

export function revokeLeakedCommand(): Command {
  const command = new Command('revoke-leaked')
    .description('Invalidate leaked tokens by their values, which are read from standard input, one a line.')
    .option('--json', 'for programs: one object {sent}')
    .option('--config <file>', 'a YAML file; the environment comes before it')
  return withChangeOptions(command)
    .addHelpText(
      'after',
      `
Whoever has a value may, so no token of your own is needed or sent. The owners are told by e-mail. The Hub answers the same
whether a token existed or not. At a terminal it asks for one value, which is not shown; otherwise it needs --yes, since
standard input holds the values. Refused where HF_AUDIT_READ_ONLY is true.

Examples:
  $ hf-audit tokens revoke-leaked
  $ hf-audit tokens revoke-leaked --yes < leaked.txt`,
    )
    .action(revokeLeaked)
}

async function revokeLeaked(options: ChangeOptions): Promise<void> {
  const config = readConfig(options)
  const json = options.json === true
  // Refused before anything is read.
  const permitted = permittedToken({ hasAdminToken: false, needsNoToken: true }, config, options)
  if (permitted === undefined && process.stdin.isTTY === true) return show(config, undefined, json)
  const tokens = await readTokens()
  if (permitted === undefined) return show(config, tokens.length, json)
  const approve = approval(options)
  if (!(await approve(`Invalidate ${countOf(tokens.length, 'leaked token')} for good?`)))
    return sayUnchanged(json)
  const { endpoint, environment } = config
  await tellingInterruption(async () => {
    for (let from = 0; from < tokens.length; from += MOST_AT_ONCE) {
      const some = tokens.slice(from, from + MOST_AT_ONCE)
      await revokeLeakedTokens(some, { endpoint, environment }).catch(error => {
        if (from > 0)
          tell(
            `The Hub took the first ${countOf(from, 'value')}, not all ${tokens.length}. To give all of them again does no harm.`,
          )
        throw error
      })
    }
  })
  process.stdout.write(
    json
      ? `${JSON.stringify({ sent: tokens.length })}\n`
      : `The Hub took ${countOf(tokens.length, 'value')}; those that were tokens are invalid now.\n`,
  )
}

async function readTokens(): Promise<readonly string[]> {
  const text =
    process.stdin.isTTY === true
      ? await askSecret('The leaked token')
      : await readStandardInput('tokens revoke-leaked')
  const { tokens, mistakes } = leakedTokens(text)
  if (mistakes.length > 0)
    throw new ConnectorError('CONFIG_INVALID', `Nothing was sent: ${mistakes.join('; ')}.`)
  if (tokens.length === 0)
    throw new ConnectorError(
      'CONFIG_INVALID',
      'Nothing was sent: standard input holds no token. Give the values of the leaked tokens there, one a line.',
    )
  return tokens
}

/** With places for the values, which are shown nowhere. */
function show(config: Config, count: number | undefined, json: boolean): void {
  const requests: PlannedRequest[] = []
  for (let from = 0; from < (count ?? 1); from += MOST_AT_ONCE) {
    const some = count === undefined ? '…' : countOf(Math.min(MOST_AT_ONCE, count - from), 'value')
    const request = revokeLeakedTokensRequest(['LEAKED_TOKEN'])
    requests.push({ request: { ...request, body: { credentials: [`LEAKED_TOKEN (${some}, not shown)`] } } })
  }
  showRequests(requests, config, json)
}
