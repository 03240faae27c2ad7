import type { Kafka } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { framingOf } from '../event/avro.ts'
import type { StreamName } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { Journal } from '../ports.ts'
import { type Assignment, joinGroup, standAlone } from './assignment.ts'
import { checkpointMessages } from './batch-messages.ts'
import { metaRecord } from './checkpoint-records.ts'
import { createClient, createPlainProducer } from './client.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { inspectTopics } from './inspect.ts'
import { partitionOf } from './murmur2.ts'
import { createSchemaRegistry, type SchemaRegistry } from './schema-registry.ts'
import { type KafkaNames, type KafkaSettings, kafkaNames } from './settings.ts'
import { createShard, type Shard, type ShardContext } from './shard.ts'
import { ensureTopics, type Topics } from './topics.ts'
import { ALL_STREAMS, createValueDecoder, type Framings, resolveFramings } from './values.ts'

export interface KafkaDependencies {
  readonly log: Logger
  /**
   * `group` (the default): one worker among others. `alone`: for a single errand, such as an import, beside workers that
   * run: it joins no group and takes from them nothing but the organization's transactional id, for the time of its
   * transactions. They notice at their next commit, read the checkpoint again and go on.
   */
  readonly membership?: 'group' | 'alone'
}

interface Opened {
  readonly framings: Framings
  readonly assignment: Assignment
  shardOf(identity: string): number
  shard(number: number): Shard
}

/** The journal on Kafka: any number of workers share the organizations among them. */
export function createKafkaJournal(
  settings: KafkaSettings,
  { log, membership = 'group' }: KafkaDependencies,
): Journal {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const shards = new Map<number, Shard>()
  let opened: Opened | undefined
  let terms = 0

  function open(): Opened {
    if (opened === undefined) throw new ConnectorError('JOURNAL_UNAVAILABLE', 'the journal is not open')
    return opened
  }

  return {
    kind: 'kafka',

    async open(signal) {
      const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
      const topics = await untilReachable(
        doing,
        () => prepareTopics(kafka, settings, names, log, signal),
        log,
        signal,
      )
      const framings = await resolveFramings(registry, names, ALL_STREAMS, log, signal)
      const shardOf = (identity: string) => partitionOf(identity, topics.partitions)
      const context: ShardContext = {
        kafka,
        settings,
        names,
        topics,
        decode: createValueDecoder(registry),
        log,
        shardOf,
        nextTerm: () => ++terms,
      }
      const group = (): Assignment =>
        joinGroup(
          kafka,
          {
            groupId: names.pollersGroup,
            topic: names.checkpoint,
            shards: topics.partitions,
            busy: new Set(settings.organizations.map(({ identity }) => shardOf(identity))),
            sessionTimeoutMs: settings.sessionTimeoutMs,
          },
          lost => shards.get(lost)?.lose(),
          log,
        )
      const assignment = membership === 'group' ? group() : standAlone(topics.partitions)
      const shard = (number: number): Shard => {
        const known = shards.get(number) ?? createShard(context, number)
        shards.set(number, known)
        return known
      }
      opened = { framings, assignment, shardOf, shard }
    },

    async *ownership(signal) {
      const { assignment, shardOf } = open()
      for await (const owned of assignment.changes(signal)) {
        const identities = settings.organizations.map(({ identity }) => identity)
        yield new Set(identities.filter(identity => owned.has(shardOf(identity))))
      }
    },

    async resume(organization, signal) {
      const { assignment, shardOf, shard } = open()
      const number = shardOf(organization.identity)
      await assignment.joined(signal)
      if (!assignment.owns(number)) throw notOwned(organization.identity, number)
      const mine = shard(number)
      // Reading fences whoever has the shard: without the group's word that would be a fight with its owner.
      if (mine.fenced() || !assignment.heardLately()) {
        const isOurs = await assignment.confirm(number, signal)
        if (!assignment.owns(number)) throw notOwned(organization.identity, number)
        if (!isOurs) throw unconfirmed(organization.identity, mine.fenced())
        mine.forgetFence()
      }
      const checkpoint = await mine.resume(organization, signal)
      // Reading takes a while; whoever got the shard meanwhile has fenced us or will.
      if (!assignment.owns(number)) {
        mine.lose()
        throw notOwned(organization.identity, number)
      }
      return checkpoint
    },

    async commit(batch) {
      const { assignment, shardOf, shard } = open()
      const number = shardOf(batch.organization.identity)
      if (!assignment.owns(number)) throw notOwned(batch.organization.identity, number)
      await shard(number).commit(batch)
    },

    framing(stream: StreamName) {
      return open().framings[stream]
    },

    async prune() {
      return 0
    },

    async close() {
      const closing = opened
      opened = undefined
      // The transaction under way first: then there is nothing left to abort for whoever comes next.
      await Promise.all([...shards.values()].map(shard => shard.close()))
      await closing?.assignment.close()
      await closeRegistry(registry)
    },
  }
}

async function closeRegistry(registry: SchemaRegistry | undefined): Promise<void> {
  await registry?.close().catch(() => undefined)
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
function checkFraming(lastValue: Buffer, settings: KafkaSettings, names: KafkaNames): void {
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

function notOwned(identity: string, shard: number): ConnectorError {
  return new ConnectorError('JOURNAL_NOT_OWNED', `${identity} (shard ${shard}) belongs to another worker now`)
}

function unconfirmed(identity: string, wasFenced: boolean): ConnectorError {
  const since = wasFenced ? 'another producer took over or the transaction timed out, and ' : ''
  return new ConnectorError(
    'JOURNAL_UNAVAILABLE',
    `${since}the group of workers does not answer whether ${identity} is still ours`,
    { retryable: true },
  )
}
