import { Command } from 'commander'
import { nearest } from '../config/file.ts'
import { organizationName } from '../config/values.ts'
import { type Config, invalid, loadConfig } from '../config.ts'
import { createPollerOf } from '../connector.ts'
import { ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import { openExportFile } from '../hub/file-export.ts'
import { createJournals } from '../journals.ts'
import { pollOnce } from '../polling.ts'
import type { AuditLogExport } from '../ports.ts'
import { reportPoll } from '../report.ts'
import { createLoggerOf } from './logger.ts'
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
  // Kafka must know of the organization to take its shard, even when the configuration does not list it.
  const organizations = [organization]
  const config = {
    ...loaded,
    organizations,
    kafka: loaded.kafka === undefined ? undefined : { ...loaded.kafka, organizations },
  }
  const log = createLoggerOf(config)
  const progress = createProgressDisplay(process.stderr.isTTY === true)
  const { journal } = await createJournals(config, log, 'alone')
  const hub = {
    exportAuditLog: () => Promise.reject(new ConnectorError('UNEXPECTED', 'an import asks no Hub')),
    ownUserId: async () => undefined,
  }
  const poller = createPollerOf(config, hub, journal, { onProgress: progress.show })
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

/**
 * The organization that the configuration knows by this name or identity. Where it lists any, another name is a
 * mistake, of which a trail of its own would come; where it lists none, the name is taken as it is.
 */
function organizationOf(config: Config, name: string): Organization {
  const { organizations, endpoint } = config
  const known = organizations.find(
    organization => organization.identity === name || organization.name === name,
  )
  if (known !== undefined) return known
  const allowed = organizations.flatMap(organization => [organization.identity, organization.name])
  if (allowed.length > 0) {
    throw invalid([
      `--organization is "${name}", which is not among the configured ones (${[...new Set(allowed)].join(', ')})` +
        nearest(name, allowed),
    ])
  }
  const checked = organizationName.safeParse(name)
  if (checked.success) return { name, identity: name, endpoint }
  throw invalid([`--organization is ${JSON.stringify(name)}; ${checked.error.issues[0]!.message}`])
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
