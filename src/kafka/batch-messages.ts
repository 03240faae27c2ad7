import type { Message } from 'kafkajs'
import { CONTENT_TYPE, cloudEventHeaders } from '../event/cloud-events.ts'
import { sourceUri } from '../event/organization.ts'
import type { Batch, EncodedValue } from '../ports.ts'
import type { CheckpointRecord } from './checkpoint-records.ts'
import type { KafkaNames } from './settings.ts'
import type { TopicQueue } from './transaction.ts'

/** A batch of a poll, or of a move, which brings the ledger entries of many polls at once. */
export type StoredBatch = Omit<Batch, 'ledger'> & {
  readonly ledger: Batch['ledger'] | readonly EncodedValue[]
}

/** A batch as records of the shard's partition. */
export function batchQueues(batch: StoredBatch, partition: number, names: KafkaNames): TopicQueue[] {
  const key = Buffer.from(batch.organization.identity, 'utf8')
  const source = sourceUri(batch.organization)
  const events = batch.events.map(
    (event): Message => ({
      key,
      value: event.value,
      partition,
      timestamp: String(event.timestampMs),
      headers: cloudEventHeaders(source, event),
    }),
  )
  const plain = (values: readonly EncodedValue[]) =>
    values.map(({ value, timestampMs }) => plainMessage(key, value, partition, timestampMs))
  const ledger = batch.ledger === undefined ? [] : [batch.ledger].flat()
  return [
    { topic: names.topics.events, messages: events },
    { topic: names.topics['dead-letters'], messages: plain(batch.deadLetters) },
    { topic: names.topics.findings, messages: plain(batch.findings) },
    { topic: names.topics.ledger, messages: plain(ledger) },
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
