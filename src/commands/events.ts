import { tmpdir } from 'node:os'
import { Command, InvalidArgumentError, Option } from 'commander'
import { nearest } from '../config/file.ts'
import { type Config, invalid, loadConfig } from '../config.ts'
import { tokenSourceOf } from '../connector.ts'
import { catalogue } from '../event/catalogue.ts'
import type { Organization } from '../event/organization.ts'
import { REPOSITORY_TYPES, type RepositoryType } from '../event/repository-types.ts'
import type { Spool } from '../ports.ts'
import { ACTION_ALIASES } from '../query/action.ts'
import { COUNT_KEYS, type CountKey, EventCounts } from '../query/event-counts.ts'
import { NewestEvents } from '../query/newest-events.ts'
import type { QueryOptions } from '../query/query-options.ts'
import { type ReadQuery, readQuery } from '../query/read-query.ts'
import { createFileSpool } from '../spool/file-spool.ts'
import { countText } from '../status/words.ts'
import { countsText, eventsText, type OutputFormat } from './events-output.ts'
import { askHub, tellMissing } from './events-query.ts'
import { organizationOf } from './organization-option.ts'
import { printLines, tell, terminalColumns } from './standard-output.ts'
import { stopSignals } from './stop-signals.ts'

interface EventsCommandOptions {
  readonly config?: string
  readonly organization?: string
  readonly limit?: number
  readonly offset: number
  readonly user?: string
  readonly action?: readonly string[]
  readonly resourceType?: RepositoryType
  readonly start?: string
  readonly end?: string
  readonly ip?: string
  readonly text?: string
  readonly countBy?: CountKey
  readonly csv?: boolean
  readonly json?: boolean
}

const DEFAULT_LIMIT = 100
const NO_MATCH = 'No event matches.'
const SPOOL_MEMORY_BYTES = 4 * 1024 * 1024

export function eventsCommand(): Command {
  return new Command('events')
    .description("Ask the Hub's audit log a question: who did what, when. Needs no journal.")
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option('--organization <name>', 'whose log; default: the configured one, if it is the only one')
    .option('--user <name>', 'only what this user did')
    .option(
      '--action <type>',
      'only this event type; * stands for any text; several with commas, or the option again',
      gatheredActions,
    )
    .addOption(
      new Option('--resource-type <type>', 'only what was about a repository of this type').choices(
        REPOSITORY_TYPES,
      ),
    )
    .option('--start <time>', 'from then on: 2026-08-17, 2026-08-17T09:30+02:00, or ago: -7d, -24h')
    .option('--end <time>', 'before then, in the same forms')
    .option('--ip <address>', 'only from this address or network (203.0.113.0/24)')
    .option('--text <text>', 'only events in which this text stands somewhere, in any case')
    .option('--limit <count>', `how many at most, or all (default: ${DEFAULT_LIMIT})`, parseLimit)
    .option('--offset <count>', 'leave out so many of the newest that match', parseCount, 0)
    .addOption(
      new Option('--count-by <key>', 'count what matches instead of printing it').choices(COUNT_KEYS),
    )
    .addOption(new Option('--csv', 'user,action,timestamp,resource as a spreadsheet reads it'))
    .addOption(new Option('--json', "the Hub's objects as they came, one a line").conflicts('csv'))
    .addHelpText(
      'after',
      `
Newest first. Times without an offset are UTC; a date is its midnight, so --end 2026-08-18 includes all of the 17th.
Actions that other clients know by another name (member.remove) are understood, and it is said what they became.
With --count-by everything that matches is counted; --limit and --offset then choose among the rows.
In CSV a cell that a spreadsheet would run as a formula has an apostrophe in front; --json is exact.
The Hub exports its last 100,000 events: what is older is in the journal only (hf-audit tail).

Examples:
  $ hf-audit events --organization acme
  $ hf-audit events --user alice --start -7d
  $ hf-audit events --action 'repo.*' --resource-type dataset --start 2026-08-01 --end 2026-09-01 --csv > august.csv
  $ hf-audit events --ip 203.0.113.0/24 --limit all --json | jq -r .message
  $ hf-audit events --start -30d --count-by user --limit 10`,
    )
    .action(events)
}

async function events(options: EventsCommandOptions): Promise<void> {
  const stop = stopSignals()
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const organization = askedOrganization(config, options.organization)
  const read = readQuery(options, Date.now(), optionName)
  // A token that is missing is a mistake of the configuration, seen before anything is connected.
  await tokenSourceOf(config)(organization)
  for (const note of [...read.notes, ...read.unknownActions.map(unknownAction)]) tell(note)
  if (options.countBy === undefined) await printEvents(config, organization, read, options, stop.signal)
  else await printCounts(config, organization, read, options, options.countBy, stop.signal)
}

function createSpool(): Spool {
  return createFileSpool({
    directory: tmpdir(),
    memoryBytes: SPOOL_MEMORY_BYTES,
    mend: 'Make room there or name another directory in TMPDIR, or ask for less with --limit.',
  })
}

async function printEvents(
  config: Config,
  organization: Organization,
  { query }: ReadQuery,
  options: EventsCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { limit = DEFAULT_LIMIT, offset } = options
  let newest: NewestEvents | undefined
  try {
    const queried = await askHub(
      config,
      organization,
      query,
      () => {
        newest?.dispose()
        newest = new NewestEvents(offset + limit, createSpool)
        return newest
      },
      signal,
    )
    await printLines(
      eventsText(() => newest!.page(offset), formatOf(options), { columns: terminalColumns() }),
      signal,
    )
    tellMissing(config, query, queried, queried.matched < offset + limit)
    const printed = Math.max(0, Math.min(limit, queried.matched - offset))
    if (queried.matched === 0) tell(NO_MATCH)
    else if (printed < queried.matched) {
      tell(`Shown: ${countText(printed)} of ${countText(queried.matched)} events that match.`)
    }
  } finally {
    newest?.dispose()
  }
}

async function printCounts(
  config: Config,
  organization: Organization,
  { query }: ReadQuery,
  options: EventsCommandOptions,
  key: CountKey,
  signal: AbortSignal,
): Promise<void> {
  let counts = new EventCounts(key)
  const queried = await askHub(
    config,
    organization,
    query,
    () => {
      counts = new EventCounts(key)
      return counts
    },
    signal,
  )
  const rows = counts
    .rows()
    .slice(options.offset, options.offset + (options.limit ?? Number.POSITIVE_INFINITY))
  await printLines(countsText(key, rows, formatOf(options), { columns: terminalColumns() }), signal)
  tellMissing(config, query, queried, true)
  if (queried.matched === 0) tell(NO_MATCH)
}

function askedOrganization(config: Config, name: string | undefined): Organization {
  if (name !== undefined) return organizationOf(config, name)
  const [only, ...others] = config.organizations
  if (only === undefined) {
    throw invalid([
      'no organization is configured; name one with --organization, or set HF_AUDIT_ORGANIZATIONS',
    ])
  }
  if (others.length === 0) return only
  const names = config.organizations.map(one => one.name).join(', ')
  throw invalid([`several organizations are configured (${names}); name one with --organization`])
}

function formatOf({ csv, json }: EventsCommandOptions): OutputFormat {
  if (json === true) return 'json'
  return csv === true ? 'csv' : 'table'
}

function unknownAction(action: string): string {
  const known = [...catalogue().keys(), ...Object.keys(ACTION_ALIASES)]
  return `${action} is no event type that this release knows, and is looked for as it is${nearest(action, known)}`
}

function optionName(option: keyof QueryOptions): string {
  return option === 'resourceType' ? '--resource-type' : `--${option}`
}

function gatheredActions(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(',').map(action => action.trim())]
}

function parseLimit(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('allowed are a whole number of at least 0, and all')
}

function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('allowed is a whole number of at least 0')
}
