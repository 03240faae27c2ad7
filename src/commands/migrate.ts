import { Command } from 'commander'
import { type Config, invalid, loadConfig } from '../config.ts'
import { createMigrationEnds } from '../journals.ts'
import { type MigrationPlan, migrate } from '../migration.ts'
import { approval } from './approval.ts'
import { jsonText } from './json-text.ts'
import { createLoggerOf } from './logger.ts'
import { createProgressDisplay } from './progress.ts'
import { stopSignals } from './stop-signals.ts'

interface MigrateOptions {
  readonly config?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'Move the embedded journal to Kafka: sequence, chain, ids and what is not yet forwarded go on.',
    )
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'do it without asking')
    .option('--json', 'the plan as one JSON object')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .addHelpText(
      'after',
      `
Moves what HF_AUDIT_DATA_DIR holds, every organization of it, to the topics of KAFKA_BROKERS and KAFKA_TOPIC. Stop the
connector first. Interrupted, the same command goes on where it stopped, and nothing is in Kafka twice. When all is
there the embedded journal is marked as moved: it can still be read, and no longer written.

Example:
  $ KAFKA_BROKERS=kafka-1:9092 hf-audit migrate --dry-run`,
    )
    .action(run)
}

async function run(options: MigrateOptions): Promise<void> {
  const stop = stopSignals()
  const config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  if (config.kafka === undefined)
    throw invalid(['KAFKA_BROKERS is not set: it says where to move the journal'])
  const approve = approval(options)
  const log = createLoggerOf(config)
  const progress = createProgressDisplay(process.stderr.isTTY === true)
  const { source, createTarget } = await createMigrationEnds(config, log)
  try {
    source.open()
    const target = createTarget(source.movedTo() === undefined ? source.trails() : [])
    try {
      const { plan, done } = await migrate(
        settingsOf(config, options),
        {
          source,
          target,
          now: Date.now,
          random: Math.random,
          async approve(shown) {
            if (options.json !== true) print(wordsOf(shown))
            return shown.movedTo === undefined && approve('Move it?')
          },
          onProgress: (organization, done, total) =>
            progress.show({ organization, phase: 'publishing', done, total }),
          onRetry: ({ code, message }, retryInMs) => {
            progress.clear()
            log.warn({ code, retryInMs }, message)
          },
        },
        stop.signal,
      )
      progress.clear()
      if (options.json === true) print([jsonText({ ...plan, movedTo: plan.movedTo ?? null, done })])
      else if (plan.movedTo === undefined) {
        print([
          done ? `Moved. From now on set KAFKA_BROKERS: ${plan.from} is closed.` : 'Nothing was changed.',
        ])
      }
    } finally {
      progress.clear()
      await target.close()
    }
  } finally {
    source.close()
  }
}

function settingsOf({ maxRecordBytes, endpoint }: Config, { dryRun }: MigrateOptions) {
  return { maxRecordBytes, endpoint, dryRun: dryRun === true }
}

function wordsOf({ from, to, movedTo, trails }: MigrationPlan): string[] {
  if (movedTo !== undefined) return [`${from} was moved to ${movedTo} already: nothing to do.`]
  const states = { new: '', begun: ', begun before', done: ', all there' }
  return [
    `From ${from} to ${to}:`,
    ...trails.map(
      ({ organization, values, anchor, state }) =>
        `  ${organization}: ${values} values, up to ${anchor}${states[state]}`,
    ),
  ]
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}
