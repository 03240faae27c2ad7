import type { Message } from 'kafkajs'
import { sourceUri } from '../event/organization.ts'
import type { Batch, EncodedValue } from '../ports.ts'
import type { CheckpointRecord } from './checkpoint-records.ts'
import type { KafkaNames } from './settings.ts'
import type { TopicQueue } from './transaction.ts'

const CONTENT_TYPE = 'application/avro'
const SPEC_VERSION = '1.0'
const TYPE_PREFIX = 'co.huggingface.audit.'

/**
 * A batch as records of the shard's partition. Events carry CloudEvents attributes in binary mode, so that a reader can
 * route and tell repetitions apart without decoding.
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md#32-binary-content-mode
 */
export function batchQueues(batch: Batch, partition: number, names: KafkaNames): TopicQueue[] {
  const key = Buffer.from(batch.organization.identity, 'utf8')
  const source = sourceUri(batch.organization)
  const events = batch.events.map(
    ({ value, timestampMs, id, type, createdAtMs }): Message => ({
      key,
      value,
      partition,
      timestamp: String(timestampMs),
      headers: {
        ce_specversion: SPEC_VERSION,
        ce_id: id,
        ce_source: source,
        ce_type: TYPE_PREFIX + type,
        ce_time: new Date(createdAtMs).toISOString(),
        'content-type': CONTENT_TYPE,
      },
    }),
  )
  const plain = (values: readonly EncodedValue[]) =>
    values.map(({ value, timestampMs }) => plainMessage(key, value, partition, timestampMs))
  return [
    { topic: names.topics.events, messages: events },
    { topic: names.topics['dead-letters'], messages: plain(batch.deadLetters) },
    { topic: names.topics.findings, messages: plain(batch.findings) },
    { topic: names.topics.ledger, messages: batch.ledger === undefined ? [] : plain([batch.ledger]) },
  ]
}

/** A dead letter, a finding or a ledger entry. */
export function plainMessage(key: Buffer, value: Buffer, partition: number, timestampMs: number): Message {
  return {
    key,
    value,
    partition,
    timestamp: String(Math.max(0, timestampMs)),
    headers: { 'content-type': CONTENT_TYPE },
  }
}

export function checkpointMessages(records: readonly CheckpointRecord[], partition: number): Message[] {
  return records.map(({ key, value }) => ({ key: Buffer.from(key, 'utf8'), value, partition }))
}
