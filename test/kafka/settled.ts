import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Kafka } from 'kafkajs'
import { fetchHighWatermarks } from '../../src/kafka/high-watermarks.ts'

/**
 * A commit has succeeded before its marker is in the partitions: until then its records cannot be read, and the last
 * stable offset lies before them. Waits until all transactions in this partition of the topics have ended; the ends by
 * topic. `brokers`: their addresses, or a client where they want a login.
 */
export async function settledEnds(
  brokers: string | Kafka,
  topics: readonly string[],
  partition = 0,
): Promise<Map<string, number>> {
  const client =
    typeof brokers === 'string'
      ? new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING })
      : brokers
  const ends = new Map<string, number>()
  const open = await fetchHighWatermarks(client, topics, [partition])
  const admin = client.admin()
  await admin.connect()
  try {
    for (const [topic, { [partition]: end = 0 }] of open) {
      for (;;) {
        const offsets = await admin.fetchTopicOffsets(topic)
        const stable = Number(offsets.find(range => range.partition === partition)!.high)
        ends.set(topic, stable)
        if (stable >= end) break
        await sleep(10)
      }
    }
  } finally {
    await admin.disconnect()
  }
  return ends
}
