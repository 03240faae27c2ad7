import type { Organization } from '../event/organization.ts'
import type { StreamName } from '../event/records.ts'

/** Everything about Kafka that the configuration decides, resolved: files are read, defaults are in. */
export interface KafkaSettings {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[]
  /** Prefix of all topics, of the transactional ids and of the consumer groups; the events' topic itself. */
  readonly topic: string
  readonly clientId: string
  readonly compression: 'none' | 'gzip' | 'zstd'
  /** Undefined: no TLS. An empty object: TLS with the system's authorities. */
  readonly ssl: KafkaTls | undefined
  readonly sasl: KafkaSasl | undefined
  /** Partitions of each topic, used when they are created. */
  readonly partitions: number
  /** Used when topics are created; undefined: the broker's own default. */
  readonly replicationFactor: number | undefined
  /** `retention.ms` of the topics when they are created; -1 keeps everything. The checkpoint is never deleted by age. */
  readonly retentionMs: number
  /** Largest record the encoder makes, before compression. */
  readonly maxRecordBytes: number
  /** How long a worker may be silent before another takes its shards over. */
  readonly sessionTimeoutMs: number
  /** All configured organizations, also those that other workers will own. */
  readonly organizations: readonly Organization[]
  /** Elements at which an export counts as cut: a rebuilt checkpoint keeps the youngest 2 × this many ids. */
  readonly exportCap: number
  /** Undefined: Avro single-object encoding, no registry. */
  readonly registry: RegistrySettings | undefined
}

/** PEM texts, not paths. */
export interface KafkaTls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export type KafkaSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
    }
  /** The file is read again for every new connection: whoever renews the token writes it there. */
  | { readonly mechanism: 'OAUTHBEARER'; readonly tokenFile: string }

export interface RegistrySettings {
  /** Includes the API's path, such as `/apis/ccompat/v7`; no trailing slash needed. */
  readonly url: string
  readonly username?: string
  readonly password?: string
  readonly autoRegister: boolean
}

/** What hangs on the prefix. */
export interface KafkaNames {
  readonly topics: Readonly<Record<StreamName, string>>
  readonly checkpoint: string
  readonly pollersGroup: string
  readonly forwarderGroup: string
}

export function kafkaNames(prefix: string): KafkaNames {
  return {
    topics: {
      events: prefix,
      findings: `${prefix}.findings`,
      ledger: `${prefix}.ledger`,
      'dead-letters': `${prefix}.dead-letter`,
    },
    checkpoint: `${prefix}.checkpoint`,
    pollersGroup: `${prefix}.pollers`,
    forwarderGroup: `${prefix}.forwarder`,
  }
}

export function allTopics(names: KafkaNames): string[] {
  return [...Object.values(names.topics), names.checkpoint]
}

/** The one transactional writer of this partition number in every topic. */
export function transactionalId(prefix: string, shard: number): string {
  return `${prefix}.${shard}`
}
