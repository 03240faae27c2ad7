import type { Config } from './config.ts'
import { ConnectorError } from './errors.ts'
import type { Finding } from './event/records.ts'
import type { Logger } from './log.ts'
import type { EmbeddedTrail, MigrationSource, MigrationTarget } from './migration-ports.ts'
import type { ForwardingSource, Journal, JournalReader, JournalRecovery } from './ports.ts'
import type { JournalScanner } from './stored-journal.ts'

/** A journal, and a forwarder's side of the same one, made only where something is forwarded. */
export interface Journals {
  readonly journal: Journal
  /** `onFinding` hears what the forwarder itself found, once it is stored. */
  createForwardingSource(onFinding: (finding: Finding) => void): ForwardingSource
}

/**
 * Chooses between the two journals: Kafka where brokers are configured, else the embedded one. Only the chosen one is
 * loaded: whoever needs no Kafka pays neither its start-up time nor its memory. `alone`: for one errand beside running
 * workers, without taking their other organizations.
 */
export async function createJournals(
  config: Config,
  log: Logger,
  membership: 'group' | 'alone' = 'group',
): Promise<Journals> {
  if (config.kafka !== undefined) {
    const { kafka } = config
    const { createKafkaJournal } = await import('./kafka/journal.ts')
    const { createKafkaForwardingSource } = await import('./kafka/forwarding.ts')
    return {
      journal: refusingSecondBeginnings(createKafkaJournal(kafka, { log, membership }), config.dataDirectory),
      createForwardingSource: onFinding => createKafkaForwardingSource(kafka, { log, onFinding }),
    }
  }
  const { dataDirectory, organizations } = config
  const { createSqliteJournal } = await import('./sqlite/journal.ts')
  const { createSqliteForwardingSource } = await import('./sqlite/forwarding.ts')
  const journal = createSqliteJournal({ dataDirectory, organizations })
  return {
    journal,
    createForwardingSource: onFinding =>
      createSqliteForwardingSource({
        dataDirectory,
        log,
        onFinding,
        onCommit: listener => journal.onCommit(listener),
      }),
  }
}

export async function createJournalScanner(config: Config, log: Logger): Promise<JournalScanner> {
  if (config.kafka !== undefined) {
    const { createKafkaScanner } = await import('./kafka/scan.ts')
    return createKafkaScanner(config.kafka, { log })
  }
  const { createSqliteScanner } = await import('./sqlite/scan.ts')
  return createSqliteScanner({ dataDirectory: config.dataDirectory })
}

export async function createJournalReader(config: Config, log: Logger): Promise<JournalReader> {
  if (config.kafka !== undefined) {
    const { createKafkaReader } = await import('./kafka/reader.ts')
    return createKafkaReader(config.kafka, { log })
  }
  const { createSqliteReader } = await import('./sqlite/reader.ts')
  return createSqliteReader({ dataDirectory: config.dataDirectory })
}

export async function createJournalRecovery(config: Config, log: Logger): Promise<JournalRecovery> {
  if (config.kafka !== undefined) {
    const { createKafkaRecovery } = await import('./kafka/recovery.ts')
    return createKafkaRecovery(config.kafka, { log })
  }
  const { createSqliteRecovery } = await import('./sqlite/recovery.ts')
  return createSqliteRecovery(config)
}

/** What `hf-audit migrate` moves from, and what it moves to: that must know of the trails. */
export async function createMigrationEnds(
  { kafka, dataDirectory, endpoint }: Config,
  log: Logger,
): Promise<{
  source: MigrationSource
  createTarget(trails: readonly EmbeddedTrail[]): MigrationTarget
}> {
  if (kafka === undefined) throw new ConnectorError('CONFIG_INVALID', 'KAFKA_BROKERS is not set')
  const { createSqliteMigrationSource } = await import('./sqlite/migration-source.ts')
  const { createKafkaMigrationTarget } = await import('./kafka/migration-target.ts')
  return {
    source: createSqliteMigrationSource(dataDirectory),
    createTarget(trails) {
      const organizations = trails.map(({ identity, head }) => ({
        name: identity,
        identity,
        endpoint: head?.endpoint ?? endpoint,
      }))
      return createKafkaMigrationTarget({ ...kafka, organizations }, log)
    },
  }
}

/**
 * An organization that Kafka does not know, while an embedded journal holds its trail: polling would begin a second one
 * and publish everything again. Looked at only when there is no checkpoint.
 */
function refusingSecondBeginnings(journal: Journal, dataDirectory: string): Journal {
  return {
    ...journal,
    async resume(organization, signal) {
      const checkpoint = await journal.resume(organization, signal)
      if (checkpoint.head !== undefined) return checkpoint
      const { holdsTrail } = await import('./sqlite/moved.ts')
      if (!holdsTrail(dataDirectory, organization.identity)) return checkpoint
      throw new ConnectorError(
        'CONFIG_INVALID',
        `KAFKA_BROKERS is set, but the trail of ${organization.identity} is in the embedded journal in ` +
          `${dataDirectory} and Kafka knows nothing of it: everything would be published again from sequence 1. Move ` +
          'it with "hf-audit migrate"; or unset KAFKA_BROKERS; or, to begin anew, move that directory away or name ' +
          'another HF_AUDIT_DATA_DIR',
      )
    },
  }
}
