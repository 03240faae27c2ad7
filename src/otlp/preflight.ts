import type { DeliveryResult } from '../ports.ts'
import { areaResults, type CheckResult } from '../preflight.ts'
import type { OtlpSettings } from './settings.ts'
import { createLogSink } from './sink.ts'

/** Whether the endpoint accepts a request, an empty one: nothing is delivered. */
export async function checkOtlp(
  settings: OtlpSettings,
  { version }: { readonly version: string },
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const lines = areaResults('otlp')
  const sink = createLogSink(settings, { version })
  const subject = `endpoint ${sink.destination}`
  try {
    const result = await sink.deliver([], signal)
    if (result.kind === 'accepted') lines.ok(subject, `accepts an empty request${said(result.message)}`)
    else lines.fail(subject, causeOf(result), mendOf(result, settings.url))
  } finally {
    await sink.close()
  }
  return lines.results
}

type Refusal = Exclude<DeliveryResult, { kind: 'accepted' }>

function causeOf(result: Refusal): string {
  return result.kind === 'refused'
    ? `an empty request was refused with ${result.status}: ${result.message}`
    : result.message
}

function mendOf(result: Refusal, url: URL): string {
  const status = result.kind === 'unavailable' ? undefined : result.status
  switch (status) {
    case 401:
    case 403:
      return 'set OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Bearer%20…, or OTEL_EXPORTER_OTLP_HEADERS_FILE'
    case 404:
    case 405:
      return url.pathname.endsWith('/v1/logs/v1/logs')
        ? `leave /v1/logs out: OTEL_EXPORTER_OTLP_ENDPOINT=${url.origin}${url.pathname.replace('/v1/logs/v1/logs', '')}`
        : `name the collector's OTLP/HTTP receiver: OTEL_EXPORTER_OTLP_ENDPOINT=http://host:4318 (its default path is /v1/logs, asked here was ${url.pathname})`
    case undefined:
      return `see that the collector runs and listens for OTLP over HTTP (port 4318, not 4317): curl -i -X POST ${url.origin}${url.pathname} -H 'content-type: application/x-protobuf'`
    default:
      return "look at the collector's log; its otlp receiver must have the protocol http"
  }
}

function said(message: string): string {
  return message === '' ? '' : `, and says: ${message}`
}
