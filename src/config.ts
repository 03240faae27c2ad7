import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import type { AdminAddress } from './config/admin-address.ts'
import { keyOf, nearest, type OrganizationEntry, readConfigFile } from './config/file.ts'
import { organizationName } from './config/values.ts'
import { readVariables, VARIABLES, type VariableValues } from './config/variables.ts'
import { asConnectorError, ConnectorError } from './errors.ts'
import type { Organization } from './event/organization.ts'
import type { KafkaSasl, KafkaSettings, KafkaTls } from './kafka/settings.ts'
import type { LogLevel } from './log.ts'
import { type MetricsPushSettings, metricsPushSettings } from './otlp/metrics-settings.ts'
import { type OtlpSettings, otlpSettings } from './otlp/settings.ts'

/** Everything that was configured, resolved and checked. Holds secrets: never log it whole. */
export interface Config {
  readonly organizations: readonly ConfiguredOrganization[]
  readonly endpoint: string
  /** A secret: for the commands that change something at the Hub. */
  readonly adminToken: string | undefined
  /** Nothing is changed at the Hub, whatever a token may do. */
  readonly readOnly: boolean
  readonly pollIntervalMs: number
  readonly blockedRetryMs: number
  readonly exportCap: number
  readonly shutdownGraceMs: number
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' | undefined }
  /** Undefined: nothing is served. */
  readonly admin: AdminAddress | undefined
  /** A secret. Undefined: the status page is shown to this machine only. */
  readonly statusPassword: string | undefined
  readonly dataDirectory: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly workspaceId: string
  readonly sourceTtlDays: number
  /** Paths of .mmdb files, in the order of their precedence. */
  readonly geoDatabases: readonly string[]
  readonly maxRecordBytes: number
  /** Undefined: the embedded SQLite journal. */
  readonly kafka: KafkaSettings | undefined
  /** Undefined: nothing is forwarded. */
  readonly otlp: OtlpSettings | undefined
  /** Undefined: metrics are not pushed. */
  readonly metricsPush: MetricsPushSettings | undefined
  /** The environment with the file's values below it: for the token and the proxies. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Worth telling, but no reason to refuse. */
  readonly warnings: readonly string[]
}

export interface ConfiguredOrganization extends Organization {
  /** A token of its own. */
  readonly tokenFile?: string
}

const DAY_MS = 24 * 3_600_000

export interface ConfigSource {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The YAML file of `--config`. */
  readonly file?: string
  /** Commands that read only the journal, or a file, need no list. */
  readonly organizationsRequired: boolean
  readonly readFile?: (path: string) => string
}

/** Throws one `CONFIG_INVALID` that names every mistake. Connects to nothing. */
export function loadConfig(source: ConfigSource): Config {
  const readFile = source.readFile ?? (path => readFileSync(path, 'utf8'))
  const file = source.file === undefined ? undefined : readConfigFile(source.file, knownVariables())
  const environment = { ...file?.variables, ...withoutEmpty(source.environment) }
  const { values, errors } = readVariables(environment, readFile)
  errors.unshift(...(file?.errors ?? []), ...environmentOnly(source.file, file?.variables ?? {}))

  const fromFile = values.HF_AUDIT_ORGANIZATIONS === undefined ? file?.organizations : undefined
  const entries: readonly OrganizationEntry[] =
    values.HF_AUDIT_ORGANIZATIONS?.map(name => ({ name })) ?? fromFile ?? []
  const endpoint = values.HF_ENDPOINT ?? ''
  const organizations = organizationsOf(entries, endpoint, errors)
  // Where the file has entries, but none that can be used, that is told already.
  if (source.organizationsRequired && entries.length === 0 && fromFile === undefined) {
    errors.push(
      'HF_AUDIT_ORGANIZATIONS is not set; give the name of the organization, or several with commas between',
    )
  }
  const kafka = kafkaOf(values, organizations, readFile, errors)
  const otlp = gathered(() => otlpSettings(environment), errors)
  const metricsPush = gathered(() => metricsPushSettings(environment), errors)
  errors.push(...unreadable(values.HF_AUDIT_GEO_DBS ?? []))
  const warnings = misspelt(source.environment)
  // A variable that seems to be missing may be one of these.
  if (errors.length > 0) throw invalid([...errors, ...warnings])

  return {
    organizations,
    endpoint,
    adminToken: values.HF_AUDIT_ADMIN_TOKEN,
    readOnly: values.HF_AUDIT_READ_ONLY,
    pollIntervalMs: values.HF_AUDIT_POLL_INTERVAL,
    blockedRetryMs: values.HF_AUDIT_BLOCKED_RETRY,
    exportCap: values.HF_AUDIT_EXPORT_CAP,
    shutdownGraceMs: values.HF_AUDIT_SHUTDOWN_GRACE,
    log: { level: values.HF_AUDIT_LOG_LEVEL, format: values.HF_AUDIT_LOG_FORMAT },
    admin: values.HF_AUDIT_ADMIN_ADDRESS === 'off' ? undefined : values.HF_AUDIT_ADMIN_ADDRESS,
    statusPassword: values.HF_AUDIT_STATUS_PASSWORD,
    dataDirectory: values.HF_AUDIT_DATA_DIR,
    include: values.HF_AUDIT_INCLUDE ?? [],
    exclude: values.HF_AUDIT_EXCLUDE ?? [],
    workspaceId: values.HF_AUDIT_WORKSPACE_ID,
    sourceTtlDays: values.HF_AUDIT_SOURCE_TTL,
    geoDatabases: [...new Set(values.HF_AUDIT_GEO_DBS)],
    maxRecordBytes: values.KAFKA_MAX_RECORD_BYTES,
    kafka,
    otlp,
    metricsPush,
    environment,
    warnings,
  }
}

/** The OpenTelemetry library reads these itself, and only from the process's environment. */
function environmentOnly(path: string | undefined, inFile: Readonly<Record<string, string>>): string[] {
  return ['OTEL_SERVICE_NAME', 'OTEL_RESOURCE_ATTRIBUTES']
    .filter(variable => inFile[variable] !== undefined)
    .map(
      variable => `${path}: "${keyOf(variable)}" has no effect in a file; set ${variable} in the environment`,
    )
}

/** Databases are read where they are used; that they are there is seen with the other mistakes. */
function unreadable(paths: readonly string[]): string[] {
  return paths.flatMap(path => {
    try {
      accessSync(path, constants.R_OK)
      if (statSync(path).isFile()) return []
      return [`HF_AUDIT_GEO_DBS names ${JSON.stringify(path)}, which is no file`]
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      return [`HF_AUDIT_GEO_DBS names ${JSON.stringify(path)}, which cannot be read (${code})`]
    }
  })
}

/** One error for all mistakes, a line each. */
export function invalid(errors: readonly string[]): ConnectorError {
  const lines = errors.map(error => `  - ${error}`).join('\n')
  return new ConnectorError('CONFIG_INVALID', `The configuration is not usable:\n${lines}`)
}

/** What is wrong with the names and identities of a list, and with the list. */
export function organizationMistakes(entries: readonly OrganizationEntry[]): string[] {
  const errors: string[] = []
  organizationsOf(entries, '', errors)
  return errors
}

function organizationsOf(
  entries: readonly OrganizationEntry[],
  endpoint: string,
  errors: string[],
): ConfiguredOrganization[] {
  const organizations: ConfiguredOrganization[] = []
  for (const { name, identity = name, tokenFile } of entries) {
    for (const [what, text] of [
      ['name', name],
      ['identity', identity],
    ] as const) {
      const result = organizationName.safeParse(text)
      if (result.success) continue
      const shown = JSON.stringify(text.slice(0, 100))
      errors.push(`The ${what} of an organization is ${shown}; ${result.error.issues[0]!.message}`)
    }
    if (organizations.some(other => other.identity === identity)) {
      errors.push(`The organization "${identity}" is listed twice`)
    }
    organizations.push({ name, identity, endpoint, ...(tokenFile === undefined ? {} : { tokenFile }) })
  }
  return organizations
}

function kafkaOf(
  values: VariableValues,
  organizations: readonly Organization[],
  readFile: (path: string) => string,
  errors: string[],
): KafkaSettings | undefined {
  const brokers = values.KAFKA_BROKERS
  if (brokers === undefined || brokers.length === 0) {
    if (values.SCHEMA_REGISTRY_URL !== undefined) {
      errors.push(
        'SCHEMA_REGISTRY_URL is set but KAFKA_BROKERS is not; the embedded journal uses no registry',
      )
    }
    return undefined
  }
  const username = values.SCHEMA_REGISTRY_USERNAME
  const password = values.SCHEMA_REGISTRY_PASSWORD
  if ((username === undefined) !== (password === undefined)) {
    errors.push('SCHEMA_REGISTRY_USERNAME and SCHEMA_REGISTRY_PASSWORD go together; set both or neither')
  }
  return {
    brokers,
    topic: values.KAFKA_TOPIC,
    clientId: 'hf-audit-connector',
    compression: values.KAFKA_COMPRESSION,
    ssl: tlsOf(values, readFile, errors),
    sasl: saslOf(values, errors),
    partitions: values.KAFKA_PARTITIONS,
    replicationFactor: values.KAFKA_REPLICATION_FACTOR,
    retentionMs: values.HF_AUDIT_SOURCE_TTL > 0 ? values.HF_AUDIT_SOURCE_TTL * DAY_MS : -1,
    maxRecordBytes: values.KAFKA_MAX_RECORD_BYTES,
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT,
    organizations,
    exportCap: values.HF_AUDIT_EXPORT_CAP,
    registry:
      values.SCHEMA_REGISTRY_URL === undefined
        ? undefined
        : {
            url: values.SCHEMA_REGISTRY_URL,
            autoRegister: values.SCHEMA_REGISTRY_AUTO_REGISTER,
            ...(username === undefined ? {} : { username }),
            ...(password === undefined ? {} : { password }),
          },
  }
}

/** What was read; else undefined, and what is wrong is among the errors, each once. */
function gathered<T>(read: () => T, errors: string[]): T | undefined {
  try {
    return read()
  } catch (error) {
    const lines = asConnectorError(error).message.split('\n')
    errors.push(...lines.filter(line => !errors.some(told => told.includes(line))))
    return undefined
  }
}

function tlsOf(
  values: VariableValues,
  readFile: (path: string) => string,
  errors: string[],
): KafkaTls | undefined {
  const paths = { ca: 'KAFKA_SSL_CA', cert: 'KAFKA_SSL_CERT', key: 'KAFKA_SSL_KEY' } as const
  const texts: { ca?: string; cert?: string; key?: string } = {}
  for (const [part, variable] of Object.entries(paths) as [
    keyof typeof paths,
    (typeof paths)[keyof typeof paths],
  ][]) {
    const path = values[variable]
    if (path === undefined) continue
    try {
      texts[part] = readFile(path)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      errors.push(`${variable} is ${JSON.stringify(path)}, which cannot be read (${code})`)
    }
    if (!values.KAFKA_SSL) errors.push(`${variable} is set but KAFKA_SSL is not true`)
  }
  if ((values.KAFKA_SSL_CERT === undefined) !== (values.KAFKA_SSL_KEY === undefined)) {
    errors.push('KAFKA_SSL_CERT and KAFKA_SSL_KEY go together; set both or neither')
  }
  return values.KAFKA_SSL ? texts : undefined
}

function saslOf(values: VariableValues, errors: string[]): KafkaSasl | undefined {
  const mechanism = values.KAFKA_SASL_MECHANISM
  const username = values.KAFKA_SASL_USERNAME
  const password = values.KAFKA_SASL_PASSWORD
  if (mechanism === undefined) {
    if (username !== undefined || password !== undefined) {
      errors.push('KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD is set but KAFKA_SASL_MECHANISM is not')
    }
    return undefined
  }
  if (mechanism === 'OAUTHBEARER') {
    const tokenFile = values.KAFKA_SASL_TOKEN_FILE
    if (tokenFile !== undefined) return { mechanism, tokenFile }
    errors.push(
      'KAFKA_SASL_MECHANISM is OAUTHBEARER; KAFKA_SASL_TOKEN_FILE must name the file that holds the token',
    )
    return undefined
  }
  if (username !== undefined && password !== undefined) return { mechanism, username, password }
  errors.push(
    `KAFKA_SASL_MECHANISM is ${mechanism}; KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD must both be set`,
  )
  return undefined
}

/** Also what is a key of the file. */
export function knownVariables(): string[] {
  const names = Object.keys(VARIABLES)
  const files = Object.entries(VARIABLES).flatMap(([name, variable]) =>
    'secret' in variable ? [`${name}_FILE`] : [],
  )
  return [...names, ...files]
}

/** A variable that begins like ours but is none is a spelling mistake that would otherwise be silent. */
function misspelt(environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = knownVariables()
  return Object.keys(environment)
    .filter(name => name.startsWith('HF_AUDIT_') && !known.includes(name))
    .map(name => `${name} is not a variable of this version and is ignored${nearest(name, known)}`)
}

function withoutEmpty(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== '')
  return Object.fromEntries(set) as Record<string, string>
}
