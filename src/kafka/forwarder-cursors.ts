import type { Admin, Kafka, TopicPartitionOffset } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { StreamName } from '../event/records.ts'
import type { Logger } from '../log.ts'
import { withAdmin } from './connect.ts'
import { whenCoordinatorReady } from './coordinator.ts'
import { disconnectQuietly } from './partition-reader.ts'
import type { ShardPlaces } from './places.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'

const FORWARDED = ['events', 'findings', 'ledger'] as const satisfies readonly StreamName[]
const MAX_WAIT_MS = 100

export type ForwardedStream = (typeof FORWARDED)[number]

type ChooseOffset = (
  stream: ForwardedStream,
  present: number,
) => Promise<number | undefined> | number | undefined

/** The offsets from which the forwarders' group goes on, changed from outside: only while nobody is in the group. */
export interface ForwarderCursors {
  /** Throws `JOURNAL_UNAVAILABLE` with the mend while a forwarder runs. `why`: what it would disturb. */
  requireIdle(why: string): Promise<void>
  /**
   * Of a topic that was made anew, everything is to be forwarded, although the group was further in the one before. A
   * forwarder that runs has noticed that by itself.
   */
  backInto(shard: number, places: ShardPlaces): Promise<void>
  /**
   * Sets what `choose` gives for each topic of the shard. It gets the present offset, -1 for none, and gives undefined
   * to leave it.
   */
  move(shard: number, choose: ChooseOffset): Promise<void>
}

export function createForwarderCursors(kafka: Kafka, settings: KafkaSettings, log: Logger): ForwarderCursors {
  const { topics, forwarderGroup: groupId } = kafkaNames(settings.topic)

  async function isIdle(admin: Admin): Promise<boolean> {
    const { groups } = await whenCoordinatorReady(() => admin.describeGroups([groupId]))
    return groups.every(({ state }) => state === 'Empty' || state === 'Dead')
  }

  const fetchOffsets = (admin: Admin, topics: string[]) =>
    whenCoordinatorReady(() => admin.fetchOffsets({ groupId, topics }))

  async function move(admin: Admin, shard: number, choose: ChooseOffset): Promise<void> {
    const moved: TopicPartitionOffset[] = []
    for (const stream of FORWARDED) {
      const topic = topics[stream]
      const [fetched] = await fetchOffsets(admin, [topic])
      const committed = fetched?.partitions.find(({ partition }) => partition === shard)?.offset
      const present = Number(committed ?? -1)
      const offset = await choose(stream, present)
      if (offset === undefined || offset === present) continue
      moved.push({ topic, partition: shard, offset: String(offset) })
      log.info({ topic, partition: shard, from: present, to: offset }, 'the forwarder goes on elsewhere')
    }
    if (moved.length === 0) return
    await commit(moved)
    // kafkajs drops commits without a word while it is not quite a member.
    const stored = await fetchOffsets(
      admin,
      moved.map(({ topic }) => topic),
    )
    const isStored = ({ topic, partition, offset }: TopicPartitionOffset) =>
      stored
        .find(fetched => fetched.topic === topic)
        ?.partitions.some(found => found.partition === partition && found.offset === offset) === true
    if (!moved.every(isStored)) {
      throw new ConnectorError('JOURNAL_UNAVAILABLE', `the offsets of ${groupId} were not stored`, {
        retryable: true,
      })
    }
  }

  /** As a member of the group for a moment. kafkajs's own way takes five seconds a topic. */
  async function commit(offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: MAX_WAIT_MS })
    const subscribed = [...new Set(offsets.map(({ topic }) => topic))]
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: subscribed, fromBeginning: true })
      const joined = new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.GROUP_JOIN, () => {
          // Membership is all that is wanted: nothing is fetched.
          consumer.pause(subscribed.map(topic => ({ topic })))
          resolve()
        })
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      })
      await Promise.all([joined, consumer.run({ autoCommit: false, eachBatch: async () => undefined })])
      await consumer.commitOffsets([...offsets])
    } finally {
      await disconnectQuietly(consumer)
    }
  }

  return {
    async requireIdle(why) {
      if (await withAdmin(kafka, isIdle)) return
      throw new ConnectorError(
        'JOURNAL_UNAVAILABLE',
        `${why}, and forwarders of ${settings.topic} are running (consumer group ${groupId}): stop the workers of ` +
          'this prefix, or run them without an OTLP endpoint, for the time this takes',
      )
    },

    async backInto(shard, places) {
      const isBeyond = (stream: ForwardedStream, present: number) => present > places[stream].high
      await withAdmin(kafka, async admin => {
        if (!(await isIdle(admin))) return
        await move(admin, shard, (stream, present) =>
          isBeyond(stream, present) ? places[stream].low : undefined,
        )
      })
    },

    move: (shard, choose) => withAdmin(kafka, admin => move(admin, shard, choose)),
  }
}
