import { Command, CommanderError } from 'commander'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { durationText } from '../status/words.ts'
import { packageVersion } from '../version.ts'
import { exitCodeOf } from './exit-code.ts'
import { secretAmong, withoutUnknownValue } from './secret-arguments.ts'
import { plainText } from './table.ts'

/** In the order of the help. Each is loaded when it is needed: together they take half a second and 30 MB. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  init: async () => (await import('./init.ts')).initCommand(),
  run: async () => (await import('./run.ts')).runCommand(),
  check: async () => (await import('./check.ts')).checkCommand(),
  config: async () => (await import('./config.ts')).configCommand(),
  tail: async () => (await import('./tail.ts')).tailCommand(),
  events: async () => (await import('./events.ts')).eventsCommand(),
  status: async () => (await import('./status.ts')).statusCommand(),
  import: async () => (await import('./import.ts')).importCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  recover: async () => (await import('./recover.ts')).recoverCommand(),
  replay: async () => (await import('./replay.ts')).replayCommand(),
  verify: async () => (await import('./verify.ts')).verifyCommand(),
  schema: async () => (await import('./schema.ts')).schemaCommand(),
  org: async () => (await import('./org.ts')).orgCommand(),
  tokens: async () => (await import('./tokens.ts')).tokensCommand(),
  sso: async () => (await import('./sso.ts')).ssoCommand(),
  repo: async () => (await import('./repo.ts')).repoCommand(),
  simulate: async () => (await import('./simulate.ts')).simulateCommand(),
  completion: async () => (await import('./completion.ts')).completionCommand(),
}

/**
 * The whole command line, or as much of it as `wanted`, the first word, needs: help, completion and suggestions for a
 * name that is none need all.
 */
export async function createProgram(wanted?: string): Promise<Command> {
  const program = new Command('hf-audit')
    .description(
      'Publishes the audit log of Hugging Face organizations to Kafka and OpenTelemetry, each event exactly once.',
    )
    .version(packageVersion())
    .showHelpAfterError('(see hf-audit --help)')
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(withoutUnknownValue(text)) })
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit init                              a configuration file, in a few questions
  $ hf-audit check                             what is ready, and how to mend the rest
  $ hf-audit simulate --events 1000            a local Hub to try things with
  $ hf-audit run --once                        poll each organization once and forward
  $ hf-audit tokens list --organization acme   the tokens of its service accounts
  $ hf-audit tail --from-beginning --json      what is in the journal
  $ hf-audit events --user alice --start -7d   ask the Hub who did what
  $ eval "$(hf-audit completion bash)"         complete commands and options with Tab

Exit codes:
  0  fine                                      5  not everything was forwarded to OTLP in time
  1  unexpected                                6  the Hub is not available
  2  wrong usage or configuration              7  verify found a problem
  3  an organization is blocked                8  check found a problem
  4  the journal is not available              9  org has-role: no

Everything is configured by environment variables or a YAML file: hf-audit config reference.
NO_COLOR turns colours off. The log goes to stderr, what was asked for to stdout.`,
    )
  const names =
    wanted !== undefined && Object.hasOwn(COMMANDS, wanted) && wanted !== 'completion'
      ? [wanted]
      : Object.keys(COMMANDS)
  for (const name of names) adopt(program, await COMMANDS[name]!())
  return program
}

/** Settings go down to subcommands of any depth. */
function adopt(parent: Command, command: Command): void {
  inherit(command, parent)
  parent.addCommand(command)
}

function inherit(command: Command, parent: Command): void {
  command.exitOverride().copyInheritedSettings(parent)
  for (const inner of command.commands) inherit(inner, command)
}

/** Runs the command line as the process's own: sets its exit code, and ends it when what was wanted is done. */
export async function main(argv: readonly string[]): Promise<void> {
  endWhenOutputEnds()
  const outcome = await runCommandLine(argv)
  // Usage and help are written at once; the process ends by itself.
  if (outcome === 'failed' || (outcome === 'done' && !isServing(argv))) endOnceWritten()
}

/** Sets the process's exit code and writes what went wrong to stderr. Ends nothing. */
export async function runCommandLine(argv: readonly string[]): Promise<'done' | 'usage' | 'failed'> {
  try {
    // Before anything reads it, or repeats it in words of its own.
    const secret = secretAmong(argv.slice(2))
    if (secret !== undefined) throw new ConnectorError('CONFIG_INVALID', secret)
    await (await createProgram(argv[2])).parseAsync(argv)
    return 'done'
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version are no failures; everything else of commander's is wrong usage.
      process.exitCode = error.exitCode === 0 ? 0 : 2
      return 'usage'
    }
    const known = asConnectorError(error)
    process.stderr.write(`hf-audit: ${known.code === 'UNEXPECTED' ? withStack(known) : inWords(known)}\n`)
    process.exitCode = exitCodeOf([known]) || 1
    return 'failed'
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
  process.stdout.write('', error => {
    // What was not written ends the process as below.
    if (error === null || error === undefined) process.stderr.write('', () => process.exit())
  })
}

/** With how long to wait, where the server said it. Names from elsewhere steer no terminal. */
function inWords({ message, retryAfterMs }: ConnectorError): string {
  const lines = message.split('\n').map(plainText).join('\n')
  return retryAfterMs === undefined || retryAfterMs <= 0
    ? lines
    : `${lines} Try again in ${durationText(retryAfterMs)}.`
}

function withStack(error: ConnectorError): string {
  const cause = error.cause instanceof Error ? error.cause.stack : error.stack
  return `unexpected: ${cause ?? error.message}`
}

/**
 * `hf-audit tail | head` closes our stdout: that is the reader's way of saying enough. A full disk is told in words. What
 * cannot be written to stderr is not read by anybody, and stops nothing: the answer goes to stdout all the same.
 */
function endWhenOutputEnds(): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    process.stderr.write(`hf-audit: the output cannot be written (${error.code})\n`)
    process.exit(1)
  })
}
