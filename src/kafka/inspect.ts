import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Kafka, KafkaMessage } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { CheckpointPartition } from './checkpoint-records.ts'
import { offsetRanges } from './client.ts'
import { hasOurContentType } from './decode-messages.ts'
import { fetchHighWatermarks } from './high-watermarks.ts'
import { openPartitionReader, type PartitionReader } from './partition-reader.ts'
import type { KafkaNames } from './settings.ts'

/** What must be known of topics that were there before this process. */
export interface Inspection {
  /** The number of partitions in `/meta`; undefined when nobody wrote it. */
  readonly storedPartitions: number | undefined
  /** The value of a last event that is ours; undefined when there is none. */
  readonly lastValue: Buffer | undefined
}

/** How far back from the end a record is looked for: what lies between may be markers and aborted records. */
const LOOK_BACK = [8, 1_000, Number.POSITIVE_INFINITY] as const
/** How long the end of a transaction may be on its way; one that hangs is told where a shard is read. */
const MARKER_WAIT_MS = 5_000
const MARKER_POLL_MS = 50

/**
 * Looks at topics that were there before. Where no event can be read, but one is about to be committed, it waits for that:
 * whoever just died may have written the first of all, and in another framing.
 */
export async function inspectTopics(
  kafka: Kafka,
  admin: Admin,
  names: KafkaNames,
  present: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Inspection> {
  const topic = names.topics.events
  const partitions = Array.from({ length: present.get(topic) ?? 0 }, (_, partition) => partition)
  const first = await look(kafka, admin, names, present, signal)
  if (first.lastValue !== undefined || partitions.length === 0) return first
  const [ends = []] = (await fetchHighWatermarks(kafka, [topic], partitions)).values()
  const deadline = performance.now() + MARKER_WAIT_MS
  for (;;) {
    const stable = await offsetRanges(admin, topic)
    const again = await look(kafka, admin, names, present, signal)
    const isWhole = partitions.every(partition => stable[partition]!.high >= (ends[partition] ?? 0))
    if (again.lastValue !== undefined || isWhole || performance.now() > deadline) return again
    await sleep(MARKER_POLL_MS, undefined, { signal }).catch(() => {
      throw new ConnectorError('STOPPED', 'stopped before the topics were looked at')
    })
  }
}

async function look(
  kafka: Kafka,
  admin: Admin,
  names: KafkaNames,
  present: ReadonlyMap<string, number>,
  signal: AbortSignal,
): Promise<Inspection> {
  const prefix = names.topics.events
  const checkpoint = present.has(names.checkpoint)
    ? { topic: names.checkpoint, partition: 0, range: (await offsetRanges(admin, names.checkpoint))[0]! }
    : undefined
  const events = present.has(prefix) ? await filledPartitions(admin, prefix) : []
  const wanted = [checkpoint, ...events].filter(
    place => place !== undefined && place.range.low < place.range.high,
  )
  if (wanted.length === 0) return { storedPartitions: undefined, lastValue: undefined }
  const reader = await openPartitionReader(
    kafka,
    prefix,
    wanted.map(place => ({ topic: place!.topic, partition: place!.partition })),
    signal,
  )
  try {
    const stored = new CheckpointPartition()
    if (checkpoint !== undefined) {
      const { topic, partition, range } = checkpoint
      await reader.read({ topic, partition, from: range.low, to: range.high }, messages => {
        for (const { key, value } of messages) stored.add(key, value)
      })
    }
    let lastValue: Buffer | undefined
    for (const place of events) lastValue ??= await lastValueOf(reader, place)
    return { storedPartitions: stored.partitions(), lastValue }
  } finally {
    await reader.close()
  }
}

type Place = { topic: string; partition: number; range: { low: number; high: number } }

async function filledPartitions(admin: Admin, topic: string): Promise<Place[]> {
  const ranges = await offsetRanges(admin, topic)
  return ranges
    .map((range, partition) => ({ topic, partition, range }))
    .filter(({ range }) => range.low < range.high)
}

/** What others wrote says nothing about the framing of what is ours. */
function isOurs(message: KafkaMessage): boolean {
  return message.value !== null && hasOurContentType(message)
}

async function lastValueOf(reader: PartitionReader, place: Place): Promise<Buffer | undefined> {
  const { topic, partition, range } = place
  let last: Buffer | undefined
  for (const distance of LOOK_BACK) {
    const from = Math.max(range.low, range.high - distance)
    await reader.read({ topic, partition, from, to: range.high }, messages => {
      last = messages.findLast(isOurs)?.value ?? last
    })
    if (last !== undefined || from === range.low) break
  }
  return last === undefined ? undefined : Buffer.from(last)
}
