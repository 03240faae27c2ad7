import { Command, InvalidArgumentError, Option } from 'commander'
import { durationMs } from '../config/values.ts'
import { type ConfigSource, loadConfig } from '../config.ts'
import { type Connector, createConnector } from '../connector.ts'
import { asConnectorError, ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { packageVersion } from '../version.ts'
import { exitCodeOf } from './exit-code.ts'
import { clearingProgress, createLoggerOf } from './logger.ts'
import { createProgressDisplay } from './progress.ts'
import { onReloadSignal } from './reload-signal.ts'
import { stopSignals } from './stop-signals.ts'

interface RunOptions {
  readonly config?: string
  readonly once?: boolean
  readonly timeout?: number
}

const ONCE_TIMEOUT_MS = 600_000

export function runCommand(): Command {
  return new Command('run')
    .description('Poll every configured organization and forward what is new.')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option('--once', 'poll each organization once, forward everything, and end')
    .addOption(
      new Option('--timeout <duration>', 'with --once: how long to keep trying (default: 10m)').argParser(
        parseDuration,
      ),
    )
    .addHelpText(
      'after',
      `
Exit codes: 0 fine, 1 unexpected, 2 configuration, 3 an organization is blocked, 4 journal unavailable,
5 not everything was forwarded in time, 6 Hub unavailable.

SIGHUP reads the configuration again and takes its organizations and tokens: what is added is polled, what is removed
ends after the poll under way, and what is blocked is tried at once. Anything else counts at the next start.

Examples:
  $ HF_AUDIT_ORGANIZATIONS=acme HF_TOKEN_PATH=/run/secrets/hf hf-audit run
  $ hf-audit run --once --timeout 2m --config connector.yaml`,
    )
    .action(run)
}

async function run(options: RunOptions): Promise<void> {
  if (options.timeout !== undefined && options.once !== true) {
    throw new ConnectorError(
      'CONFIG_INVALID',
      '--timeout says how long "hf-audit run --once" keeps trying; without --once it runs until it is stopped: add ' +
        '--once, or leave --timeout out',
    )
  }
  const stop = stopSignals()
  const source: ConfigSource = {
    environment: process.env,
    organizationsRequired: true,
    ...(options.config === undefined ? {} : { file: options.config }),
  }
  const config = loadConfig(source)
  stop.limitTo(config.shutdownGraceMs)
  const progress = createProgressDisplay(process.stderr.isTTY === true)
  const log = clearingProgress(createLoggerOf(config), progress.clear)
  const creating = createConnector(config, { log, version: packageVersion(), onProgress: progress.show })
  if (options.once !== true) {
    onReloadSignal(
      async () => reload(await creating, source, log),
      () => process.kill(process.pid, 'SIGTERM'),
    )
  }
  const connector = await creating
  try {
    if (options.once === true) {
      const errors = await connector.runOnce(
        AbortSignal.timeout(options.timeout ?? ONCE_TIMEOUT_MS),
        stop.signal,
      )
      process.exitCode = exitCodeOf(errors)
    } else {
      await connector.run(stop.signal)
      log.info({}, 'stopped')
    }
  } finally {
    progress.clear()
  }
}

/** A configuration with mistakes is told, and the one in use stays. */
async function reload(connector: Connector, source: ConfigSource, log: Logger): Promise<void> {
  try {
    await connector.reload(loadConfig(source))
  } catch (error) {
    const { code, message } = asConnectorError(error)
    log.error({ code }, `${message}\nThe configuration in use stays.`)
  }
}

/** A duration as an option: `90s`, `10m`. */
export function parseDuration(text: string): number {
  const result = durationMs(1).safeParse(text)
  if (result.success) return result.data
  throw new InvalidArgumentError(result.error.issues[0]!.message)
}
