import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { createPollerOf } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import { openExportFile } from '../hub/file-export.ts'
import { createJournals } from '../journals.ts'
import type { Journal } from '../ports.ts'
import { reportPoll } from '../report.ts'
import { createProgressDisplay } from './progress.ts'
import { createLoggerOf } from './run.ts'
import { stopSignals } from './stop-signals.ts'

interface ImportOptions {
  readonly config?: string
  readonly organization: string
}

export function importCommand(): Command {
  return new Command('import')
    .description('Publish what is new in a saved export: the mend for a gap.')
    .argument('<file>', 'a JSON array as the Hub exports it; may be compressed with gzip, zstd or brotli')
    .requiredOption('--organization <name>', 'whose export it is')
    .option('--config <file>', 'a YAML file; the environment comes before it')
    .addHelpText(
      'after',
      `
Events that were published before are left out, as in a poll. The connector may run meanwhile with Kafka;
with the embedded journal stop it first, since only one process may write there.

Example:
  $ hf-audit import audit-log.json --organization acme`,
    )
    .action(importFile)
}

async function importFile(path: string, options: ImportOptions): Promise<void> {
  const stop = stopSignals()
  const loaded = loadConfig({
    environment: process.env,
    organizationsRequired: false,
    ...(options.config === undefined ? {} : { file: options.config }),
  })
  const name = options.organization
  const organization: Organization = loaded.organizations.find(
    known => known.name === name || known.identity === name,
  ) ?? { name, identity: name, endpoint: loaded.endpoint }
  // Kafka must know of the organization to take its shard, even when the configuration does not list it.
  const organizations = [organization]
  const config = {
    ...loaded,
    organizations,
    kafka: loaded.kafka === undefined ? undefined : { ...loaded.kafka, organizations },
  }
  const log = createLoggerOf(config)
  const progress = createProgressDisplay(process.stderr.isTTY === true)
  const { journal } = await createJournals(config, log)
  const hub = {
    exportAuditLog: () => Promise.reject(new ConnectorError('UNEXPECTED', 'an import asks no Hub')),
    ownUserId: async () => undefined,
  }
  const poller = createPollerOf(config, hub, journal, { onProgress: progress.show })
  try {
    await journal.open(stop.signal)
    await owned(journal, organization, stop.signal)
    const saved = await openExportFile(path, Date.now(), stop.signal)
    const outcome = await poller.importExport(organization, saved, stop.signal)
    progress.clear()
    reportPoll(log, outcome)
  } finally {
    progress.clear()
    await journal.close()
  }
}

/** Waits until this process may write the organization's shard. */
async function owned(journal: Journal, organization: Organization, signal: AbortSignal): Promise<void> {
  for await (const mine of journal.ownership(signal)) if (mine.has(organization.identity)) return
  throw new ConnectorError(
    'JOURNAL_NOT_OWNED',
    `Another worker holds the shard of "${organization.identity}".`,
  )
}
