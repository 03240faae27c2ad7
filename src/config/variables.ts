import type { z } from 'zod'
import { withoutCredentials } from '../secrets.ts'
import { adminAddress } from './admin-address.ts'
import {
  anyText,
  brokerList,
  commaList,
  durationMs,
  httpUrl,
  oneOf,
  path,
  topicPrefix,
  trueOrFalse,
  wholeNumber,
} from './values.ts'

/** One variable: how its text is read, and the text that counts when it is not set. */
export interface Variable {
  readonly type: z.ZodType<unknown, string>
  readonly default?: string
  /** Never shown, and can also come from the file that `<name>_FILE` names. */
  readonly secret?: true
}

/** Every variable that is ours, or the Hub's, or Kafka's. `OTEL_*` is read where the log records are sent. */
export const VARIABLES = {
  HF_AUDIT_ORGANIZATIONS: { type: commaList },
  HF_ENDPOINT: { type: httpUrl, default: 'https://huggingface.co' },
  HF_TOKEN: { type: anyText, secret: true },
  HF_TOKEN_PATH: { type: path },
  HF_HOME: { type: path },
  HF_AUDIT_ADMIN_TOKEN: { type: anyText, secret: true },
  HF_AUDIT_READ_ONLY: { type: trueOrFalse, default: 'false' },
  HF_AUDIT_POLL_INTERVAL: { type: durationMs(1_000), default: '5m' },
  HF_AUDIT_BLOCKED_RETRY: { type: durationMs(1_000), default: '15m' },
  HF_AUDIT_EXPORT_CAP: { type: wholeNumber(1), default: '100000' },
  HF_AUDIT_SHUTDOWN_GRACE: { type: durationMs(100), default: '25s' },
  HF_AUDIT_LOG_LEVEL: { type: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent']), default: 'info' },
  HF_AUDIT_LOG_FORMAT: { type: oneOf(['json', 'pretty']) },
  HF_AUDIT_ADMIN_ADDRESS: { type: adminAddress, default: '127.0.0.1:9464' },
  HF_AUDIT_STATUS_PASSWORD: { type: anyText, secret: true },
  HF_AUDIT_DATA_DIR: { type: path, default: './data' },
  HF_AUDIT_INCLUDE: { type: commaList },
  HF_AUDIT_EXCLUDE: { type: commaList },
  HF_AUDIT_WORKSPACE_ID: { type: anyText, default: '' },
  HF_AUDIT_GEO_DBS: { type: commaList },
  HF_AUDIT_SOURCE_TTL: { type: wholeNumber(0, 36_500), default: '0' },
  KAFKA_BROKERS: { type: brokerList },
  KAFKA_TOPIC: { type: topicPrefix, default: 'huggingface.audit-log' },
  KAFKA_COMPRESSION: { type: oneOf(['none', 'gzip', 'zstd']), default: 'zstd' },
  KAFKA_MAX_RECORD_BYTES: { type: wholeNumber(10_000, 1_000_000_000), default: '900000' },
  KAFKA_SESSION_TIMEOUT: { type: durationMs(1_000), default: '10s' },
  KAFKA_PARTITIONS: { type: wholeNumber(1, 10_000), default: '8' },
  KAFKA_REPLICATION_FACTOR: { type: wholeNumber(1, 100) },
  KAFKA_SSL: { type: trueOrFalse, default: 'false' },
  KAFKA_SSL_CA: { type: path },
  KAFKA_SSL_CERT: { type: path },
  KAFKA_SSL_KEY: { type: path },
  KAFKA_SASL_MECHANISM: { type: oneOf(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER']) },
  KAFKA_SASL_USERNAME: { type: anyText },
  KAFKA_SASL_PASSWORD: { type: anyText, secret: true },
  KAFKA_SASL_TOKEN_FILE: { type: path },
  SCHEMA_REGISTRY_URL: { type: httpUrl },
  SCHEMA_REGISTRY_USERNAME: { type: anyText },
  SCHEMA_REGISTRY_PASSWORD: { type: anyText, secret: true },
  SCHEMA_REGISTRY_AUTO_REGISTER: { type: trueOrFalse, default: 'true' },
} as const satisfies Record<string, Variable>

export type VariableName = keyof typeof VARIABLES

type Parsed<N extends VariableName> = z.output<(typeof VARIABLES)[N]['type']>
type HasDefault<N extends VariableName> = (typeof VARIABLES)[N] extends { default: string } ? true : false

/** The value of each variable as it is used; undefined for one that is not set and has no default. */
export type VariableValues = {
  readonly [N in VariableName]: HasDefault<N> extends true ? Parsed<N> : Parsed<N> | undefined
}

/**
 * Reads every variable. An empty text counts as not set, as the OpenTelemetry specification has it for its own.
 * `readFile` gives the text of a `_FILE`. Errors are gathered, never thrown one by one, and quote no secret.
 */
export function readVariables(
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): { values: VariableValues; errors: string[] } {
  const errors: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries(VARIABLES) as [string, Variable][]) {
    const text = textOf(name, variable, environment, readFile, errors) ?? variable.default
    if (text === undefined) continue
    const result = variable.type.safeParse(text)
    if (result.success) {
      values[name] = result.data
      continue
    }
    const shown = variable.secret ? 'has a value that is not shown' : `is ${JSON.stringify(shorten(text))}`
    errors.push(`${name} ${shown}; ${result.error.issues.map(issue => issue.message).join('; ')}`)
  }
  return { values: values as VariableValues, errors }
}

function textOf(
  name: string,
  variable: Variable,
  environment: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
  errors: string[],
): string | undefined {
  const direct = trimmed(environment[name])
  if (!variable.secret) return direct
  const file = trimmed(environment[`${name}_FILE`])
  if (file === undefined) return direct
  if (direct !== undefined) {
    errors.push(`${name} and ${name}_FILE are both set; keep one of them`)
    return undefined
  }
  try {
    return trimmed(readFile(file))
  } catch (error) {
    errors.push(
      `${name}_FILE is ${JSON.stringify(file)}, which cannot be read (${(error as NodeJS.ErrnoException).code})`,
    )
    return undefined
  }
}

function trimmed(text: string | undefined): string | undefined {
  const rest = text?.trim()
  return rest === '' ? undefined : rest
}

/** A URL that holds credentials is shown without them. */
function shorten(text: string): string {
  const shown = withoutCredentials(text)
  return shown.length > 100 ? `${shown.slice(0, 100)}…` : shown
}
