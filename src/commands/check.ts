import { Command } from 'commander'
import { checkAll } from '../check/check.ts'
import { type Config, loadConfig } from '../config.ts'
import { asConnectorError } from '../errors.ts'
import { areaResults, type CheckResult } from '../preflight.ts'
import { stoppedError } from '../retry.ts'
import { packageVersion } from '../version.ts'
import { jsonArea, summary, textArea } from './check-output.ts'
import { stopSignals } from './stop-signals.ts'
import { logWarnings } from './warnings.ts'

/** The process's exit code when there is a cross. A contract: documented in the README. */
const PROBLEM_FOUND = 8

export interface CheckOptions {
  readonly config?: string
  readonly json?: boolean
}

export function checkCommand(): Command {
  return new Command('check')
    .description('Look at everything that a run needs, and say what to mend. Changes nothing.')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .option('--json', 'an object {area, subject, status, message, mend} a line')
    .addHelpText(
      'after',
      `
Looks at the configuration, the disk, the token (kind, permission, expiry), the organization (plan, role), the first
bytes of its export, Kafka (reach, TLS, login, topics, permissions, time-outs), the schema registry, the OTLP endpoint
and the clock. No topic is made, no schema registered, no record written, no running connector disturbed. The Hub may
log each look at an export as an event.

Exit codes: 0 no cross (warnings may be), 8 a cross, 2 wrong usage.

Examples:
  $ hf-audit check
  $ hf-audit check --config hf-audit.yaml
  $ hf-audit check --json | jq -r 'select(.status == "failed") | .mend'`,
    )
    .action(async (options: CheckOptions) => {
      process.exitCode = (await check(options)) ? 0 : PROBLEM_FOUND
    })
}

/** True without a cross. */
export async function check(options: CheckOptions): Promise<boolean> {
  const stop = stopSignals()
  logWarnings({ warn: (_, message) => process.stderr.write(`hf-audit: ${message}\n`) })
  const all: CheckResult[] = []
  const show = (results: readonly CheckResult[]): void => {
    all.push(...results)
    process.stdout.write(options.json === true ? jsonArea(results) : textArea(results, process.stdout))
  }
  const config = configOf(options, show)
  if (config !== undefined) {
    for await (const results of checkAll(config, { version: packageVersion() }, stop.signal)) show(results)
  }
  if (stop.signal.aborted) throw stoppedError(stop.signal)
  if (options.json !== true) process.stdout.write(summary(all))
  return all.every(({ status }) => status !== 'failed')
}

/** Undefined when it cannot be used: each mistake is a cross, and there is nothing to look at with it. */
function configOf(
  options: CheckOptions,
  show: (results: readonly CheckResult[]) => void,
): Config | undefined {
  try {
    return loadConfig({
      environment: process.env,
      organizationsRequired: true,
      ...(options.config === undefined ? {} : { file: options.config }),
    })
  } catch (error) {
    const known = asConnectorError(error)
    if (known.code !== 'CONFIG_INVALID') throw error
    const lines = areaResults('configuration')
    const mistakes = known.message.split('\n').filter(line => line.startsWith('  - '))
    for (const mistake of mistakes.length > 0 ? mistakes : [known.message]) {
      lines.fail('configuration', mistake.replace(/^ {2}- /, ''), 'hf-audit config reference')
    }
    lines.skip('everything else', 'is looked at when the configuration is right')
    show(lines.results)
    return undefined
  }
}
