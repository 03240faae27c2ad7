import { type HrTime, SeverityNumber } from '@opentelemetry/api'

/** OTLP's time is nanoseconds in 64 unsigned bits: until July 2554. */
const LAST_MS = 18_446_744_073_709

/** True for a time that an OTLP record can carry. Others are sent as 0, which stands for unknown. */
export function isOtlpTime(epochMs: number): boolean {
  return epochMs >= 0 && epochMs <= LAST_MS
}

/** Seconds and nanoseconds: a plain number would be taken for a time since the process started when it is small. */
export function otlpTime(epochMs: number): HrTime {
  if (!isOtlpTime(epochMs)) return [0, 0]
  const seconds = Math.floor(epochMs / 1_000)
  return [seconds, (epochMs - seconds * 1_000) * 1_000_000]
}

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
export function severityNumber(text: string): SeverityNumber {
  switch (text) {
    case 'INFO':
      return SeverityNumber.INFO
    case 'WARN':
      return SeverityNumber.WARN
    case 'ERROR':
      return SeverityNumber.ERROR
    default:
      return SeverityNumber.UNSPECIFIED
  }
}

/** Whole numbers beyond 2^53 as text: receivers that read numbers as doubles would round them. */
export function wholeNumber(value: number): number | string {
  return Number.isSafeInteger(value) ? value : BigInt(value).toString()
}
