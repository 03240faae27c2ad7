import { ConnectorError } from '../errors.ts'
import { lookupIn, settingOf } from './lookup.ts'
import { exporterSettings, type OtlpSettings } from './settings.ts'

export interface MetricsPushSettings extends OtlpSettings {
  /** From one push to the next. */
  readonly intervalMs: number
}

const DEFAULT_INTERVAL_MS = 60_000
const MAX_INTERVAL_MS = 24 * 3_600_000
const EXPORTERS = ['otlp', 'prometheus', 'none']

/**
 * Whether and where metrics are pushed, by the standard variables
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). `/metrics` is offered in any case;
 * pushing begins with OTEL_METRICS_EXPORTER=otlp, or with an endpoint of their own: that of the logs alone does not
 * mean that metrics are wanted there. Undefined when nothing is to be pushed. Throws `CONFIG_INVALID`.
 */
export function metricsPushSettings(env: NodeJS.ProcessEnv): MetricsPushSettings | undefined {
  if (settingOf(env, 'OTEL_SDK_DISABLED')?.value.toLowerCase() === 'true') return undefined
  const own = settingOf(env, 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT')
  const list = settingOf(env, 'OTEL_METRICS_EXPORTER')?.value ?? (own === undefined ? 'none' : 'otlp')
  const exporters = list.split(',').map(name => name.trim().toLowerCase())
  const errors: string[] = []
  for (const name of exporters) {
    if (!EXPORTERS.includes(name)) {
      const allowed = 'otlp, prometheus (which is offered at /metrics in any case) and none'
      errors.push(`OTEL_METRICS_EXPORTER is "${list}": allowed are ${allowed}.`)
    }
  }
  if (!exporters.includes('otlp') && errors.length === 0) return undefined
  const endpoint = lookupIn(env, 'METRICS')('ENDPOINT')
  if (endpoint === undefined) {
    errors.push(
      'OTEL_METRICS_EXPORTER is otlp, but neither OTEL_EXPORTER_OTLP_METRICS_ENDPOINT nor OTEL_EXPORTER_OTLP_ENDPOINT ' +
        'is set: set one of them, such as http://localhost:4318.',
    )
    throw new ConnectorError('CONFIG_INVALID', errors.join('\n'))
  }
  const intervalMs = readInterval(env, errors)
  return { ...exporterSettings(env, 'METRICS', endpoint, errors), intervalMs }
}

function readInterval(env: NodeJS.ProcessEnv, errors: string[]): number {
  const setting = settingOf(env, 'OTEL_METRIC_EXPORT_INTERVAL')
  if (setting === undefined) return DEFAULT_INTERVAL_MS
  const intervalMs = /^\d+$/.test(setting.value) ? Number(setting.value) : Number.NaN
  if (intervalMs >= 100 && intervalMs <= MAX_INTERVAL_MS) return intervalMs
  errors.push(
    `${setting.variable} is "${setting.value}": allowed is a whole number of milliseconds from 100 to ${MAX_INTERVAL_MS}.`,
  )
  return DEFAULT_INTERVAL_MS
}
