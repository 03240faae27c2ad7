import { Command, InvalidArgumentError } from 'commander'
import { type AdminPlace, askStatus } from '../admin/ask.ts'
import { addressText, adminAddress } from '../config/admin-address.ts'
import { type Config, invalid, loadConfig } from '../config.ts'
import { ConnectorError } from '../errors.ts'
import { anchorOf } from '../event/chain.ts'
import { createJournalScanner } from '../journals.ts'
import { rfc3339 } from '../report.ts'
import { withEscapes } from './json-text.ts'
import { createLoggerOf } from './logger.ts'
import {
  type StatusAnswer,
  type StoredOrganization,
  statusAnswer,
  statusText,
  storedText,
} from './status-output.ts'
import { stopSignals } from './stop-signals.ts'

interface StatusCommandOptions {
  readonly config?: string
  readonly address?: AdminPlace
  readonly json?: boolean
}

/** Nobody waits longer for a journal that does not answer. */
const JOURNAL_TIMEOUT_MS = 15_000

export function statusCommand(): Command {
  return new Command('status')
    .description('Say how the running connector is; when none runs here, what the journal alone knows.')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option(
      '--address <host:port>',
      'where the connector listens; default: HF_AUDIT_ADMIN_ADDRESS',
      parseAddress,
    )
    .option('--json', 'one object: what /status.json answers, with "running"')
    .addHelpText(
      'after',
      `
Exit codes: 0 fine, or no connector runs; 2 the address is another program's, or it wants a password; 3 an organization
is blocked; 4 the journal cannot be reached; 5 the collector refuses records until a person acts.

Examples:
  $ hf-audit status
  $ hf-audit status --json | jq '.organizations[] | {organization, phase, lagMs}'
  $ hf-audit status --address 127.0.0.1:41234`,
    )
    .action(status)
}

async function status(options: StatusCommandOptions): Promise<void> {
  const stop = stopSignals()
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const place = options.address ?? config.admin
  if (place?.port === 0) {
    throw invalid([
      'HF_AUDIT_ADMIN_ADDRESS has port 0: give the port that the start line of "run" tells, with --address',
    ])
  }
  const found = place === undefined ? undefined : await askStatus(place, config.statusPassword)
  if (found === undefined) return tellStored(config, place, options, stop.signal)

  const answer = statusAnswer.safeParse(found)
  if (!answer.success) {
    throw invalid([
      `What listens at ${addressText(place!)} answers in a form that this release does not know`,
    ])
  }
  process.stdout.write(
    options.json === true
      ? `${withEscapes(JSON.stringify({ running: true, ...(found as object) }, null, 2))}\n`
      : statusText(answer.data, process.stdout),
  )
  process.exitCode = exitCodeOfAnswer(answer.data)
}

async function tellStored(
  config: Config,
  place: AdminPlace | undefined,
  { json }: StatusCommandOptions,
  stop: AbortSignal,
): Promise<void> {
  const where =
    place === undefined ? 'HF_AUDIT_ADMIN_ADDRESS is off' : `No connector runs at ${addressText(place)}`
  if (json !== true) process.stderr.write(`${where}; this is what the journal knows.\n`)
  const { shown, fault } = await storedOrganizations(
    config,
    AbortSignal.any([stop, AbortSignal.timeout(JOURNAL_TIMEOUT_MS)]),
  )
  process.stdout.write(json === true ? storedJson(shown) : storedText(shown, Date.now()))
  if (fault !== undefined) throw new ConnectorError('JOURNAL_MISMATCH', fault)
}

/** `fault`: why one of them cannot be shown. The topic may hold what was never an organization of ours. */
async function storedOrganizations(
  config: Config,
  signal: AbortSignal,
): Promise<{ readonly shown: StoredOrganization[]; readonly fault: string | undefined }> {
  const configured = new Set(config.organizations.map(({ identity }) => identity))
  const isWanted = ({ organization }: { readonly organization: string }) =>
    configured.size === 0 || configured.has(organization)
  const scanner = await createJournalScanner(config, createLoggerOf(config))
  await scanner.open(signal)
  try {
    const trails = (await scanner.state(signal)).trails.filter(isWanted)
    const shown = trails.flatMap(({ organization, head }) => {
      if (head === undefined) return []
      return [
        {
          organization,
          sequence: head.sequence,
          lastPollAtMs: head.polledAtMs ?? undefined,
          newestEventAtMs: head.newestCreatedAtMs ?? undefined,
          deadLetters: head.totals.deadLettered,
          anchor: anchorOf(head.sequence, head.chainHash),
        },
      ]
    })
    return { shown, fault: trails.find(({ fault }) => fault !== undefined)?.fault }
  } finally {
    await scanner.close()
  }
}

function storedJson(organizations: readonly StoredOrganization[]): string {
  const shown = organizations.map(({ lastPollAtMs, newestEventAtMs, ...rest }) => ({
    ...rest,
    lastPollAt: rfc3339(lastPollAtMs ?? null),
    newestEventAt: rfc3339(newestEventAtMs ?? null),
  }))
  return `${withEscapes(JSON.stringify({ running: false, organizations: shown }, null, 2))}\n`
}

/** The same numbers as elsewhere, the first that applies. */
function exitCodeOfAnswer({ journal, organizations, forwarder }: StatusAnswer): number {
  if (journal.state === 'unreachable' || (journal.state === 'opening' && journal.message !== null)) return 4
  if (organizations.some(({ phase }) => phase === 'blocked')) return 3
  return forwarder?.state === 'blocked' ? 5 : 0
}

function parseAddress(text: string): AdminPlace {
  const result = adminAddress.safeParse(text)
  if (result.success && result.data !== 'off' && result.data.port > 0) return result.data
  throw new InvalidArgumentError('allowed is host:port, such as 127.0.0.1:9464')
}
