import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import type { MetricReader } from '@opentelemetry/sdk-metrics'

export interface PrometheusReader {
  readonly reader: MetricReader
  readonly contentType: string
  /** What is known now, in Prometheus' text format. */
  text(): Promise<string>
}

/** The library's reader without its server: `/metrics` is one of the admin server's paths. */
export function createPrometheusReader(): PrometheusReader {
  const reader = new PrometheusExporter({ preventServerStart: true })
  const serializer = new PrometheusSerializer(undefined, false, undefined, false, true)
  return {
    reader,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    async text() {
      const { resourceMetrics } = await reader.collect()
      return serializer.serialize(resourceMetrics)
    },
  }
}
