import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import type { Organization } from '../event/organization.ts'
import type { StreamName } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { ForwardingOptions } from '../ports.ts'
import { journalError } from './client-errors.ts'
import { type DecodedMessages, decodeMessages, type ForeignMessage, positionOf } from './decode-messages.ts'
import { type Deliver, deliverUntilDone } from './delivery.ts'
import { type ForwardingTroubles, GROUP_TROUBLE } from './forwarding-troubles.ts'
import { disconnectQuietly, type TopicPartition } from './partition-reader.ts'
import { streamOf } from './reader.ts'
import { type KafkaNames, type KafkaSettings, kafkaNames } from './settings.ts'
import type { LostPlace } from './unforwarded.ts'
import type { ValueDecoder } from './values.ts'

const FORWARDED: readonly StreamName[] = ['events', 'findings', 'ledger']
const MAX_WAIT_MS = 250
/**
 * Compressed: what comes out of it may be ten times as much. A megabyte was not faster, and took 15 MB more beside a
 * backfill.
 */
const FORWARDING_FETCH_BYTES = 256 * 1024
/** An offset is committed when this long went by since the last, and at the end of what one fetch brought. */
const COMMIT_INTERVAL_MS = 500
/** A partition with a value that cannot be read now is left alone for this long. The others go on. */
const UNREADABLE_WAIT_MS = 5_000
/** What kafkajs commits where an offset was out of range: "from the beginning". */
const RESET_OFFSET = -2

export interface MemberParts {
  readonly kafka: Kafka
  readonly settings: KafkaSettings
  readonly log: Logger
  readonly decode: ValueDecoder
  readonly troubles: ForwardingTroubles
  /** Offsets from which the group goes on, by {@link placeKey}; -1 where it never was. */
  readonly committedOffsets: () => Promise<Map<string, number>>
  /** Whose records lie in the partition. */
  readonly organizationsIn: (partition: number) => readonly Organization[]
  readonly tellUnforwarded: (lost: LostPlace) => Promise<void>
}

export function forwardedTopics(names: KafkaNames): string[] {
  return FORWARDED.map(stream => names.topics[stream])
}

export function placeKey({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}

/** One membership in the forwarders' group, until the signal ends it or it cannot be kept: then it throws. */
export async function consumeAsMember(
  { kafka, settings, log, decode, troubles, committedOffsets, organizationsIn, tellUnforwarded }: MemberParts,
  deliver: Deliver,
  { maxEntries, onForeign }: ForwardingOptions,
  signal: AbortSignal,
): Promise<void> {
  const names = kafkaNames(settings.topic)
  const consumer = kafka.consumer({
    groupId: names.forwarderGroup,
    allowAutoTopicCreation: false,
    sessionTimeout: settings.sessionTimeoutMs,
    rebalanceTimeout: Math.max(settings.sessionTimeoutMs, 30_000),
    heartbeatInterval: Math.min(1_000, settings.sessionTimeoutMs / 4),
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: FORWARDING_FETCH_BYTES,
    maxBytes: 2 * FORWARDING_FETCH_BYTES,
    retry: { retries: 5, initialRetryTime: 100 },
  })
  const { GROUP_JOIN, END_BATCH_PROCESS, CRASH } = consumer.events
  /** Where each partition goes on, as far as this membership knows. */
  let cursors: Promise<Map<string, number>> = Promise.resolve(new Map())
  /** kafkajs goes on while markers are passed: whoever moves a cursor waits for this. */
  let passing: Promise<void> = Promise.resolve()
  try {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      if (signal.aborted) resolve()
      consumer.on(GROUP_JOIN, () => {
        cursors = committedOffsets()
        cursors.catch(() => undefined)
        // What cannot be read may be another worker's now.
        troubles.clear()
      })
      consumer.on(
        END_BATCH_PROCESS,
        ({ payload: { batchSize, topic, partition, firstOffset, lastOffset } }) => {
          troubles.over(GROUP_TROUBLE)
          if (batchSize > 0) return
          // A fetch with nothing but transaction markers: they must not stay in the backlog for ever.
          const place = { topic, partition }
          passing = passing.then(() => passMarkers(place, Number(firstOffset), Number(lastOffset) + 1))
        },
      )
      consumer.on(CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error)
        // kafkajs begins anew by itself, and says so to nobody else.
        else troubles.tell(GROUP_TROUBLE, journalError(payload.error, 'forwarding from Kafka'))
      })
      void (async () => {
        await consumer.connect()
        await consumer.subscribe({ topics: forwardedTopics(names), fromBeginning: true })
        await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch })
      })().catch(reject)
    })
  } finally {
    await disconnectQuietly(consumer)
  }

  async function passMarkers(place: TopicPartition, first: number, next: number): Promise<void> {
    try {
      await noticeLoss(place, first)
      ;(await cursors).set(placeKey(place), next)
      await commitCursor(consumer, place, next)
    } catch (error) {
      // They are passed again with the next commit, or by the next member.
      log.debug({}, `markers were not committed: ${(error as Error).message}`)
    }
  }

  async function noticeLoss(place: TopicPartition, first: number): Promise<void> {
    const cursor = (await cursors).get(placeKey(place)) ?? -1
    if (cursor === -1 || cursor === first) return
    const { topic, partition } = place
    await tellUnforwarded({ topic, partition, from: cursor === RESET_OFFSET ? undefined : cursor, to: first })
    // What was told is not told again by the next member.
    await commitCursor(consumer, place, first)
    ;(await cursors).set(placeKey(place), first)
  }

  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch, resolveOffset, commitOffsetsIfNecessary, pause } = payload
    const stream = streamOf(names, batch.topic)
    const first = batch.firstOffset()
    if (stream === undefined || first === null) return
    await passing
    await noticeLoss(batch, Number(first))
    const { messages } = batch
    const decoded = (start: number): Promise<DecodedMessages> =>
      decodeMessages(decode, stream, batch, messages.slice(start, start + maxEntries))
    let ahead = decoded(0)
    let committedAt = performance.now()
    for (let start = 0; start < messages.length; ) {
      const { entries, foreign, unreadable } = await ahead
      const end = unreadable === undefined ? start + maxEntries : start + unreadable.index
      const read = messages.slice(start, end)
      start += read.length
      if (read.length > 0) {
        const delivering = deliverUntilDone(
          entries,
          async (part, ended) => {
            await deliver(part, ended)
            for (const one of foreign) await settleForeign(batch, one, ended)
          },
          payload,
          log,
          signal,
        )
        // While the collector works on these the next are decoded.
        if (unreadable === undefined) ahead = decoded(start)
        await delivering
        const delivered = read.at(-1)!.offset
        resolveOffset(delivered)
        const isLast = start >= messages.length
        // Behind the last message there may be its transaction's marker.
        const next = (isLast ? Number(batch.lastOffset()) : Number(delivered)) + 1
        ;(await cursors).set(placeKey(batch), next)
        if (isLast || unreadable !== undefined || performance.now() - committedAt > COMMIT_INTERVAL_MS) {
          const partitions = [{ partition: batch.partition, offset: String(next) }]
          await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions }] })
          committedAt = performance.now()
        }
      }
      if (unreadable !== undefined) {
        troubles.tell(placeKey(batch), unreadable.error)
        const resume = pause()
        setTimeout(resume, UNREADABLE_WAIT_MS).unref()
        return
      }
      troubles.over(placeKey(batch))
    }
  }

  async function settleForeign(
    place: TopicPartition,
    { message, error }: ForeignMessage,
    ended: AbortSignal,
  ): Promise<void> {
    const organization = keeperOf(place, message)
    const position = positionOf(place, message)
    if (organization === undefined || onForeign === undefined) {
      log.error({ position }, `a value that is not the connector's is left out: ${error.message}`)
      return
    }
    await onForeign(
      {
        organization,
        position,
        timestampMs: Number(message.timestamp),
        value: message.value!,
        reason: error.message,
      },
      ended,
    )
  }

  /** Under whose name it is kept: its key's, or else that of any organization in its partition. */
  function keeperOf({ partition }: TopicPartition, { key }: KafkaMessage): string | undefined {
    const here = organizationsIn(partition)
    const named = here.find(({ identity }) => identity === key?.toString('utf8'))
    return (named ?? here[0])?.identity
  }
}

async function commitCursor(consumer: Consumer, place: TopicPartition, next: number): Promise<void> {
  await consumer.commitOffsets([{ topic: place.topic, partition: place.partition, offset: String(next) }])
}
