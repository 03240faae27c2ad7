import { rfc3339Text } from './rfc3339.ts'

/** What the CloudEvents attributes of an event say. */
export interface EventAttributes {
  /** The record's `id` (a UUID). */
  readonly id: string
  /** The Hub's `type`. */
  readonly type: string
  readonly createdAtMs: number
}

export const CONTENT_TYPE = 'application/avro'
const SPEC_VERSION = '1.0'
const TYPE_PREFIX = 'co.huggingface.audit.'

/**
 * The headers of an event's Kafka record: CloudEvents in binary mode, so that a reader can route and tell repetitions
 * apart without decoding. `source`: the organization's URI.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md#32-binary-content-mode
 */
export function cloudEventHeaders(
  source: string,
  { id, type, createdAtMs }: EventAttributes,
): Record<string, string> {
  return {
    ce_specversion: SPEC_VERSION,
    ce_id: id,
    ce_source: source,
    ce_type: TYPE_PREFIX + type,
    ce_time: rfc3339Text(createdAtMs),
    'content-type': CONTENT_TYPE,
  }
}
