import type { Message, Producer, RecordMetadata } from 'kafkajs'
import { ConnectorError } from '../errors.ts'

/** Messages of one transaction for one topic, in order. */
export interface TopicQueue {
  readonly topic: string
  readonly messages: readonly Message[]
}

export interface SendLimits {
  /** `max.message.bytes` of a topic: a send makes one batch, and the broker measures that. */
  maxBytes(topic: string): number
}

/** Below the transaction time-out of 60 s: who hangs is given up before the broker ends the transaction. */
const TRANSACTION_DEADLINE_MS = 45_000
/** Small records: more in a send do not pay. */
const MAX_MESSAGES = 1_000
/** How long the broker may wait for its replicas. */
const REPLICATION_TIMEOUT_MS = 10_000
/** Uncompressed: larger requests only wait longer in memory. */
const MAX_SEND_BYTES = 1_000_000
/** The batch's header, and what compression adds where there is nothing to compress. */
const BATCH_OVERHEAD_BYTES = 8 * 1_024
/** Of a record beyond key, value and headers: lengths and deltas. */
const RECORD_OVERHEAD_BYTES = 32
const HEADER_OVERHEAD_BYTES = 4

/** An upper bound of what a record takes in its batch, before compression. */
export function recordBytes(message: Message): number {
  let bytes = RECORD_OVERHEAD_BYTES + byteLength(message.key) + byteLength(message.value)
  for (const name in message.headers) {
    const value = message.headers[name]
    bytes += HEADER_OVERHEAD_BYTES + name.length * 3 + byteLength(value as Buffer | string)
  }
  return bytes
}

function byteLength(value: Buffer | string | null | undefined): number {
  if (value === null || value === undefined) return 0
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

/**
 * Cuts the queues into sends, in order, each with one batch of one topic. A record that is too large alone stands alone:
 * the broker says so.
 *
 * Never two topics in a send: their partitions may be led by two brokers, and when one of these fails, kafkajs sends to
 * both again, with new sequence numbers for the one that has stored its batch already or is about to. It is stored
 * twice then, and both are committed.
 */
export function cutIntoSends(queues: readonly TopicQueue[], limits: SendLimits): TopicQueue[] {
  return queues.flatMap(({ topic, messages }) =>
    cutMessages(messages, limits.maxBytes(topic)).map(chunk => ({ topic, messages: chunk })),
  )
}

function cutMessages(messages: readonly Message[], maxBytes: number): Message[][] {
  const limit = Math.min(maxBytes, MAX_SEND_BYTES) - BATCH_OVERHEAD_BYTES
  const chunks: Message[][] = []
  let chunk: Message[] = []
  let bytes = 0
  for (const message of messages) {
    const length = recordBytes(message)
    if (chunk.length > 0 && (bytes + length > limit || chunk.length >= MAX_MESSAGES)) {
      chunks.push(chunk)
      chunk = []
      bytes = 0
    }
    chunk.push(message)
    bytes += length
  }
  if (chunk.length > 0) chunks.push(chunk)
  return chunks
}

export interface ExpectedOffsets {
  /** Where the next record of each topic lies at the earliest. */
  readonly next: Map<string, number>
  /** Topics to which nobody but this producer writes: within a transaction each send begins where the last one ended. */
  readonly exact: ReadonlySet<string>
}

export interface TransactionParts {
  readonly producer: Producer
  readonly partition: number
  readonly compression: number
  readonly limits: SendLimits
  /** Advanced by what is sent. */
  readonly expected: ExpectedOffsets
  /** Asked before each step: true ends it, since nobody waits for it any more. */
  readonly isLate: () => boolean
}

/**
 * One transaction: the queues, then what `finish` makes of the offset that each topic's last record got. Rejects when
 * anything failed or looks odd; then nothing is known of the outcome, and this producer must not be used again.
 */
export async function runTransaction(
  parts: TransactionParts,
  queues: readonly TopicQueue[],
  finish: (lastOffsets: ReadonlyMap<string, number>) => readonly TopicQueue[],
): Promise<void> {
  const { producer, partition, compression, limits, expected } = parts
  const lastOffsets = new Map<string, number>()
  const begun = new Set<string>()
  const transaction = await producer.transaction()
  const send = async (all: readonly TopicQueue[]): Promise<void> => {
    for (const sent of cutIntoSends(all, limits)) {
      endIfLate(parts)
      const { topic, messages } = sent
      const results = await transaction.send({
        topic,
        messages: alreadyGrouped(messages, partition),
        acks: -1,
        timeout: REPLICATION_TIMEOUT_MS,
        compression,
      })
      checkResults(sent, results, partition, expected, begun)
      lastOffsets.set(topic, expected.next.get(topic)! - 1)
    }
  }
  await send(queues)
  await send(finish(lastOffsets))
  endIfLate(parts)
  await transaction.commit()
}

/**
 * The same, given up when it takes too long. Rejects as soon as it is late; what hangs then ends by itself.
 */
export async function runTransactionInTime(
  parts: Omit<TransactionParts, 'isLate'>,
  queues: readonly TopicQueue[],
  finish: (lastOffsets: ReadonlyMap<string, number>) => readonly TopicQueue[],
): Promise<void> {
  let isLate = false
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true
      reject(new Error(`the transaction was not at its end after ${TRANSACTION_DEADLINE_MS / 1000} s`))
    }, TRANSACTION_DEADLINE_MS)
  })
  try {
    await Promise.race([runTransaction({ ...parts, isLate: () => isLate }, queues, finish), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * kafkajs groups what it sends by partition with `reduce`, and copies the group for each record: of 100,000 records
 * that is 500 MB. All of these are for one partition, so the group is the list.
 */
export function alreadyGrouped(messages: readonly Message[], partition: number): Message[] {
  const list = [...messages]
  return Object.defineProperty(list, 'reduce', { value: () => ({ [partition]: list }) })
}

function endIfLate({ isLate }: TransactionParts): void {
  if (isLate())
    throw new ConnectorError('JOURNAL_UNAVAILABLE', 'the transaction took too long', { retryable: true })
}

/**
 * kafkajs can report a send as done of which the broker kept nothing: a batch that it takes for a repetition, or
 * records for a partition that does not exist. Both show in the result. Advances `expected`.
 */
export function checkResults(
  { topic, messages }: TopicQueue,
  results: readonly RecordMetadata[],
  partition: number,
  expected: ExpectedOffsets,
  begun: Set<string>,
): void {
  const [result] = results
  const base = Number(result?.baseOffset ?? Number.NaN)
  const least = expected.next.get(topic) ?? 0
  const follows = begun.has(topic) && expected.exact.has(topic) ? base === least : base >= least
  if (
    results.length !== 1 ||
    result?.topicName !== topic ||
    result.partition !== partition ||
    result.errorCode !== 0 ||
    String(result.logAppendTime ?? '-1') !== '-1' ||
    !follows
  ) {
    const found = results.length === 0 ? 'no answer' : results.map(describe).join('; ')
    throw new ConnectorError(
      'JOURNAL_UNAVAILABLE',
      `the broker's answer to records for ${topic}[${partition}] is not what storing them gives (${found}, expected from ${least}): nothing is committed`,
      { retryable: true },
    )
  }
  begun.add(topic)
  expected.next.set(topic, base + messages.length)
}

function describe({ topicName, partition, errorCode, baseOffset, logAppendTime }: RecordMetadata): string {
  return `${topicName}[${partition}], error ${errorCode}, offset ${baseOffset}, append time ${logAppendTime}`
}
