import type { Kafka } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { framingOf } from '../event/avro.ts'
import type { Logger } from '../log.ts'
import { checkpointMessages } from './batch-messages.ts'
import { metaRecord } from './checkpoint-records.ts'
import { createPlainProducer } from './client.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { inspectTopics } from './inspect.ts'
import type { KafkaNames, KafkaSettings } from './settings.ts'
import { ensureTopics, type Topics } from './topics.ts'

/** Waits for the brokers, creates the topics that are missing, and checks that what is there may be written to. */
export function openTopics(
  kafka: Kafka,
  settings: KafkaSettings,
  names: KafkaNames,
  log: Logger,
  signal: AbortSignal,
): Promise<Topics> {
  const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
  return untilReachable(doing, () => prepareTopics(kafka, settings, names, log, signal), log, signal)
}

async function prepareTopics(
  kafka: Kafka,
  settings: KafkaSettings,
  names: KafkaNames,
  log: Logger,
  signal: AbortSignal,
): Promise<Topics> {
  return withAdmin(kafka, async admin => {
    let hasMeta = false
    const topics = await ensureTopics(admin, settings, async present => {
      const { storedPartitions, lastValue } = await inspectTopics(kafka, admin, names, present, signal)
      if (lastValue !== undefined) checkFraming(lastValue, settings, names)
      hasMeta = storedPartitions !== undefined
      return storedPartitions
    })
    if (!topics.configsRead) {
      log.warn({}, 'the topics were not checked: allow DESCRIBE_CONFIGS on them to have that done')
    }
    if (topics.created) log.info({ topic: settings.topic, partitions: topics.partitions }, 'topics created')
    if (!hasMeta) await writeMeta(kafka, names, topics.partitions)
    return topics
  })
}

/** Readers of both framings are ours alone: other readers of a topic expect one. */
export function checkFraming(lastValue: Buffer, settings: KafkaSettings, names: KafkaNames): void {
  const { kind } = framingOf(lastValue)
  const wanted = settings.registry === undefined ? 'single-object' : 'confluent'
  if (kind === wanted) return
  const topic = names.topics.events
  throw new ConnectorError(
    'CONFIG_INVALID',
    kind === 'single-object'
      ? `SCHEMA_REGISTRY_URL is set, but ${topic} holds values without a registry's schema ids (Avro single-object encoding), and other readers expect one framing: unset it, or set KAFKA_TOPIC to a new prefix`
      : `SCHEMA_REGISTRY_URL is not set, but ${topic} holds values with a schema registry's ids (Confluent wire format), and other readers expect one framing: set it, or set KAFKA_TOPIC to a new prefix`,
  )
}

/** On which partition an organization lives hangs on this number for good. */
async function writeMeta(kafka: Kafka, names: KafkaNames, partitions: number): Promise<void> {
  const producer = createPlainProducer(kafka)
  try {
    await producer.connect()
    await producer.send({
      topic: names.checkpoint,
      acks: -1,
      messages: checkpointMessages([metaRecord(partitions)], 0),
    })
  } finally {
    await producer.disconnect().catch(() => undefined)
  }
}
