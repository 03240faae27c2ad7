import type { StreamName } from '../event/records.ts'
import { type AvroField, type AvroRecord, type AvroType, optional } from './avro-fields.ts'

/** Few different values: a dictionary makes them small and fast. */
const FEW_VALUES = new Set(
  `workspaceID sourceType eventName eventType serviceName authorUser authorType organization endpoint severity kind
  reason destination userAgent oauthName tokenType tokenRole locationFormatted locationCountry locationCity
  srcASCountryCode srcASOrganization srcCity srcConnectionType srcISP srcUserType dstASCountryCode dstASOrganization
  dstCity dstConnectionType dstISP dstUserType`.split(/\s+/),
)
const UUIDS = new Set(['id', 'sourceID'])
const NEVER_NEGATIVE = new Set([
  'sequence',
  'srcASNumber',
  'dstASNumber',
  'ocsfClassUID',
  'ocsfActivityID',
  'sourceTTL',
])
/** Long texts, of which ZSTD leaves a tenth. */
const LONG_TEXTS = new Set(['rawLog', 'data', 'message', 'bytes', 'detail'])

/** What the Avro schema leaves to the name. */
const COMMENTS: Readonly<Record<string, string>> = {
  srcIP: 'Address of the actor as the Hub gives it, anonymized.',
  actorIP: 'Address of the actor as the Hub gives it, anonymized.',
  actor: 'author: id, user, type, deleted, avatarUrl, as far as present.',
  tags: 'scope, action, resource, severity, OCSF class and activity, and what is remarkable.',
  message: "The Hub's words.",
  authorID: '_id of the user or system that did it.',
  authorUser: 'Its user name.',
  authorType: 'user or system.',
  severity: 'INFO, WARN or ERROR, by the catalogue.',
  ocsfClassUID: 'Class of the Open Cybersecurity Schema Framework 1.8.',
  ocsfActivityID: 'Activity within that class.',
}

interface Table {
  readonly name: string
  readonly orderBy: string
  readonly partitionBy: string
}

/** Each table's key names a record for good: a record that is loaded twice is one after the next merge. */
const TABLES: Readonly<Record<StreamName, Table>> = {
  events: {
    name: 'huggingface_logs',
    orderBy: 'organization, eventTime, sequence',
    partitionBy: 'toYYYYMM(receivedAt)',
  },
  findings: {
    name: 'huggingface_findings',
    orderBy: 'organization, foundAt, kind',
    partitionBy: 'toYYYYMM(foundAt)',
  },
  ledger: {
    name: 'huggingface_ledger',
    orderBy: 'organization, finishedAt, startedAt',
    partitionBy: 'toYYYYMM(finishedAt)',
  },
  'dead-letters': {
    name: 'huggingface_dead_letters',
    orderBy: 'organization, receivedAt, sha256',
    partitionBy: 'toYYYYMM(receivedAt)',
  },
}

/**
 * The table for a stream in ClickHouse, with the Avro schema's columns under their names, so that Avro files and
 * `AvroConfluent` messages load as they are. `topic` is for the remark on how.
 */
export function clickhouseTable(stream: StreamName, record: AvroRecord, topic: string): string {
  const { name, orderBy, partitionBy } = TABLES[stream]
  const columns = record.fields.map(columnOf).join(',\n')
  return `CREATE TABLE IF NOT EXISTS ${name}
(
${columns}
)
ENGINE = ReplacingMergeTree
PARTITION BY ${partitionBy}
ORDER BY (${orderBy})
-- TTL toDateTime(${partitionBy.replace(/^.*\(|\)$/g, '')}) + INTERVAL 400 DAY
COMMENT ${quoted(record.doc ?? name)};

-- From a file:
--   hf-audit replay --stream ${stream} --to-avro ${stream}.avro
--   clickhouse-client --query "INSERT INTO ${name} FORMAT Avro" < ${stream}.avro
-- From Kafka with a schema registry, as it comes:
--   CREATE TABLE ${name}_kafka AS ${name} ENGINE = Kafka
--     SETTINGS kafka_broker_list = 'kafka:9092', kafka_topic_list = '${topic}', kafka_group_name = 'clickhouse',
--       kafka_format = 'AvroConfluent', format_avro_schema_registry_url = 'http://registry:8081';
--   CREATE MATERIALIZED VIEW ${name}_reader TO ${name} AS SELECT * FROM ${name}_kafka;
`
}

function columnOf({ name, type, doc }: AvroField): string {
  const comment = doc ?? COMMENTS[name]
  const codec = LONG_TEXTS.has(name) ? ' CODEC(ZSTD(3))' : ''
  const words = comment === undefined ? '' : ` COMMENT ${quoted(comment)}`
  return `    ${name} ${typeOf(name, type)}${words}${codec}`
}

function typeOf(name: string, type: AvroType): string {
  const inner = optional(type)
  if (inner !== undefined) {
    const plain = plainTypeOf(name, inner)
    return FEW_VALUES.has(name) ? `LowCardinality(Nullable(${plain}))` : `Nullable(${plain})`
  }
  const plain = plainTypeOf(name, type)
  return FEW_VALUES.has(name) ? `LowCardinality(${plain})` : plain
}

function plainTypeOf(name: string, type: AvroType): string {
  const sign = NEVER_NEGATIVE.has(name) ? 'U' : ''
  switch (type) {
    case 'boolean':
      return 'Bool'
    case 'int':
      return `${sign}Int32`
    case 'long':
      return `${sign}Int64`
    case 'double':
      return 'Float64'
    case 'bytes':
      return 'String'
    case 'string':
      return UUIDS.has(name) ? 'UUID' : 'String'
  }
  if (typeof type === 'string' || !('type' in type)) throw new Error(`no column type for ${name}`)
  switch (type.type) {
    case 'long':
      return "DateTime64(3, 'UTC')"
    case 'fixed':
      return `FixedString(${type.size})`
    case 'enum':
      return 'String'
    case 'map':
      return `Map(LowCardinality(String), ${typeOf('', type.values)})`
    case 'array':
      return `Array(${typeOf('', type.items)})`
    case 'record':
      return `Tuple(${type.fields.map(field => `${field.name} ${typeOf('', field.type)}`).join(', ')})`
  }
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
