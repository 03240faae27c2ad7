import type { AgentOptions } from 'node:https'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import {
  AggregationTemporality,
  InstrumentType,
  type MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import type { Logger } from '../log.ts'
import { proxySecrets } from '../secrets.ts'
import type { MetricsPushSettings } from './metrics-settings.ts'
import type { OtlpProxy } from './proxy.ts'
import { SERVICE_NAME } from './resource.ts'
import { wordsWithout } from './words.ts'

/** `ExportResultCode` of a package that is not ours to depend on. */
const SUCCESS = 0

type ExporterOptions = NonNullable<ConstructorParameters<typeof OTLPMetricExporter>[0]>

/** Pushes metrics to a collector every so often. What fails is told once until it works again, and costs nothing else. */
export function createMetricPush(
  settings: MetricsPushSettings,
  { version, log }: { readonly version: string; readonly log: Logger },
): MetricReader {
  const { url, headers, timeoutMs, compression, intervalMs } = settings
  const exporter = new OTLPMetricExporter({
    url: url.href,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
    compression: compression as NonNullable<ExporterOptions['compression']>,
    userAgent: `${SERVICE_NAME}/${version}`,
    httpAgentOptions: agentOptions(settings),
  })
  return new PeriodicExportingMetricReader({
    exporter: tellingFailures(exporter, settings, log),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(intervalMs, timeoutMs),
  })
}

/** `proxyEnv` is Node's own way to a proxy; without a proxy it must not be there. */
function agentOptions({ tls, proxy }: MetricsPushSettings): AgentOptions {
  const proxyEnv = proxyEnvironment(proxy)
  return { keepAlive: true, ...tls, ...(proxyEnv === undefined ? {} : { proxyEnv }) } as AgentOptions
}

function proxyEnvironment({ http, https, none }: OtlpProxy): Record<string, string> | undefined {
  if (http === '' && https === '') return undefined
  return { HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: none }
}

function tellingFailures(
  exporter: PushMetricExporter,
  settings: MetricsPushSettings,
  log: Logger,
): PushMetricExporter {
  const { destination } = settings
  const words = wordsWithout([
    ...Object.values(settings.headers),
    ...proxySecrets([settings.proxy.https, settings.proxy.http]),
  ])
  let failing = false
  return {
    export(metrics, done) {
      exporter.export(metrics, result => {
        const failed = result.code !== SUCCESS
        if (failed && !failing) {
          const message = words(result.error?.message ?? 'for an unknown reason')
          log.warn({ destination }, `metrics cannot be pushed, which is tried again: ${message}`)
        }
        if (!failed && failing) log.info({ destination }, 'metrics are pushed again')
        failing = failed
        done(result)
      })
    },
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
    // Of a gauge only what was observed now: the SDK would go on telling the last value of what is gone.
    selectAggregationTemporality: type =>
      type === InstrumentType.OBSERVABLE_GAUGE
        ? AggregationTemporality.DELTA
        : exporter.selectAggregationTemporality!(type),
    selectAggregation: instrument => exporter.selectAggregation!(instrument),
  }
}
