import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { createJournalRecovery } from '../journals.ts'
import { type RecoveryPlan, recoverTrail } from '../recovery.ts'
import { approval } from './approval.ts'
import { jsonText } from './json-text.ts'
import { createLoggerOf } from './logger.ts'
import { forOrganizations, organizationOf } from './organization-option.ts'
import { stopSignals } from './stop-signals.ts'

interface RecoverOptions {
  readonly config?: string
  readonly organization: string
  readonly confirmEndpoint?: boolean
  readonly dryRun?: boolean
  readonly yes?: boolean
  readonly json?: boolean
}

export function recoverCommand(): Command {
  return new Command('recover')
    .description('Rebuild a lost checkpoint from what is published, or confirm a changed endpoint.')
    .requiredOption('--organization <name>', 'whose trail it is')
    .option('--confirm-endpoint', 'HF_ENDPOINT is the same Hub as before, at another address')
    .option('--dry-run', 'only say what would be done')
    .option('--yes', 'do it without asking')
    .option('--json', 'the plan as one JSON object')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .addHelpText(
      'after',
      `
Needed when hf-audit says so: the topic (or the embedded journal) ends before its checkpoint, the checkpoint cannot be
read, or HF_ENDPOINT changed. It says first what is lost, in sequence numbers, and asks. What it did stays visible: a
ledger entry of kind REBUILD, and for lost records a finding. With Kafka the connector may run meanwhile; with the
embedded journal stop it first.

Examples:
  $ hf-audit recover --organization acme --dry-run
  $ hf-audit recover --organization acme --confirm-endpoint --yes`,
    )
    .action(recover)
}

async function recover(options: RecoverOptions): Promise<void> {
  const stop = stopSignals()
  const loaded = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const organization = organizationOf(loaded, options.organization)
  const config = forOrganizations(loaded, [organization])
  const approve = approval(options)
  const recovery = await createJournalRecovery(config, createLoggerOf(config))
  try {
    await recovery.open(stop.signal)
    const { plan, done } = await recoverTrail(
      organization,
      { confirmEndpoint: options.confirmEndpoint === true },
      {
        recovery,
        now: Date.now,
        async approve(shown) {
          if (options.json !== true) print(shown.lines)
          return shown.actions.length > 0 && approve('Do this?')
        },
      },
      stop.signal,
    )
    if (options.json === true) print([planJson(plan, done)])
    else if (done) print([`${plan.organization}: done. The next poll goes on from ${plan.anchor}.`])
    else if (plan.actions.length > 0) print(['Nothing was changed.'])
  } finally {
    await recovery.close()
  }
}

function planJson({ lines, loss, ...plan }: RecoveryPlan, done: boolean): string {
  return jsonText({ ...plan, loss: loss ?? null, words: lines, done })
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}
