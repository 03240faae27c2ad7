import { Command } from 'commander'
import { loadConfig } from '../config.ts'
import { createEnricher, createPollerOf } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import { openExportFile } from '../hub/file-export.ts'
import { createJournals } from '../journals.ts'
import { pollOnce } from '../polling.ts'
import type { AuditLogExport } from '../ports.ts'
import { reportPoll } from '../report.ts'
import { createUnknownTypeWarnings } from '../unknown-types.ts'
import { createLoggerOf } from './logger.ts'
import { forOrganizations, organizationOf } from './organization-option.ts'
import { createProgressDisplay } from './progress.ts'
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
  const organization = organizationOf(loaded, options.organization)
  // Before anything else is opened: a wrong path must not leave an empty journal behind.
  let opened: AuditLogExport | undefined = await openExportFile(path, Date.now(), stop.signal)
  const config = forOrganizations(loaded, [organization])
  const log = createLoggerOf(config)
  const enricher = await createEnricher(config, log)
  const progress = createProgressDisplay(process.stderr.isTTY === true)
  const { journal } = await createJournals(config, log, 'alone')
  const hub = {
    exportAuditLog: () => Promise.reject(new ConnectorError('UNEXPECTED', 'an import asks no Hub')),
    ownUserId: async () => undefined,
  }
  const poller = createPollerOf(config, hub, journal, {
    onProgress: progress.show,
    onUnknownType: createUnknownTypeWarnings(log),
    ...(enricher === undefined ? {} : { enricher }),
  })
  try {
    await journal.open(stop.signal)
    // Tried again like a poll: a running worker of the same organization may commit in between, and then it starts over.
    const failed = await pollOnce(
      organization,
      config,
      {
        poller: {
          async poll() {
            const saved = opened ?? (await openExportFile(path, Date.now(), stop.signal))
            opened = undefined
            return poller.importExport(organization, saved, stop.signal)
          },
        },
        now: Date.now,
        random: Math.random,
        onPolled: (_, outcome) => {
          progress.clear()
          reportPoll(log, outcome)
        },
        onFailed: (_, error, retryInMs) => {
          if (retryInMs !== undefined) log.warn({ code: error.code, retryInMs }, error.message)
        },
      },
      stop.signal,
    )
    if (failed !== undefined) throw inWordsOfAFile(failed, path)
  } finally {
    progress.clear()
    await journal.close()
  }
}

/** What would be the Hub's fault in a download is the file's here; and an import that is stopped is not done. */
function inWordsOfAFile(error: ConnectorError, path: string): ConnectorError {
  if (error.code === 'STOPPED') {
    return new ConnectorError(
      'STOPPED',
      `The import of ${path} was stopped. What it had published stays; the same command publishes the rest.`,
      { cause: error },
    )
  }
  if (error.code !== 'HUB_BODY_BROKEN') return error
  return new ConnectorError(
    'CONFIG_INVALID',
    `${error.message} Nothing was published. A saved export is one complete JSON array: save it again.`,
    { cause: error },
  )
}
