import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { AggregationTemporality, InstrumentType, MetricReader } from '@opentelemetry/sdk-metrics'

export interface PrometheusReader {
  readonly reader: MetricReader
  readonly contentType: string
  /** What is known now, in Prometheus' text format. */
  text(): Promise<string>
}

/** Collects when it is asked: `/metrics` is one of the admin server's paths. */
class AskedReader extends MetricReader {
  constructor() {
    super({ aggregationTemporalitySelector: temporalityOf })
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/**
 * Since the start, as Prometheus has it; but of a gauge only what was observed now. The SDK would go on telling its last
 * value for ever: an organization that another worker took over while it was blocked would be blocked here for good.
 */
function temporalityOf(type: InstrumentType): AggregationTemporality {
  return type === InstrumentType.OBSERVABLE_GAUGE
    ? AggregationTemporality.DELTA
    : AggregationTemporality.CUMULATIVE
}

/** The library's text without its server. */
export function createPrometheusReader(): PrometheusReader {
  const reader = new AskedReader()
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
