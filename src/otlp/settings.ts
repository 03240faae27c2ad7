import { readFileSync } from 'node:fs'
import { ConnectorError } from '../errors.ts'
import { destinationOf, masked, readEndpoint } from './endpoint.ts'
import { parseHeaders } from './headers.ts'
import { type Lookup, lookupIn, type Setting, type Signal, settingOf } from './lookup.ts'
import { type OtlpProxy, readProxy } from './proxy.ts'
import { readTls, type TlsMaterial } from './tls.ts'

const DEFAULT_TIMEOUT_MS = 10_000
/** Longer ones would overflow Node's timers. */
const MAX_TIMEOUT_MS = 2_147_483_647

export interface OtlpSettings {
  /** Where requests go, without user and password. */
  readonly url: URL
  /** The same without the query: what may be shown. */
  readonly destination: string
  /** Secrets. By name in small letters. */
  readonly headers: Readonly<Record<string, string>>
  /** For one request with its answer. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
  readonly tls: TlsMaterial
  readonly proxy: OtlpProxy
}

/**
 * The standard variables of an OTLP exporter of logs
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/,
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), with two differences: without
 * an endpoint nothing is forwarded, and headers may come from a file, the same variable with `_FILE`.
 *
 * Undefined when nothing is to be forwarded: no endpoint, OTEL_LOGS_EXPORTER=none or OTEL_SDK_DISABLED=true.
 * Throws `CONFIG_INVALID` with all that is wrong, a line each.
 */
export function otlpSettings(env: NodeJS.ProcessEnv): OtlpSettings | undefined {
  if (settingOf(env, 'OTEL_SDK_DISABLED')?.value.toLowerCase() === 'true') return undefined
  const exporter = settingOf(env, 'OTEL_LOGS_EXPORTER')?.value.toLowerCase() ?? 'otlp'
  const endpoint = lookupIn(env, 'LOGS')('ENDPOINT')
  if (exporter === 'none' || endpoint === undefined) return undefined

  const errors: string[] = []
  if (exporter !== 'otlp') {
    errors.push(`OTEL_LOGS_EXPORTER is "${exporter}": allowed are otlp and none.`)
  }
  return exporterSettings(env, 'LOGS', endpoint, errors)
}

/** What an exporter of the signal needs. Throws `CONFIG_INVALID` with these errors and what else is wrong, a line each. */
export function exporterSettings(
  env: NodeJS.ProcessEnv,
  signal: Signal,
  endpoint: Setting,
  errors: string[],
): OtlpSettings {
  const lookup = lookupIn(env, signal)
  checkProtocol(lookup, errors)
  const target = readEndpoint(signal, endpoint, errors)
  const headers = readHeaders(env, signal, errors)
  const settings = {
    timeoutMs: readTimeout(lookup, errors),
    compression: readCompression(lookup, errors),
    tls: readTls(lookup, errors),
    proxy: readProxy(env, errors),
  }
  if (errors.length > 0 || target === undefined) throw new ConnectorError('CONFIG_INVALID', errors.join('\n'))
  const authorization = target.authorization === undefined ? {} : { authorization: target.authorization }
  return {
    url: target.url,
    destination: destinationOf(target.url),
    headers: { ...authorization, ...headers },
    ...settings,
  }
}

function checkProtocol(lookup: Lookup, errors: string[]): void {
  const protocol = lookup('PROTOCOL')
  if (protocol === undefined || protocol.value.toLowerCase() === 'http/protobuf') return
  errors.push(
    `${protocol.variable} is "${masked(protocol.value)}": allowed is http/protobuf, by which collectors listen on port 4318.`,
  )
}

function readTimeout(lookup: Lookup, errors: string[]): number {
  const timeout = lookup('TIMEOUT')
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS
  const timeoutMs = /^\d+$/.test(timeout.value) ? Number(timeout.value) : Number.NaN
  if (timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  errors.push(
    `${timeout.variable} is "${timeout.value}": allowed is a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS}.`,
  )
  return DEFAULT_TIMEOUT_MS
}

function readCompression(lookup: Lookup, errors: string[]): 'gzip' | 'none' {
  const compression = lookup('COMPRESSION')
  const value = compression?.value.toLowerCase() ?? 'none'
  if (value === 'gzip' || value === 'none') return value
  errors.push(`${compression?.variable} is "${compression?.value}": allowed are gzip and none.`)
  return 'none'
}

/** Those for the signal are added to those for all, and win where both have a name. */
function readHeaders(env: NodeJS.ProcessEnv, signal: Signal, errors: string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const variable of ['OTEL_EXPORTER_OTLP_HEADERS', `OTEL_EXPORTER_OTLP_${signal}_HEADERS`]) {
    const { name, list } = valueOrFile(env, variable, errors)
    const parsed = parseHeaders(list)
    Object.assign(headers, parsed.headers)
    for (const problem of parsed.problems) {
      errors.push(`${name}: ${problem}. Allowed is name=value,name=value, with values percent-encoded.`)
    }
  }
  return headers
}

function valueOrFile(
  env: NodeJS.ProcessEnv,
  variable: string,
  errors: string[],
): { readonly name: string; readonly list: string } {
  const inline = settingOf(env, variable)
  const file = settingOf(env, `${variable}_FILE`)
  if (file === undefined) return { name: variable, list: inline?.value ?? '' }
  if (inline !== undefined) errors.push(`${variable} and ${file.variable} are both set: set one of them.`)
  try {
    return { name: file.variable, list: readFileSync(file.value, 'utf8') }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    errors.push(
      `${file.variable} is "${file.value}": cannot be read (${code}). Allowed is the path of a file of headers.`,
    )
    return { name: file.variable, list: '' }
  }
}
