import { existsSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { type StarterValues, starterFile } from '../config/starter-file.ts'
import { invalid } from '../config.ts'
import { check } from './check.ts'
import { type Answers, checkForms, checkUsable, leftToSet } from './init-answers.ts'

interface InitOptions {
  readonly output: string
  readonly force?: boolean
  readonly yes?: boolean
  readonly check: boolean
  readonly organizations?: string
  readonly tokenFile?: string
  readonly endpoint?: string
  readonly dataDir?: string
  readonly kafkaBrokers?: string
  readonly kafkaTopic?: string
  readonly kafkaSsl?: boolean
  readonly kafkaSslCa?: string
  readonly kafkaSaslMechanism?: string
  readonly kafkaSaslUsername?: string
  readonly kafkaSaslPasswordFile?: string
  readonly schemaRegistryUrl?: string
  readonly otlpEndpoint?: string
}

/** Seen from `src/commands/` and from `dist/commands/` alike. */
const SCHEMA = fileURLToPath(new URL('../../schemas/config.schema.json', import.meta.url))
const PROBLEM_FOUND = 8

export function initCommand(): Command {
  return new Command('init')
    .description('Ask a few questions, write a commented configuration file, and check it.')
    .option('--output <file>', 'where to write it', 'hf-audit.yaml')
    .option('--force', 'replace a file that is there')
    .option('--yes', 'ask nothing: the options say it all')
    .option('--no-check', 'only write the file')
    .option('--organizations <names>', 'comma list')
    .option('--token-file <file>', 'the file that holds the token')
    .option('--endpoint <url>', 'another Hub than https://huggingface.co')
    .option('--data-dir <directory>', 'of the embedded journal')
    .option(
      '--kafka-brokers <list>',
      'host:port, with commas between; without them the embedded journal is used',
    )
    .option('--kafka-topic <name>', 'the topic, and prefix of the others')
    .option('--kafka-ssl', 'speak TLS')
    .option('--kafka-ssl-ca <file>', 'PEM file of the authority')
    .option('--kafka-sasl-mechanism <name>', 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512')
    .option('--kafka-sasl-username <name>', 'who logs in')
    .option('--kafka-sasl-password-file <file>', 'the file that holds the password')
    .option('--schema-registry-url <url>', 'with the path of its API')
    .option('--otlp-endpoint <url>', 'an OpenTelemetry collector')
    .addHelpText(
      'after',
      `
No secret is asked for or written: the file names the files that hold them, or they stay in the environment.

Exit codes: those of check, 0 or 8; 2 when the file is there already or an option is wrong.

Examples:
  $ hf-audit init
  $ hf-audit init --yes --organizations acme --token-file /run/secrets/hf-token --kafka-brokers kafka:9092
  $ hf-audit init --output /etc/hf-audit/config.yaml --no-check`,
    )
    .action(init)
}

async function init(options: InitOptions): Promise<void> {
  const path = resolve(options.output)
  if (existsSync(path) && options.force !== true)
    throw invalid([
      `--output ${options.output} is there already; name another one, or give --force to replace it`,
    ])
  const given = givenBy(options)
  const answers = await answersOf(options, given)
  checkUsable(answers)
  write(path, starterFile(valuesOf(answers), schemaPathFrom(dirname(path))), options)
  const next = `hf-audit run --config ${options.output}`
  process.stdout.write(`Wrote ${options.output}. ${leftInWords(answers)}\n`)
  if (!options.check) {
    process.stdout.write(`Next: hf-audit check --config ${options.output}, then ${next}\n`)
    return
  }
  process.stdout.write('\n')
  const isReady = await check({ config: path })
  process.stdout.write(
    isReady ? `Next: ${next}\n` : `Then again: hf-audit check --config ${options.output}\n`,
  )
  process.exitCode = isReady ? 0 : PROBLEM_FOUND
}

async function answersOf(options: InitOptions, given: Answers): Promise<Answers> {
  if (options.yes !== true && process.stdin.isTTY === true && process.stdout.isTTY === true) {
    // Before anybody has answered for nothing: not every option is asked for again.
    checkForms(given)
    const { ask } = await import('./init-questions.ts')
    return ask(given)
  }
  if (given.HF_AUDIT_ORGANIZATIONS === undefined) {
    const why = options.yes === true ? 'nothing is asked with --yes' : 'there is no terminal to ask on'
    throw invalid([`--organizations is missing, and ${why}`])
  }
  return given
}

/** The options as variables. */
function givenBy(options: InitOptions): Answers {
  return {
    HF_AUDIT_ORGANIZATIONS: options.organizations,
    HF_TOKEN_FILE: options.tokenFile,
    HF_ENDPOINT: options.endpoint,
    HF_AUDIT_DATA_DIR: options.dataDir,
    KAFKA_BROKERS: options.kafkaBrokers,
    KAFKA_TOPIC: options.kafkaTopic,
    KAFKA_SSL: options.kafkaSsl === true ? 'true' : undefined,
    KAFKA_SSL_CA: options.kafkaSslCa,
    KAFKA_SASL_MECHANISM: options.kafkaSaslMechanism,
    KAFKA_SASL_USERNAME: options.kafkaSaslUsername,
    KAFKA_SASL_PASSWORD_FILE: options.kafkaSaslPasswordFile,
    SCHEMA_REGISTRY_URL: options.schemaRegistryUrl,
    OTEL_EXPORTER_OTLP_ENDPOINT: options.otlpEndpoint,
  }
}

/** Lists as YAML lists, and true as true. */
function valuesOf(answers: Answers): StarterValues {
  return Object.fromEntries(
    Object.entries(answers).map(([variable, text]) => {
      if (text === undefined) return [variable, undefined]
      if (['HF_AUDIT_ORGANIZATIONS', 'KAFKA_BROKERS'].includes(variable))
        return [
          variable,
          text
            .split(',')
            .map(part => part.trim())
            .filter(part => part !== ''),
        ]
      return [variable, variable === 'KAFKA_SSL' ? true : text]
    }),
  )
}

function leftInWords(answers: Answers): string {
  const left = leftToSet(answers)
  return left.length === 0 ? '' : `To be set in the environment: ${left.join(', ')}.`
}

/** A new one is for its owner alone: it may come to hold a secret. Never follows what appeared there meanwhile, unless it may replace it. */
function write(path: string, text: string, { output, force }: InitOptions): void {
  try {
    writeFileSync(path, text, { flag: force === true ? 'w' : 'wx', mode: 0o600 })
  } catch (error) {
    throw invalid([`--output ${output} cannot be written (${(error as NodeJS.ErrnoException).code})`])
  }
}

/** Relative within the directory of the file, as in a project that has this package; else where the package is. */
function schemaPathFrom(directory: string): string {
  const path = relative(directory, SCHEMA)
  return path.startsWith('..') || isAbsolute(path) ? `file://${SCHEMA}` : `./${path}`
}
