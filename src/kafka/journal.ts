import { ConnectorError } from '../errors.ts'
import { ALL_STREAMS } from '../event/avro.ts'
import type { Head } from '../event/checkpoint.ts'
import type { StreamName } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { Journal } from '../ports.ts'
import { type Assignment, joinGroup, standAlone } from './assignment.ts'
import { createClient } from './client.ts'
import { partitionOf } from './murmur2.ts'
import { openTopics } from './prepare-topics.ts'
import { createSchemaRegistry, type SchemaRegistry } from './schema-registry.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import { createShard, type Shard, type ShardContext } from './shard.ts'
import { createValueDecoder, type Framings, resolveFramings } from './values.ts'

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
  readonly partitions: number
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
      const topics = await openTopics(kafka, settings, names, log, signal)
      const framings = await resolveFramings(registry, names, ALL_STREAMS, log, signal)
      const shardOf = (identity: string) => partitionOf(identity, topics.partitions)
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
      const context: ShardContext = {
        kafka,
        settings,
        names,
        topics,
        framings,
        decode: createValueDecoder(registry),
        log,
        shardOf,
        assignment,
        nextTerm: () => ++terms,
      }
      const shard = (number: number): Shard => {
        const known = shards.get(number) ?? createShard(context, number)
        shards.set(number, known)
        return known
      }
      opened = { framings, assignment, partitions: topics.partitions, shardOf, shard }
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
      const checkpoint = await mine.resume(organization, signal)
      // Reading takes a while; whoever got the shard meanwhile has fenced us or will.
      if (!assignment.owns(number)) {
        mine.lose()
        throw notOwned(organization.identity, number)
      }
      requireMoved(organization.identity, checkpoint.head)
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

    health() {
      const owned = opened?.assignment.shards()
      if (opened === undefined || owned === undefined) return undefined
      const { assignment, partitions } = opened
      return { reachable: assignment.heardLately(), shards: { owned, total: partitions } }
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

/** Until a move is finished the trail is here in part only. */
function requireMoved(identity: string, head: Head | undefined): void {
  if (head?.migration === undefined || head.migration.finished !== null) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `the move of ${identity} from the embedded journal to Kafka is not finished, so nothing is published: run ` +
      '"hf-audit migrate" again with the HF_AUDIT_DATA_DIR that it was begun with',
  )
}

function notOwned(identity: string, shard: number): ConnectorError {
  return new ConnectorError('JOURNAL_NOT_OWNED', `${identity} (shard ${shard}) belongs to another worker now`)
}
