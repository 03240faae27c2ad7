import { Command, Option } from 'commander'
import { type Config, invalid, loadConfig } from '../config.ts'
import type { StreamName } from '../event/records.ts'
import { currentSchema } from '../event/schemas.ts'
import { kafkaNames } from '../kafka/settings.ts'
import type { AvroRecord } from '../schema/avro-fields.ts'
import { clickhouseTable } from '../schema/clickhouse.ts'
import { jsonSchemaOf } from '../schema/json-schema.ts'

const STREAMS: readonly StreamName[] = ['events', 'dead-letters', 'findings', 'ledger']
const FORMATS = ['avro', 'clickhouse', 'json-schema'] as const
/** The process's exit code when the registry would not take a schema. A contract: documented in the README. */
const PROBLEM_FOUND = 8

interface RegistryOptions {
  readonly config?: string
  readonly stream?: StreamName
  readonly json?: boolean
}

export function schemaCommand(): Command {
  return new Command('schema')
    .description('Print the schemas of what is published, and check or register them.')
    .addCommand(printCommand())
    .addCommand(checkCommand())
    .addCommand(registerCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit schema print
  $ hf-audit schema print --format clickhouse | clickhouse-client --multiquery
  $ hf-audit schema check && hf-audit schema register`,
    )
}

function printCommand(): Command {
  return new Command('print')
    .description('Print the schema of a stream.')
    .addOption(new Option('--stream <name>', 'of what').choices(STREAMS).default('events'))
    .addOption(
      new Option(
        '--format <format>',
        'avro: the schema of the values; clickhouse: a table that takes them; json-schema: of the lines of tail --json',
      )
        .choices(FORMATS)
        .default('avro'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit schema print > audit-record.avsc
  $ hf-audit schema print --stream ledger --format clickhouse
  $ hf-audit schema print --format json-schema`,
    )
    .action(({ stream, format }: { stream: StreamName; format: (typeof FORMATS)[number] }) => {
      const record = JSON.parse(currentSchema(stream).text) as AvroRecord
      const writers = {
        avro: () => `${JSON.stringify(record, null, 2)}\n`,
        clickhouse: () => clickhouseTable(stream, record, kafkaNames('huggingface.audit-log').topics[stream]),
        'json-schema': () => `${JSON.stringify(jsonSchemaOf(record), null, 2)}\n`,
      }
      process.stdout.write(writers[format]())
    })
}

function checkCommand(): Command {
  return registryCommand(
    'check',
    'Ask the registry whether it holds our schemas, or would take them.',
  ).addHelpText(
    'after',
    `
Registers nothing. Ends with 8 when one is incompatible, with 4 when the registry cannot be asked.

Examples:
  $ hf-audit schema check
  $ hf-audit schema check --json | jq -r 'select(.state == "incompatible").reasons[]'`,
  )
}

function registerCommand(): Command {
  return registryCommand('register', 'Register our schemas where they are missing.').addHelpText(
    'after',
    `
For a registry that the connector itself may not write to (SCHEMA_REGISTRY_AUTO_REGISTER=false). Twice does no harm.

Example:
  $ SCHEMA_REGISTRY_USERNAME=admin SCHEMA_REGISTRY_PASSWORD_FILE=/run/secrets/registry hf-audit schema register`,
  )
}

function registryCommand(name: 'check' | 'register', description: string): Command {
  return new Command(name)
    .description(description)
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .addOption(new Option('--stream <name>', 'only this one').choices(STREAMS))
    .option('--json', 'an object {stream, subject, state, id, reasons} a line')
    .action(async (options: RegistryOptions) => {
      process.exitCode = (await askRegistry(name, options)) ? 0 : PROBLEM_FOUND
    })
}

/** True when every schema is held, or would be taken. */
async function askRegistry(what: 'check' | 'register', options: RegistryOptions): Promise<boolean> {
  const { settings, topic } = registryOf(options)
  const { createSchemaRegistry } = await import('../kafka/schema-registry.ts')
  const { lookUp, registerAll } = await import('../kafka/subjects.ts')
  const registry = createSchemaRegistry({ ...settings, autoRegister: false })
  const streams = options.stream === undefined ? STREAMS : [options.stream]
  try {
    const states = await (what === 'check' ? lookUp : registerAll)(registry, topic, streams)
    for (const state of states) {
      const { subject, state: is, id, reasons } = state
      const number = id === undefined ? '' : ` (id ${id})`
      const because = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(state)}\n`
          : `${subject}: ${WORDS[is]}${number}${because}\n`,
      )
    }
    return states.every(({ state }) => state !== 'incompatible')
  } finally {
    await registry.close().catch(() => undefined)
  }
}

const WORDS = {
  held: 'holds our schema',
  registered: 'registered now',
  new: 'would take our schema',
  incompatible: 'would refuse our schema as incompatible',
}

function registryOf(options: RegistryOptions) {
  const config: Config = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  if (config.kafka?.registry === undefined) {
    throw invalid(['SCHEMA_REGISTRY_URL is not set (with KAFKA_BROKERS); it names the registry to ask'])
  }
  return { settings: config.kafka.registry, topic: config.kafka.topic }
}
