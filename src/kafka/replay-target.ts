import type { Message, Transaction } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { StreamName } from '../event/records.ts'
import type { ReplayRecord, ReplayTarget } from '../replay-ports.ts'
import { createClient, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { compressionType } from './codecs.ts'
import { untilReachable, withAdmin } from './connect.ts'
import type { KafkaDependencies } from './journal.ts'
import { partitionOfKey } from './murmur2.ts'
import { deployments, isTopicOf } from './neighbours.ts'
import { createReplayTransactions } from './replay-transactions.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import { createDataTopic, DEFAULT_MAX_MESSAGE_BYTES, existingTopics, targetConfig } from './topics.ts'
import { alreadyGrouped, checkResults, cutIntoSends } from './transaction.ts'

export interface TopicTargetOptions {
  readonly topic: string
  /** Consumer group and transactional id of the replay. */
  readonly id: string
  /** Of what comes from Kafka, its stream: the cursor is then in offsets of that stream's topic. */
  readonly source: StreamName | undefined
}

interface Opened {
  readonly partitions: number
  readonly maxMessageBytes: number
}

/**
 * Another topic: the same keys, values, headers and times, each record on the partition that Java's default partitioner
 * gives its key. Records and cursor are one transaction, so that each record is there once, whatever is killed.
 */
export function createTopicTarget(
  settings: KafkaSettings,
  { topic, id, source }: TopicTargetOptions,
  { log }: KafkaDependencies,
): ReplayTarget {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const cursorTopic = source === undefined ? topic : names.topics[source]
  const transactions = createReplayTransactions(kafka, { id, topic: cursorTopic })
  const compression = compressionType(settings.compression)
  let opened: Opened | undefined

  async function prepare(): Promise<Opened> {
    return withAdmin(kafka, async admin => {
      let partitions = (await existingTopics(admin, [topic])).get(topic)
      if (partitions === undefined) {
        partitions = await createDataTopic(admin, settings, topic)
        log.info({ topic, partitions }, 'topic created')
      }
      const config = await targetConfig(admin, settings, topic)
      if (config.retentionMs >= 0) {
        log.warn(
          { topic, retentionMs: config.retentionMs },
          'the topic does not keep records for good, and these keep the time at which they were received first: older ones are deleted soon; retention.ms=-1 keeps them',
        )
      }
      return { partitions, maxMessageBytes: config.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES }
    })
  }

  async function send(
    transaction: Transaction,
    records: readonly ReplayRecord[],
    { partitions, maxMessageBytes }: Opened,
  ): Promise<void> {
    // Others may write there too: of the offsets only that they grow is known.
    const expected = { next: new Map<string, number>(), exact: new Set<string>() }
    for (const [partition, messages] of byPartition(records, partitions)) {
      expected.next.clear()
      for (const sent of cutIntoSends([{ topic, messages }], { maxBytes: () => maxMessageBytes })) {
        const results = await transaction.send({
          topic,
          messages: alreadyGrouped(sent.messages, partition),
          acks: -1,
          compression,
        })
        checkResults(sent, results, partition, expected, new Set())
      }
    }
  }

  return {
    destination: `the topic ${topic}`,

    async check(signal) {
      const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
      const present = await untilReachable(
        doing,
        () => withAdmin(kafka, admin => admin.listTopics()),
        log,
        signal,
      )
      const prefix = [settings.topic, ...deployments(present)].find(live => isTopicOf(live, topic))
      if (prefix !== undefined) throw isLive(topic, prefix)
      if (!present.includes(topic)) return
      await withAdmin(kafka, admin => targetConfig(admin, settings, topic)).catch(error => {
        throw journalError(error, `looking at ${topic}`)
      })
    },

    async resume(signal) {
      try {
        opened ??= await prepare()
        const state = await transactions.resume(signal)
        const ranges = await withAdmin(kafka, admin => offsetRanges(admin, topic))
        const wasSent = state?.spans.some(({ sent }) => sent > 0) === true
        return {
          state,
          occupied: ranges.some(({ low, high }) => low < high),
          // Deleted and made anew: a topic that only lost its records to retention has an end beyond 0.
          lost: wasSent && ranges.every(({ high }) => high === 0),
        }
      } catch (error) {
        throw journalError(error, `preparing the topic ${topic}`)
      }
    },

    async begin(state) {
      await transactions.save(state, undefined)
      return state
    },

    async write(records, state, changed) {
      await transactions.commit(state, changed, transaction => send(transaction, records, opened!))
      return state
    },

    close: () => transactions.close(),
  }
}

function byPartition(records: readonly ReplayRecord[], partitions: number): Map<number, Message[]> {
  const queues = new Map<number, Message[]>()
  for (const { entry, stored } of records) {
    const { key, value, headers, timestampMs } = stored
    const partition = partitionOfKey(key ?? Buffer.from(entry.organization, 'utf8'), partitions)
    const queue = queues.get(partition) ?? []
    queue.push({
      key,
      value,
      headers: { ...headers },
      partition,
      timestamp: String(Math.max(0, timestampMs)),
    })
    queues.set(partition, queue)
  }
  return queues
}

function isLive(topic: string, prefix: string): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `--to-topic is "${topic}", a topic of the running pipeline ${prefix}: a replay would double its records there. ` +
      `Name another one, such as ${prefix}.replay.`,
  )
}
