import { Command, CommanderError } from 'commander'
import { asConnectorError, type ConnectorError } from '../errors.ts'
import { checkCommand } from './check.ts'
import { configCommand } from './config.ts'
import { exitCodeOf } from './exit-code.ts'
import { importCommand } from './import.ts'
import { migrateCommand } from './migrate.ts'
import { recoverCommand } from './recover.ts'
import { replayCommand } from './replay.ts'
import { runCommand } from './run.ts'
import { schemaCommand } from './schema.ts'
import { simulateCommand } from './simulate.ts'
import { tailCommand } from './tail.ts'
import { verifyCommand } from './verify.ts'
import { readVersion } from './version.ts'

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command('hf-audit')
    .description(
      'Publishes the audit log of Hugging Face organizations to Kafka and OpenTelemetry, each event exactly once.',
    )
    .version(readVersion())
    .showHelpAfterError('(see hf-audit --help)')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit simulate --events 1000            a local Hub to try things with
  $ hf-audit run --once                        poll each organization once and forward
  $ hf-audit tail --from-beginning --json      what is in the journal

Everything is configured by environment variables; the README lists them.`,
    )
  for (const command of [
    runCommand(),
    checkCommand(),
    configCommand(),
    tailCommand(),
    importCommand(),
    migrateCommand(),
    recoverCommand(),
    replayCommand(),
    verifyCommand(),
    schemaCommand(),
    simulateCommand(),
  ]) {
    adopt(program, command)
  }
  return program
}

/** Settings go down to subcommands of subcommands too. */
function adopt(parent: Command, command: Command): void {
  command.exitOverride().copyInheritedSettings(parent)
  for (const inner of command.commands) inner.exitOverride().copyInheritedSettings(parent)
  parent.addCommand(command)
}

/** Runs the command line and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  endWhenOutputEnds()
  try {
    await createProgram().parseAsync(argv)
    if (!isServing(argv)) endOnceWritten()
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are no failures; everything else of commander's is wrong usage.
      process.exitCode = error.exitCode === 0 ? 0 : 2
      return
    }
    const known = asConnectorError(error)
    process.stderr.write(`hf-audit: ${known.code === 'UNEXPECTED' ? withStack(known) : known.message}\n`)
    process.exitCode = exitCodeOf([known]) || 1
    endOnceWritten()
  }
}

/** `simulate` returns when it listens, and is ended by a signal. */
function isServing(argv: readonly string[]): boolean {
  return argv[2] === 'simulate'
}

/**
 * What was wanted is done and every part is closed: ends the process even if a library has left a timer or a connection
 * behind, which would keep it alive for good.
 */
function endOnceWritten(): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit()))
}

function withStack(error: ConnectorError): string {
  const cause = error.cause instanceof Error ? error.cause.stack : error.stack
  return `unexpected: ${cause ?? error.message}`
}

/** `hf-audit tail | head` closes our stdout: that is the reader's way of saying enough. A full disk is told in words. */
function endWhenOutputEnds(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`hf-audit: the output cannot be written (${error.code})\n`)
    process.exit(1)
  })
}
