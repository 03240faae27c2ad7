import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, { type KafkaMessage } from 'kafkajs'
import { settledEnds } from './settled.ts'

/**
 * All committed records of a topic, by a consumer that shares no code with the program. Those of the last commits too:
 * it waits for transactions that are ending.
 */
export async function readCommitted(brokers: string, topic: string): Promise<KafkaMessage[]> {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { buffer: Buffer }) => promisify(zstdCompress)(encoder.buffer),
    decompress: (buffer: Buffer) => promisify(zstdDecompress)(buffer),
  })
  const client = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  const ends = new Map<number, number>()
  for (const { partition, low } of await admin.fetchTopicOffsets(topic)) {
    const end = (await settledEnds(brokers, [topic], partition)).get(topic)!
    if (Number(low) < end) ends.set(partition, end)
  }
  await admin.disconnect()
  const records: KafkaMessage[] = []
  if (ends.size === 0) return records
  const consumer = client.consumer({ groupId: `check-${randomUUID()}`, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await new Promise<void>(resolve => {
    consumer.on('consumer.end_batch_process', ({ payload }) => {
      if (Number(payload.lastOffset) + 1 >= (ends.get(payload.partition) ?? Number.POSITIVE_INFINITY)) {
        ends.delete(payload.partition)
      }
      if (ends.size === 0) resolve()
    })
    void consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        records.push(...batch.messages)
      },
    })
  })
  await consumer.disconnect()
  return records
}
