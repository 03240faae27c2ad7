import type { VariableName } from './variables.ts'

/** What the reference says about a variable. */
export interface Documentation {
  readonly group: Group
  /** A sentence or two. Without its default and what is allowed, which stand beside it. */
  readonly about: string
  readonly example: string
}

export const GROUPS = [
  'Hub',
  'Polling',
  'Records',
  'Operation',
  'Kafka',
  'Schema registry',
  'OTLP',
  'Network',
] as const
export type Group = (typeof GROUPS)[number]

/** The compiler holds this to the variables there are. */
export const DOCUMENTATION: Readonly<Record<VariableName, Documentation>> = {
  HF_AUDIT_ORGANIZATIONS: {
    group: 'Hub',
    about:
      'The organizations to poll, required. In the file also a list of {name, identity, tokenFile}: identity (default: the name) is what keys, ids and chain hang on, so keep it when the organization is renamed; tokenFile holds a token for this organization alone.',
    example: 'acme,acme-labs',
  },
  HF_ENDPOINT: { group: 'Hub', about: 'Where the Hub is.', example: 'https://huggingface.co' },
  HF_TOKEN: {
    group: 'Hub',
    about:
      'The token, with the permission org.auditLog.write on each organization. A file is better: it is read again at every poll, so a new token needs no restart.',
    example: 'hf_…',
  },
  HF_TOKEN_PATH: {
    group: 'Hub',
    about:
      'The file that holds the token, where HF_TOKEN is not set. The default is the one of `hf auth login`.',
    example: '/run/secrets/hf-token',
  },
  HF_HOME: {
    group: 'Hub',
    about: 'The directory in which the Hub’s own tools keep `token`.',
    example: '/var/lib/hf',
  },
  HF_AUDIT_ADMIN_TOKEN: {
    group: 'Hub',
    about:
      'The token of the commands that change something at the Hub (`org`, `tokens`, `repo`), which polling never uses: the token that reads the log should not be able to change anything. Without it these commands take the other token only at a terminal, after a question.',
    example: 'hf_…',
  },
  HF_AUDIT_READ_ONLY: {
    group: 'Hub',
    about: 'Refuse every command that changes something at the Hub, whatever its token may do.',
    example: 'true',
  },
  HF_AUDIT_POLL_INTERVAL: {
    group: 'Polling',
    about:
      'From one poll of an organization to the next, with a jitter of a tenth. Each poll downloads the whole export.',
    example: '15m',
  },
  HF_AUDIT_BLOCKED_RETRY: {
    group: 'Polling',
    about: 'When an organization that the Hub refuses (401, 402, 403, 404) is tried again.',
    example: '1h',
  },
  HF_AUDIT_EXPORT_CAP: {
    group: 'Polling',
    about:
      'The number of elements at which an export counts as cut. Only for servers with another cap than the Hub.',
    example: '100000',
  },
  HF_AUDIT_INCLUDE: {
    group: 'Polling',
    about: 'Event types to publish, as globs; all when not set.',
    example: 'repo.*,org.*',
  },
  HF_AUDIT_EXCLUDE: {
    group: 'Polling',
    about: 'Event types not to publish, as globs, taken from what is included.',
    example: 'collection.*',
  },
  HF_AUDIT_WORKSPACE_ID: {
    group: 'Records',
    about: 'The column workspaceID of every record.',
    example: 'security',
  },
  HF_AUDIT_SOURCE_TTL: {
    group: 'Records',
    about:
      'Days: the column sourceTTL, retention.ms of the topics when they are made, and the age at which the embedded journal is pruned once forwarded. 0 keeps everything.',
    example: '400',
  },
  HF_AUDIT_GEO_DBS: {
    group: 'Records',
    about:
      'Databases in MaxMind’s format (.mmdb) from which the src… columns and enrichments are filled: City, Country, ASN, ISP, Connection-Type, Enterprise, in the order of their precedence. Each is held in memory whole, and read again before a poll when its file has changed.',
    example: '/var/lib/GeoIP/GeoLite2-City.mmdb,/var/lib/GeoIP/GeoLite2-ASN.mmdb',
  },
  HF_AUDIT_DATA_DIR: {
    group: 'Operation',
    about: 'The embedded journal, and the temporary file of a download.',
    example: '/var/lib/hf-audit',
  },
  HF_AUDIT_SHUTDOWN_GRACE: {
    group: 'Operation',
    about: 'How long after SIGTERM the transaction under way may take.',
    example: '25s',
  },
  HF_AUDIT_ADMIN_ADDRESS: {
    group: 'Operation',
    about:
      'Where `run` serves the status page (/ and /status.json), /healthz, /readyz and /metrics. Port 0 is any free one, which the start line tells; off serves nothing. /healthz, /readyz and /metrics answer whoever reaches the address; the page and its JSON only this machine, unless HF_AUDIT_STATUS_PASSWORD is set.',
    example: '0.0.0.0:9464',
  },
  HF_AUDIT_STATUS_PASSWORD: {
    group: 'Operation',
    about:
      'The status page and its JSON ask for it (HTTP Basic, any user name), and then answer other machines too. Put TLS in front of it there.',
    example: '…',
  },
  HF_AUDIT_LOG_LEVEL: { group: 'Operation', about: 'What is told on stderr.', example: 'debug' },
  HF_AUDIT_LOG_FORMAT: {
    group: 'Operation',
    about: 'One JSON object a line, or for people. The default is pretty on a terminal, else json.',
    example: 'json',
  },
  KAFKA_BROKERS: {
    group: 'Kafka',
    about: 'Without brokers the embedded journal (SQLite, in HF_AUDIT_DATA_DIR) is used.',
    example: 'kafka-1:9092,kafka-2:9092',
  },
  KAFKA_TOPIC: {
    group: 'Kafka',
    about:
      'The topic of the events, and the prefix of .checkpoint, .dead-letter, .findings and .ledger, of transactional ids and of consumer groups. Two deployments on one cluster need two.',
    example: 'huggingface.audit-log',
  },
  KAFKA_PARTITIONS: {
    group: 'Kafka',
    about: 'Of each topic, when they are made; fixed from then on.',
    example: '8',
  },
  KAFKA_REPLICATION_FACTOR: {
    group: 'Kafka',
    about: 'Of each topic, when they are made; the broker’s default when not set.',
    example: '3',
  },
  KAFKA_COMPRESSION: { group: 'Kafka', about: 'Of the batches.', example: 'zstd' },
  KAFKA_MAX_RECORD_BYTES: {
    group: 'Kafka',
    about:
      'Larger records go without rawLog and data, with length and SHA-256 in tags. The embedded journal keeps to it too.',
    example: '900000',
  },
  KAFKA_SESSION_TIMEOUT: {
    group: 'Kafka',
    about: 'How soon another worker takes over from one that is gone.',
    example: '10s',
  },
  KAFKA_SSL: { group: 'Kafka', about: 'Speak TLS.', example: 'true' },
  KAFKA_SSL_CA: {
    group: 'Kafka',
    about: 'PEM file of the authority; the system’s when not set.',
    example: '/etc/kafka/ca.pem',
  },
  KAFKA_SSL_CERT: {
    group: 'Kafka',
    about: 'PEM file of the client’s certificate.',
    example: '/etc/kafka/client.pem',
  },
  KAFKA_SSL_KEY: { group: 'Kafka', about: 'PEM file of its key.', example: '/etc/kafka/client.key' },
  KAFKA_SASL_MECHANISM: {
    group: 'Kafka',
    about: 'How to log in; no login when not set.',
    example: 'SCRAM-SHA-512',
  },
  KAFKA_SASL_USERNAME: { group: 'Kafka', about: 'For PLAIN and SCRAM.', example: 'hf-audit' },
  KAFKA_SASL_PASSWORD: { group: 'Kafka', about: 'For PLAIN and SCRAM.', example: '…' },
  KAFKA_SASL_TOKEN_FILE: {
    group: 'Kafka',
    about: 'For OAUTHBEARER: the file that holds the token, read for each connection.',
    example: '/run/secrets/kafka-token',
  },
  SCHEMA_REGISTRY_URL: {
    group: 'Schema registry',
    about:
      'With the path of its Confluent API. With a registry, values are in the Confluent wire format, else in Avro single-object encoding.',
    example: 'https://registry:8081',
  },
  SCHEMA_REGISTRY_USERNAME: {
    group: 'Schema registry',
    about: 'For basic authentication.',
    example: 'hf-audit',
  },
  SCHEMA_REGISTRY_PASSWORD: { group: 'Schema registry', about: 'For basic authentication.', example: '…' },
  SCHEMA_REGISTRY_AUTO_REGISTER: {
    group: 'Schema registry',
    about: 'Register our schemas where they are missing. When false: `hf-audit schema register`.',
    example: 'false',
  },
}
