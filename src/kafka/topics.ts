import kafkajs, { type Admin, type ITopicConfig } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { neighbourProblem } from './neighbours.ts'
import { allTopics, type KafkaSettings, kafkaNames } from './settings.ts'

const { ConfigResourceTypes } = kafkajs

/** The broker's default, taken where a topic's own value may not be read. */
export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_588
/** What a record's batch takes beyond the record: key, headers, batch header. */
const BATCH_MARGIN_BYTES = 16 * 1024

export interface Topics {
  /** The same for all. */
  readonly partitions: number
  /** Of each topic, by its name. */
  readonly maxMessageBytes: ReadonlyMap<string, number>
  /** True when this process created any of them. */
  readonly created: boolean
  /** False: the broker does not let us read the topics' configuration, so it was not checked. */
  readonly configsRead: boolean
}

/** Number of partitions of each of the topics that exist. */
export async function existingTopics(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  const listed = new Set(await admin.listTopics())
  const present = topics.filter(topic => listed.has(topic))
  if (present.length === 0) return new Map()
  const { topics: metadata } = await admin.fetchTopicMetadata({ topics: present })
  return new Map(metadata.map(({ name, partitions }) => [name, partitions.length]))
}

/**
 * Creates what is missing and checks what is there. `storedPartitions` reads `/meta`, given the topics that are there
 * with their numbers of partitions. Throws `JOURNAL_MISMATCH` with the command that mends it.
 */
export async function ensureTopics(
  admin: Admin,
  settings: KafkaSettings,
  storedPartitions: (present: ReadonlyMap<string, number>) => Promise<number | undefined>,
): Promise<Topics> {
  const names = kafkaNames(settings.topic)
  const topics = allTopics(names)
  const taken = neighbourProblem(settings.topic, await admin.listTopics())
  if (taken !== undefined) throw new ConnectorError('CONFIG_INVALID', taken)
  let present = await existingTopics(admin, topics)
  const stored = await storedPartitions(present)
  const wanted = stored ?? present.get(names.topics.events) ?? [...present.values()][0] ?? settings.partitions
  const problems = partitionProblems(settings, present, wanted)
  if (problems.length > 0) throw mismatch(problems)

  const missing = topics.filter(topic => !present.has(topic))
  if (missing.length > 0) {
    const configs = await topicConfigs(admin, settings, missing, wanted)
    let refusal: unknown
    await admin
      .createTopics({ topics: configs, waitForLeaders: true, timeout: 10_000 })
      .catch((error: unknown) => {
        refusal = error
      })
    present = await existingTopics(admin, topics)
    if (missing.some(topic => !present.has(topic))) throw cannotCreate(settings, configs, refusal)
    // Another worker may have created them at the same moment, configured otherwise.
    const races = partitionProblems(settings, present, wanted)
    if (races.length > 0) throw mismatch(races)
  }

  const configs = await readConfigs(admin, topics)
  if (configs !== undefined) {
    const wrong = configProblems(settings, configs)
    if (wrong.length > 0) throw mismatch(wrong)
  }
  return {
    partitions: wanted,
    maxMessageBytes: new Map(
      topics.map(topic => [
        topic,
        Number(configs?.get(topic)?.get('max.message.bytes') ?? DEFAULT_MAX_MESSAGE_BYTES),
      ]),
    ),
    created: missing.length > 0,
    configsRead: configs !== undefined,
  }
}

/** Creates a topic for records of ours, configured as our own are. Returns its number of partitions. */
export async function createDataTopic(admin: Admin, settings: KafkaSettings, topic: string): Promise<number> {
  const configs = await topicConfigs(admin, settings, [topic], settings.partitions)
  let refusal: unknown
  await admin
    .createTopics({ topics: configs, waitForLeaders: true, timeout: 10_000 })
    .catch((error: unknown) => {
      refusal = error
    })
  const partitions = (await existingTopics(admin, [topic])).get(topic)
  if (partitions === undefined) throw cannotCreate(settings, configs, refusal)
  return partitions
}

export interface TargetConfig {
  /** Undefined when we may not read it. */
  readonly maxMessageBytes: number | undefined
  /** -1 when records stay, or it cannot be known. */
  readonly retentionMs: number
}

/** Throws `JOURNAL_MISMATCH` when a topic would not keep our records as they are. */
export async function targetConfig(
  admin: Admin,
  settings: KafkaSettings,
  topic: string,
): Promise<TargetConfig> {
  const config = (await readConfigs(admin, [topic]))?.get(topic)
  if (config === undefined) return { maxMessageBytes: undefined, retentionMs: -1 }
  const problems = configProblems(settings, new Map([[topic, config]]))
  if (problems.length > 0) throw mismatch(problems)
  return {
    maxMessageBytes: Number(config.get('max.message.bytes') ?? DEFAULT_MAX_MESSAGE_BYTES),
    retentionMs: Number(config.get('retention.ms') ?? -1),
  }
}

function mismatch(problems: readonly string[]): ConnectorError {
  return new ConnectorError('JOURNAL_MISMATCH', problems.join('\n'))
}

export function partitionProblems(
  settings: KafkaSettings,
  present: ReadonlyMap<string, number>,
  wanted: number,
): string[] {
  const problems: string[] = []
  for (const [topic, partitions] of present) {
    if (partitions === wanted) continue
    const fact = `the topic ${topic} has ${partitions} partitions and must have ${wanted}, as the others had when they were created`
    problems.push(
      partitions < wanted
        ? `${fact}; mend it with: ${command(settings, 'kafka-topics.sh', `--alter --topic ${topic} --partitions ${wanted}`)}`
        : `${fact}. Partitions cannot be taken away: delete this topic with "${command(settings, 'kafka-topics.sh', `--delete --topic ${topic}`)}" if what it holds may go (it is created again at the next start), or set KAFKA_TOPIC to another prefix`,
    )
  }
  return problems
}

export type TopicConfigs = ReadonlyMap<string, ReadonlyMap<string, string>>

/** Undefined when we may not read them. */
export async function readConfigs(
  admin: Admin,
  topics: readonly string[],
): Promise<TopicConfigs | undefined> {
  const resources = topics.map(name => ({ type: ConfigResourceTypes.TOPIC, name }))
  try {
    const described = await admin.describeConfigs({ resources, includeSynonyms: false })
    return new Map(
      described.resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    )
  } catch (error) {
    if ((error as { type?: string }).type?.endsWith('_AUTHORIZATION_FAILED')) return undefined
    throw error
  }
}

export function configProblems(settings: KafkaSettings, configs: TopicConfigs): string[] {
  const { checkpoint } = kafkaNames(settings.topic)
  const problems: string[] = []
  for (const [topic, config] of configs) {
    const set = (entry: string) =>
      `mend it with: ${command(settings, 'kafka-configs.sh', `--alter --entity-type topics --entity-name ${topic} --add-config ${entry}`)}`
    const policy = config.get('cleanup.policy')
    if (topic === checkpoint && policy !== 'compact') {
      problems.push(
        `the topic ${topic} has cleanup.policy ${policy} and must have exactly compact, or the checkpoint is deleted with age; ${set('cleanup.policy=compact')}`,
      )
    }
    if (topic !== checkpoint && policy !== undefined && policy.includes('compact')) {
      problems.push(
        `the topic ${topic} has cleanup.policy ${policy}, which keeps only the last record of each organization; ${set('cleanup.policy=delete')}`,
      )
    }
    if (config.get('message.timestamp.type') === 'LogAppendTime') {
      problems.push(
        `the topic ${topic} has message.timestamp.type LogAppendTime, with which a lost record cannot be told from a stored one; ${set('message.timestamp.type=CreateTime')}`,
      )
    }
    const largest = Number(config.get('max.message.bytes') ?? DEFAULT_MAX_MESSAGE_BYTES)
    const least = leastMessageBytes(settings)
    if (largest < least) {
      problems.push(
        `the topic ${topic} takes batches of ${largest} bytes, less than KAFKA_MAX_RECORD_BYTES (${settings.maxRecordBytes}) and its frame; ${set(`max.message.bytes=${least}`)} or lower KAFKA_MAX_RECORD_BYTES`,
      )
    }
  }
  return problems
}

export async function topicConfigs(
  admin: Admin,
  settings: KafkaSettings,
  topics: readonly string[],
  partitions: number,
): Promise<ITopicConfig[]> {
  const { checkpoint } = kafkaNames(settings.topic)
  const replicas = settings.replicationFactor ?? (await brokerReplication(admin))
  const least = leastMessageBytes(settings)
  return topics.map(topic => ({
    topic,
    numPartitions: partitions,
    replicationFactor: replicas ?? -1,
    configEntries: [
      ...(topic === checkpoint ? CHECKPOINT_CONFIG : dataConfig(settings)),
      ...(least > DEFAULT_MAX_MESSAGE_BYTES ? [{ name: 'max.message.bytes', value: String(least) }] : []),
      // One replica may be down, and what is acknowledged is still on two.
      ...(replicas !== undefined && replicas >= 3 ? [{ name: 'min.insync.replicas', value: '2' }] : []),
    ],
  }))
}

function leastMessageBytes(settings: KafkaSettings): number {
  return settings.maxRecordBytes + BATCH_MARGIN_BYTES
}

/** Compacted early, so that reading it stays short. */
const CHECKPOINT_CONFIG = [
  { name: 'cleanup.policy', value: 'compact' },
  { name: 'segment.bytes', value: String(16 * 1024 * 1024) },
  { name: 'segment.ms', value: String(60 * 60 * 1000) },
  { name: 'min.cleanable.dirty.ratio', value: '0.1' },
]

function dataConfig(settings: KafkaSettings): { name: string; value: string }[] {
  return [
    { name: 'cleanup.policy', value: 'delete' },
    { name: 'retention.ms', value: String(settings.retentionMs) },
  ]
}

/** Undefined when the broker does not let us know: then it decides by itself. */
async function brokerReplication(admin: Admin): Promise<number | undefined> {
  try {
    const { brokers } = await admin.describeCluster()
    const { resources } = await admin.describeConfigs({
      resources: [
        {
          type: ConfigResourceTypes.BROKER,
          name: String(brokers[0]!.nodeId),
          configNames: ['default.replication.factor'],
        },
      ],
      includeSynonyms: false,
    })
    const value = resources[0]?.configEntries.find(
      ({ configName }) => configName === 'default.replication.factor',
    )
    return value === undefined ? undefined : Number(value.configValue)
  } catch {
    return undefined
  }
}

function cannotCreate(
  settings: KafkaSettings,
  configs: readonly ITopicConfig[],
  refusal: unknown,
): ConnectorError {
  const reasons = (refusal as { errors?: { type?: string; message?: string }[] } | undefined)?.errors ?? []
  const reason =
    reasons[0]?.message ?? (refusal instanceof Error ? refusal.message : 'the broker did not create them')
  const commands = configs.map(({ topic, numPartitions, configEntries }) => {
    const entries = (configEntries ?? []).map(({ name, value }) => ` --config ${name}=${value}`).join('')
    return command(
      settings,
      'kafka-topics.sh',
      `--create --topic ${topic} --partitions ${numPartitions}${entries}`,
    )
  })
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `topics are missing and could not be created (${reason}). Allow CREATE on them, or create them:\n${commands.join('\n')}`,
    { cause: refusal },
  )
}

/** What a person enters to mend it, with the tools that Kafka brings. */
export function command(settings: KafkaSettings, tool: string, options: string): string {
  return `${tool} --bootstrap-server ${settings.brokers[0]} ${options}`
}
