import { Command, Option } from 'commander'
import { effectiveSettings } from '../config/effective.ts'
import { readConfigFile } from '../config/file.ts'
import { configJsonSchema } from '../config/json-schema.ts'
import { markdownReference, settings, textReference } from '../config/reference.ts'
import { knownVariables, loadConfig } from '../config.ts'

export function configCommand(): Command {
  return new Command('config')
    .description('What can be configured, what counts now, and a schema for editors.')
    .addCommand(referenceCommand())
    .addCommand(showCommand())
    .addCommand(schemaCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ hf-audit config reference | less
  $ hf-audit config show --config hf-audit.yaml
  $ hf-audit config schema > hf-audit.schema.json`,
    )
}

function referenceCommand(): Command {
  return new Command('reference')
    .description('Every variable and file key, with type, default and example.')
    .addOption(
      new Option('--format <format>', 'how to write it')
        .choices(['text', 'markdown', 'json'])
        .default('text'),
    )
    .addHelpText('after', '\nExample:\n  $ hf-audit config reference --format markdown > configuration.md')
    .action(({ format }: { format: 'text' | 'markdown' | 'json' }) => {
      const writers = {
        text: () => textReference(),
        markdown: () => markdownReference(),
        json: () => `${JSON.stringify(settings(), null, 2)}\n`,
      }
      process.stdout.write(writers[format]())
    })
}

function schemaCommand(): Command {
  return new Command('schema')
    .description('JSON Schema of the YAML file, for editors.')
    .addHelpText(
      'after',
      `
The first line of the file tells an editor with the YAML language server where it is:
  # yaml-language-server: $schema=./hf-audit.schema.json

Example:
  $ hf-audit config schema > hf-audit.schema.json`,
    )
    .action(() => void process.stdout.write(`${JSON.stringify(configJsonSchema(), null, 2)}\n`))
}

function showCommand(): Command {
  return new Command('show')
    .description('The values that count, and where each comes from. Secrets are not shown.')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option('--all', 'also what is not set')
    .option('--json', 'an object {variable, key, value, origin} a line')
    .addHelpText(
      'after',
      `
Ends with 2 when the configuration cannot be used, after the mistakes.

Examples:
  $ hf-audit config show
  $ hf-audit config show --config hf-audit.yaml --json | jq -r 'select(.origin != "default").variable'`,
    )
    .action(show)
}

function show(options: { config?: string; all?: boolean; json?: boolean }): void {
  const file =
    options.config === undefined
      ? undefined
      : { path: options.config, content: readConfigFile(options.config, knownVariables()) }
  const lines = effectiveSettings(process.env, file).filter(
    ({ origin }) => options.all === true || origin !== 'not set',
  )
  if (options.json === true) for (const line of lines) process.stdout.write(`${JSON.stringify(line)}\n`)
  else {
    const width = Math.max(...lines.map(({ variable }) => variable.length))
    const origins = Math.max(...lines.map(({ origin }) => origin.length))
    for (const { variable, value, origin } of lines)
      process.stdout.write(`${variable.padEnd(width)}  ${origin.padEnd(origins)}  ${value ?? ''}\n`)
  }
  // Throws with every mistake.
  const { warnings } = loadConfig({
    environment: process.env,
    organizationsRequired: true,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  for (const warning of warnings) process.stderr.write(`hf-audit: ${warning}\n`)
}
