import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Command, InvalidArgumentError } from 'commander'
import { type Config, invalid, loadConfig } from '../config.ts'
import type { Organization } from '../event/organization.ts'
import { createJournalScanner } from '../journals.ts'
import { createFileSpool } from '../spool/file-spool.ts'
import { parseAnchor, readAnchors } from '../verify/anchors-file.ts'
import { JournalWindow } from '../verify/hub-comparison.ts'
import { type KeptAnchor, type VerifyOptions, verifyJournal } from '../verify/verify.ts'
import { exitCodeOf } from './exit-code.ts'
import { clearingProgress, createLoggerOf } from './logger.ts'
import { organizationOf } from './organization-option.ts'
import { stopSignals } from './stop-signals.ts'
import { compareEach } from './verify-hub.ts'
import { hasProblem, jsonResult, textResults, withDifferences } from './verify-output.ts'
import { createVerifyProgress } from './verify-progress.ts'

interface VerifyCommandOptions {
  readonly config?: string
  readonly organization?: string
  readonly fromAnchor?: Pick<KeptAnchor, 'sequence' | 'chainHash'>
  readonly anchors?: string
  readonly againstHub?: boolean
  readonly json?: boolean
}

/** The process's exit code when a problem was found. A contract: documented in the README. */
const PROBLEM_FOUND = 7
/** Problems of each kind that are shown for each organization. */
const SHOWN_PROBLEMS = 20
const SPOOL_MEMORY_BYTES = 4 * 1024 * 1024

export function verifyCommand(): Command {
  return new Command('verify')
    .description('Check everything in the journal: that no record is missing, doubled, changed or foreign.')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option('--organization <name>', 'only this organization')
    .option(
      '--from-anchor <sequence:hash>',
      'an anchor that was kept: the chain must have this hash there',
      parseOption,
    )
    .option(
      '--anchors <file>',
      'many anchors: "organization sequence:hash" or a ledger entry as JSON, one a line',
    )
    .option('--against-hub', 'compare with a fresh export: what is missing here, unknown there, or changed')
    .option('--json', 'one object for each organization, a line each')
    .addHelpText(
      'after',
      `
Reads the whole journal, beside a running connector too. Ends with 7 when it found a problem, with 0 when it found none.
Keep the anchor that it prints somewhere else: with it the next verify proves that nothing before it was written anew.

Examples:
  $ hf-audit verify
  $ hf-audit verify --organization acme --from-anchor 1200:5f0c…
  $ hf-audit tail --stream ledger --from-beginning --no-follow --json > anchors.jsonl
  $ hf-audit verify --anchors anchors.jsonl --json | jq 'select(.problemCount > 0)'`,
    )
    .action(verify)
}

async function verify(options: VerifyCommandOptions): Promise<void> {
  const stop = stopSignals()
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const organization = identityOf(config, options.organization)
  const compared = options.againstHub === true ? comparedOrganizations(config, options.organization) : []
  const ownLog = createLoggerOf(config)
  const progress = createVerifyProgress(process.stderr.isTTY === true, ownLog)
  const log = clearingProgress(ownLog, progress.clear)
  const scanner = await createJournalScanner(config, log)
  const createSpool = () =>
    createFileSpool({ directory: config.dataDirectory, memoryBytes: SPOOL_MEMORY_BYTES })
  const spool = createSpool()
  const windows = new Map(compared.map(one => [one.identity, new JournalWindow(one, config.exportCap)]))
  const startedAtMs = Date.now()
  try {
    await scanner.open(stop.signal)
    const results = await verifyJournal(
      {
        organization,
        endpoint: config.endpoint,
        anchors: keptAnchors(options),
        problemLimit: SHOWN_PROBLEMS,
        ...(compared.length === 0 ? {} : collecting(windows)),
      },
      { scanner, spool, onProgress: progress.show },
      stop.signal,
    )
    progress.clear()
    const { differences, errors } = await compareEach(
      compared,
      { config, log, scanner, windows, createSpool, startedAtMs },
      stop.signal,
    )
    const verified = withDifferences(results, differences)
    process.stdout.write(options.json === true ? verified.map(jsonResult).join('') : textResults(verified))
    process.exitCode = verified.some(hasProblem) ? PROBLEM_FOUND : exitCodeOf(errors)
  } finally {
    progress.clear()
    spool.dispose()
    await scanner.close()
  }
}

/** What the journal holds is compared with the exports when all of it was read. */
function collecting(
  windows: ReadonlyMap<string, JournalWindow>,
): Pick<VerifyOptions, 'onEvent' | 'onDeadLetter'> {
  return {
    onEvent: (record, position) => windows.get(record.organization)?.addEvent(record, position),
    onDeadLetter: letter => windows.get(letter.organization)?.addDeadLetter(letter),
  }
}

/** The journal knows organizations by their identity; a person may say the name. Others than the configured ones may be in it. */
function identityOf({ organizations }: Config, name: string | undefined): string | undefined {
  const known =
    organizations.find(({ identity }) => identity === name) ?? organizations.find(one => one.name === name)
  return known?.identity ?? name
}

function comparedOrganizations(config: Config, name: string | undefined): readonly Organization[] {
  if (name !== undefined) return [organizationOf(config, name)]
  if (config.organizations.length > 0) return config.organizations
  throw invalid([
    'HF_AUDIT_ORGANIZATIONS is not set; --against-hub needs it, or --organization, to know whose export to ask for',
  ])
}

async function* keptAnchors(options: VerifyCommandOptions): AsyncGenerator<KeptAnchor, void, undefined> {
  if (options.fromAnchor !== undefined) {
    yield { organization: undefined, ...options.fromAnchor, origin: { kind: 'option' } }
  }
  if (options.anchors !== undefined) yield* readAnchors(linesOf(options.anchors), options.anchors)
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  const source = createReadStream(path, 'utf8')
  try {
    yield* createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw invalid([`--anchors is ${JSON.stringify(path)}, which cannot be read (${code})`])
  } finally {
    source.destroy()
  }
}

function parseOption(text: string): Pick<KeptAnchor, 'sequence' | 'chainHash'> {
  const anchor = parseAnchor(text)
  if (anchor !== undefined) return anchor
  throw new InvalidArgumentError('allowed is a sequence, a colon and a hash of 64 hexadecimal digits')
}
