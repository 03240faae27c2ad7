import type { Kafka } from 'kafkajs'
import { ConnectorError } from '../errors.ts'

/** As much of kafkajs's Cluster as is used here: `kafkajs/src/cluster/index.js`. */
interface Cluster {
  connect(): Promise<void>
  disconnect(): Promise<void>
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>
  fetchTopicsOffset(
    topics: readonly { topic: string; fromBeginning: false; partitions: readonly { partition: number }[] }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>
}

/** https://kafka.apache.org/protocol#The_Messages_ListOffsets */
const READ_UNCOMMITTED = 0
const CREATE_CLUSTER = 'private:Kafka:createCluster'

/**
 * Where these partitions of each topic end, with what is not committed or aborted yet: by topic, then by partition. What
 * a topic does not have is left out.
 *
 * The only use of a part of kafkajs that is not public: its admin client asks for offsets read-committed, always, and a
 * consumer, which could ask otherwise, would have to join a group first.
 */
export async function fetchHighWatermarks(
  kafka: Kafka,
  topics: readonly string[],
  partitions: readonly number[],
): Promise<Map<string, number[]>> {
  const cluster = createCluster(kafka)
  try {
    await cluster.connect()
    await cluster.addMultipleTargetTopics(topics)
    const found = await cluster.fetchTopicsOffset(
      topics.map(topic => ({
        topic,
        fromBeginning: false,
        partitions: partitions.map(partition => ({ partition })),
      })),
    )
    const ends = new Map(topics.map((topic): [string, number[]] => [topic, []]))
    for (const { topic, partitions } of found) {
      for (const { partition, offset } of partitions) ends.get(topic)![partition] = Number(offset)
    }
    return ends
  } finally {
    await cluster.disconnect().catch(() => undefined)
  }
}

function createCluster(kafka: Kafka): Cluster {
  const key = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER)
  const create: unknown = key === undefined ? undefined : Reflect.get(kafka, key)
  if (typeof create !== 'function') {
    throw new ConnectorError(
      'UNEXPECTED',
      'this version of kafkajs does not tell where a partition ends: use the one that package.json names',
    )
  }
  return create({ allowAutoTopicCreation: false, isolationLevel: READ_UNCOMMITTED }) as Cluster
}
