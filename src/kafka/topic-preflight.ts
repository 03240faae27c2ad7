import type { Admin, Kafka } from 'kafkajs'
import type { AreaResults } from '../preflight.ts'
import { journalError } from './client-errors.ts'
import { inspectTopics } from './inspect.ts'
import { neighbourProblem } from './neighbours.ts'
import { checkFraming } from './prepare-topics.ts'
import { allTopics, type KafkaSettings, kafkaNames } from './settings.ts'
import { acl, reviewTopics, WANTED_REPLICAS } from './topic-review.ts'
import { command, existingTopics, readConfigs, topicConfigs } from './topics.ts'

/** The number of partitions that the topics have, or will. */
export async function checkTopics(
  settings: KafkaSettings,
  kafka: Kafka,
  admin: Admin,
  lines: AreaResults,
  signal: AbortSignal,
): Promise<number> {
  const names = kafkaNames(settings.topic)
  const topics = allTopics(names)
  const taken = neighbourProblem(settings.topic, await admin.listTopics())
  if (taken !== undefined) lines.fail(`topic ${names.topics.events}`, taken)
  const present = await existingTopics(admin, topics)
  let partitions = present.get(names.topics.events) ?? [...present.values()][0] ?? settings.partitions
  if (present.size > 0) {
    try {
      const { storedPartitions, lastValue } = await inspectTopics(kafka, admin, names, present, signal)
      partitions = storedPartitions ?? partitions
      if (lastValue !== undefined) checkFraming(lastValue, settings, names)
    } catch (error) {
      lines.fail(`topic ${names.topics.events}`, journalError(error, 'reading it').message)
    }
    const { topics: described } = await admin.fetchTopicMetadata({ topics: [...present.keys()] })
    const configs = await readConfigs(admin, [...present.keys()])
    const metadata = new Map(described.map(topic => [topic.name, topic]))
    reviewTopics(settings, { metadata, configs, partitions }, lines)
  }
  const missing = topics.filter(topic => !present.has(topic))
  if (missing.length > 0) await tryToCreate(settings, admin, missing, partitions, lines)
  return partitions
}

/** Asks the controller whether it would: nothing is made. */
async function tryToCreate(
  settings: KafkaSettings,
  admin: Admin,
  missing: readonly string[],
  partitions: number,
  lines: AreaResults,
): Promise<void> {
  const subject = missing.length === 1 ? `topic ${missing[0]}` : `${missing.length} topics`
  const configs = await topicConfigs(admin, settings, missing, partitions)
  try {
    await admin.createTopics({ topics: configs, validateOnly: true, waitForLeaders: false, timeout: 10_000 })
    const words = `will be made with ${partitions} partitions at the first start: ${missing.join(', ')}`
    const replicas = configs[0]?.replicationFactor ?? -1
    if (replicas < 0 || replicas >= WANTED_REPLICAS) lines.ok(subject, words)
    else
      lines.warn(
        subject,
        `${words}; with ${replicas} ${replicas === 1 ? 'replica' : 'replicas'}, so that a lost disk may lose records of the trail`,
        'set KAFKA_REPLICATION_FACTOR=3 before, where there are three brokers',
      )
  } catch (error) {
    const [reason] = (error as { errors?: { message?: string }[] }).errors ?? []
    const commands = configs.map(({ topic, configEntries }) => {
      const entries = (configEntries ?? []).map(({ name, value }) => ` --config ${name}=${value}`).join('')
      return command(
        settings,
        'kafka-topics.sh',
        `--create --topic ${topic} --partitions ${partitions}${entries}`,
      )
    })
    lines.fail(
      subject,
      `missing, and the broker would not make them (${reason?.message ?? (error as Error).message}): ${missing.join(', ')}`,
      [acl(settings, '--operation Create', `--topic ${settings.topic}`), 'or make them:', ...commands].join(
        '\n',
      ),
    )
  }
}
