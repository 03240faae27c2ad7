import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KafkaMessage } from 'kafkajs'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { CONTENT_TYPE } from '../event/cloud-events.ts'
import type { StreamName, StreamRecords } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { JournalEntry } from '../ports.ts'
import type { TopicPartition } from './partition-reader.ts'
import type { ValueDecoder } from './values.ts'

const MESSAGES_PER_TURN = 50

/** A message that something else than this connector wrote: it is no part of any trail. */
export interface ForeignMessage {
  readonly message: KafkaMessage
  /** Why it is not taken for ours. */
  readonly error: ConnectorError
}

export interface DecodedMessages {
  readonly entries: JournalEntry[]
  /** Those of `entries`, in step. */
  readonly ours: KafkaMessage[]
  readonly foreign: ForeignMessage[]
  /**
   * Where decoding ended: a value that may be ours, and that needs what is not at hand now (a registry, a schema, a newer
   * release). Nothing behind it was decoded.
   */
  readonly unreadable: { readonly index: number; readonly error: ConnectorError } | undefined
}

/**
 * The entries in messages of one partition. Those without a value are left out. Gives way to other work between every
 * few: what a fetch brings takes tens of milliseconds.
 */
export async function decodeMessages(
  decode: ValueDecoder,
  stream: StreamName,
  place: TopicPartition,
  messages: readonly KafkaMessage[],
): Promise<DecodedMessages> {
  const entries: JournalEntry[] = []
  const ours: KafkaMessage[] = []
  const foreign: ForeignMessage[] = []
  for (const [index, message] of messages.entries()) {
    const { key, value } = message
    if (value === null) continue
    try {
      const decoded = decode(stream, value)
      const record = decoded instanceof Promise ? await decoded : decoded
      const organization = key?.toString('utf8') ?? record.organization
      entries.push({ stream, organization, position: positionOf(place, message), record } as JournalEntry)
      ours.push(message)
    } catch (thrown) {
      const error = asConnectorError(thrown)
      if (!isForeign(message, error)) {
        return { entries, ours, foreign, unreadable: { index, error: unreadableAt(place, message, error) } }
      }
      foreign.push({ message, error })
    }
    if (entries.length % MESSAGES_PER_TURN === 0) await nextTurn()
  }
  return { entries, ours, foreign, unreadable: undefined }
}

/** Where a message lies, for people. */
export function positionOf({ topic, partition }: TopicPartition, { offset }: KafkaMessage): string {
  return `${topic}[${partition}]@${offset}`
}

/** The record of a message that has a value; undefined where something else wrote it. Throws where it may be ours. */
export async function decodeIfOurs<S extends StreamName>(
  decode: ValueDecoder,
  stream: S,
  place: TopicPartition,
  message: KafkaMessage,
): Promise<StreamRecords[S] | undefined> {
  try {
    return await decode(stream, message.value!)
  } catch (thrown) {
    const error = asConnectorError(thrown)
    if (isForeign(message, error)) return undefined
    throw unreadableAt(place, message, error)
  }
}

/** The same error, with the place of the value. */
export function unreadableAt(
  place: TopicPartition,
  message: KafkaMessage,
  cause: ConnectorError,
): ConnectorError {
  const { code, retryable } = cause
  const words = `the value at ${positionOf(place, message)} cannot be read: ${cause.message}`
  return new ConnectorError(code, words, { retryable, cause })
}

export function warnOfForeign(log: Logger, place: TopicPartition, foreign: readonly ForeignMessage[]): void {
  for (const { message, error } of foreign) {
    log.warn(
      { position: positionOf(place, message) },
      `a value that is not the connector's is left out: ${error.message}`,
    )
  }
}

/**
 * What was wrong with the value tells that it is not ours, or the header that every value of ours has is missing: then
 * it only looks like one. Any other value that cannot be decoded may be ours.
 */
export function isForeign(message: Pick<KafkaMessage, 'headers'>, error: ConnectorError): boolean {
  return (
    error.code === 'JOURNAL_FOREIGN' || (error.code === 'JOURNAL_MISMATCH' && !hasOurContentType(message))
  )
}

export function hasOurContentType({ headers }: Pick<KafkaMessage, 'headers'>): boolean {
  return String(headers?.['content-type'] ?? '') === CONTENT_TYPE
}
