import { once } from 'node:events'
import { Command, InvalidArgumentError, Option } from 'commander'
import { loadConfig } from '../config.ts'
import type { StreamName } from '../event/records.ts'
import { createJournalReader } from '../journals.ts'
import { jsonLine, plainLine } from './entry-lines.ts'
import { createLoggerOf } from './logger.ts'
import { stopSignals } from './stop-signals.ts'

const STREAMS: readonly StreamName[] = ['events', 'findings', 'dead-letters', 'ledger']

interface TailCommandOptions {
  readonly config?: string
  readonly fromBeginning?: boolean
  readonly follow: boolean
  readonly limit?: number
  readonly organization?: string
  readonly stream: StreamName
  readonly json?: boolean
}

export function tailCommand(): Command {
  return new Command('tail')
    .description('Print what is in the journal, from its end and following.')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option('--from-beginning', 'start with the first record that is kept')
    .option('--no-follow', 'end at the end')
    .option('--limit <count>', 'end after so many', parseCount)
    .option('--organization <identity>', 'only this organization')
    .addOption(new Option('--stream <name>', 'what to print').choices(STREAMS).default('events'))
    .option('--json', 'the whole record as JSON, one a line; times in RFC 3339, hashes in hex')
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit tail
  $ hf-audit tail --from-beginning --no-follow --json | jq .eventName
  $ hf-audit tail --stream ledger --from-beginning --limit 10`,
    )
    .action(tail)
}

async function tail(options: TailCommandOptions): Promise<void> {
  const stop = stopSignals()
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const log = createLoggerOf(config)
  const reader = await createJournalReader(config, log)
  const line = options.json === true ? jsonLine : plainLine
  let left = options.limit ?? Number.POSITIVE_INFINITY
  await reader.open(stop.signal)
  try {
    if (left === 0) return
    const entries = reader.tail(
      {
        streams: [options.stream],
        fromBeginning: options.fromBeginning === true,
        follow: options.follow,
        ...(options.organization === undefined ? {} : { organization: options.organization }),
      },
      stop.signal,
    )
    for await (const entry of entries) {
      await print(line(entry))
      left -= 1
      if (left <= 0) return
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    await reader.close()
  }
}

/** Waits for a slow reader: what is printed must not pile up in memory. */
async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain')
}

function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('allowed is a whole number of at least 0')
}
