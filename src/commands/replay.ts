import { Command, Option } from 'commander'
import { type Config, loadConfig } from '../config.ts'
import { ConnectorError } from '../errors.ts'
import type { StreamName } from '../event/records.ts'
import { dryRun, replay } from '../replay/run.ts'
import type { ReplayTarget } from '../replay-ports.ts'
import { checkChoice, createReplaySource, createReplayTarget, targetIdentity } from '../replays.ts'
import { packageVersion } from '../version.ts'
import { jsonLine } from './entry-lines.ts'
import { clearingProgress, createLoggerOf } from './logger.ts'
import {
  defaultName,
  type ParsedReplay,
  parseReplay,
  type ReplayOptions,
  unknownOrganization,
  wordsOf,
} from './replay-options.ts'
import { createReplayProgress } from './replay-progress.ts'
import { dryRunLines, outcomeLines } from './replay-summary.ts'
import { stopSignals } from './stop-signals.ts'

const STREAMS: readonly StreamName[] = ['events', 'findings', 'ledger', 'dead-letters']

export function replayCommand(): Command {
  return new Command('replay')
    .description('Send a range of the journal again, beside the running pipeline and unnoticed by it.')
    .option(
      '--from <instant>',
      'from then on (inclusive): 2026-11-21T09:30:00Z, or a date, which begins at 00:00 UTC',
    )
    .option('--to <instant>', 'until then (exclusive)')
    .addOption(
      new Option(
        '--by <time>',
        'which time that is: when it was received (the default), or createdAt',
      ).choices(['received-time', 'event-time']),
    )
    .option('--from-sequence <number>', "from this event of the organization's sequence on (inclusive)")
    .option('--to-sequence <number>', 'up to this one (inclusive)')
    .option('--organization <identity>', 'only this organization')
    .addOption(new Option('--stream <name>', 'what to send').choices(STREAMS).default('events'))
    .option('--to-otlp', 'to the configured collector')
    .option('--to-topic <name>', 'to another Kafka topic')
    .option('--to-avro <file>', 'to an Avro object container file')
    .option('--to-json <file>', 'to JSON lines, as tail --json prints them; - is standard output')
    .addOption(
      new Option('--journal <kind>', 'which to read: by default Kafka where it is configured').choices([
        'kafka',
        'sqlite',
      ]),
    )
    .option('--name <name>', 'under which the cursor is kept; by default made of the arguments')
    .option('--again', 'run a finished replay once more, or into a topic that holds records already')
    .option('--dry-run', 'tell what would be sent, and send nothing')
    .option('--json', 'the summary as one JSON line')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .addHelpText(
      'after',
      `
Stopped or killed, the same command goes on where it was: in a topic each record is there once, a collector may get
some again (log.record.uid tells them), and a file holds whole records only. Without --to or --to-sequence the range
ends with what is there at the first start.

Exit codes: 0 sent, or sent before; 1 stopped; 2 usage; 4 journal or target unavailable, or another process runs this
replay; 5 stopped while the collector took nothing.

Examples:
  $ hf-audit replay --from 2026-11-01 --to 2026-12-01 --to-otlp --dry-run
  $ hf-audit replay --from 2026-11-21T09:30:00Z --to-topic audit-restored
  $ hf-audit replay --organization acme --from-sequence 1 --to-sequence 5000 --to-avro acme.avro
  $ hf-audit replay --from 2026-11-01 --by event-time --to-json - | jq .eventName`,
    )
    .action(runReplay)
}

async function runReplay(options: ReplayOptions): Promise<void> {
  const stop = stopSignals()
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  stop.limitTo(config.shutdownGraceMs)
  const parsed = parseReplay(options, config)
  const journal = options.journal ?? (config.kafka === undefined ? 'sqlite' : 'kafka')
  const choice = { journal, stream: parsed.selection.stream, target: parsed.target }
  checkChoice(choice, config)
  const log = createLoggerOf(config)
  const source = await createReplaySource(config, journal, log)
  const words = wordsOf(parsed, targetIdentity(parsed.target, config), source.origin)
  const name = options.name ?? defaultName(words)
  const progress = createReplayProgress(process.stderr.isTTY === true, log)
  const told = clearingProgress(log, progress.clear)
  const dependencies = { log: told, version: packageVersion(), lineOf: jsonLine }
  const target = await createReplayTarget(config, { ...choice, name }, dependencies)
  const summary = { name, destination: target.destination, hint: hintOf(parsed, config) }
  const startedAt = performance.now()
  try {
    await source.open(stop.signal)
    await target.check(stop.signal)
    if (options.dryRun === true) {
      const found = await dryRun(parsed.selection, source, stop.signal)
      say(dryRunLines({ ...summary, ...found }, options.json === true), parsed)
      return
    }
    const outcome = await replay(
      { name, words, selection: parsed.selection, again: options.again === true },
      { source, target, log: told, random: Math.random, onProgress: progress.show },
      stop.signal,
    )
    progress.clear()
    const durationMs = Math.round(performance.now() - startedAt)
    say(outcomeLines({ ...summary, ...outcome, durationMs }, options.json === true), parsed)
  } catch (error) {
    throw stop.signal.aborted ? whenStopped(error, target, parsed, options) : error
  } finally {
    progress.clear()
    await source.close()
    await target.close()
  }
}

/** Standard output belongs to the records when they go there. */
function say(text: string, { target }: ParsedReplay): void {
  const output = target.to === 'json' && target.path === '-' ? process.stderr : process.stdout
  output.write(`${text}\n`)
}

function hintOf({ selection: { organization } }: ParsedReplay, config: Config): string {
  return organization === undefined ? '' : ` of ${organization}${unknownOrganization(organization, config)}`
}

function whenStopped(
  error: unknown,
  target: ReplayTarget,
  parsed: ParsedReplay,
  { dryRun }: ReplayOptions,
): ConnectorError {
  if (dryRun === true) {
    return new ConnectorError('STOPPED', 'The dry run was stopped before its end. Nothing was sent.', {
      cause: error,
    })
  }
  const trouble = target.trouble?.()
  const isStream = parsed.target.to === 'json' && parsed.target.path === '-'
  const mend = isStream
    ? 'The same command begins again with the first record.'
    : 'What was sent is kept in mind: the same command goes on from there.'
  if (trouble === undefined) {
    return new ConnectorError('STOPPED', `The replay was stopped before its end. ${mend}`, { cause: error })
  }
  return new ConnectorError(
    'OTLP_NOT_DRAINED',
    `The replay was stopped while ${target.destination} took nothing (${trouble}). ${mend}`,
    { cause: error },
  )
}
