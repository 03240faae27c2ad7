import type { Admin, Kafka } from 'kafkajs'
import { CheckpointPartition } from './checkpoint-records.ts'
import { offsetRanges } from './client.ts'
import { openPartitionReader, type PartitionReader } from './partition-reader.ts'
import type { KafkaNames } from './settings.ts'

/** What must be known of topics that were there before this process. */
export interface Inspection {
  /** The number of partitions in `/meta`; undefined when nobody wrote it. */
  readonly storedPartitions: number | undefined
  /** The value of a last event; undefined when there is none. */
  readonly lastValue: Buffer | undefined
}

/** How far back from the end a record is looked for: what lies between may be markers and aborted records. */
const LOOK_BACK = [8, 1_000, Number.POSITIVE_INFINITY] as const

export async function inspectTopics(
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
  const events = present.has(prefix) ? await filledPartition(admin, prefix) : undefined
  const wanted = [checkpoint, events].filter(
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
    const lastValue = events === undefined ? undefined : await lastValueOf(reader, events)
    return { storedPartitions: stored.partitions(), lastValue }
  } finally {
    await reader.close()
  }
}

type Place = { topic: string; partition: number; range: { low: number; high: number } }

async function filledPartition(admin: Admin, topic: string): Promise<Place | undefined> {
  const ranges = await offsetRanges(admin, topic)
  const partition = ranges.findIndex(({ low, high }) => low < high)
  return partition < 0 ? undefined : { topic, partition, range: ranges[partition]! }
}

async function lastValueOf(reader: PartitionReader, place: Place): Promise<Buffer | undefined> {
  const { topic, partition, range } = place
  let last: Buffer | undefined
  for (const distance of LOOK_BACK) {
    const from = Math.max(range.low, range.high - distance)
    await reader.read({ topic, partition, from, to: range.high }, messages => {
      last = messages.at(-1)?.value ?? last
    })
    if (last !== undefined || from === range.low) break
  }
  return last === undefined ? undefined : Buffer.from(last)
}
