import { ConnectorError } from '../errors.ts'
import { ALL_STREAMS } from '../event/avro.ts'
import type { ForwardedOffsets, Head } from '../event/checkpoint.ts'
import type { Organization } from '../event/organization.ts'
import type { Logger } from '../log.ts'
import type { MigratedBatch, MigrationTarget } from '../migration-ports.ts'
import { standAlone } from './assignment.ts'
import type { StoredBatch } from './batch-messages.ts'
import { createClient, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { createForwarderCursors, type ForwardedStream } from './forwarder-cursors.ts'
import { fetchHighWatermarks } from './high-watermarks.ts'
import { partitionOf } from './murmur2.ts'
import { openPartitionReader } from './partition-reader.ts'
import { openTopics } from './prepare-topics.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import { allTopics, type KafkaSettings, kafkaNames } from './settings.ts'
import { createShard, type Shard, type ShardContext } from './shard.ts'
import { existingTopics } from './topics.ts'
import { createValueDecoder, type Framings, resolveFramings } from './values.ts'

interface Opened {
  readonly framings: Framings
  readonly partitions: number
  shard(number: number): Shard
}

/** The topics as what a trail is moved to, under each shard's own transactional id, beside workers of other trails. */
export function createKafkaMigrationTarget(settings: KafkaSettings, log: Logger): MigrationTarget {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const cursors = createForwarderCursors(kafka, settings, log)
  const shards = new Map<number, Shard>()
  let opened: Opened | undefined

  function open(): Opened {
    if (opened === undefined) throw new ConnectorError('JOURNAL_UNAVAILABLE', 'the journal is not open')
    return opened
  }

  function shardOf(identity: string): number {
    return partitionOf(identity, open().partitions)
  }

  async function exists(signal: AbortSignal): Promise<boolean> {
    const topics = allTopics(names)
    const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
    const look = () => withAdmin(kafka, admin => existingTopics(admin, topics))
    return (await untilReachable(doing, look, log, signal)).size === topics.length
  }

  /** The first offset of a record that is of none of the `moved`; `to` when there is none before it. */
  async function firstOfOthers(
    topic: string,
    shard: number,
    [from, to]: readonly [number, number],
    moved: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<number> {
    const range = (await withAdmin(kafka, admin => offsetRanges(admin, topic)))[shard]!
    const span = { topic, partition: shard, from: Math.max(from, range.low), to: Math.min(to, range.high) }
    if (span.from >= span.to) return to
    const reader = await openPartitionReader(kafka, settings.topic, [span], signal)
    let first = to
    try {
      await reader.read(span, messages => {
        const other = messages.find(({ key }) => key === null || !moved.has(key.toString('utf8')))
        if (other !== undefined) first = Math.min(first, Number(other.offset))
      })
    } finally {
      await reader.close()
    }
    return first
  }

  return {
    location: `Kafka at ${settings.brokers.join(', ')}, topic ${settings.topic}`,

    async open(signal, purpose) {
      if (purpose === 'look' && !(await exists(signal))) return false
      const topics = await openTopics(kafka, settings, names, log, signal)
      const framings = await resolveFramings(registry, names, ALL_STREAMS, log, signal)
      let terms = 0
      const context: ShardContext = {
        kafka,
        settings,
        names,
        topics,
        framings,
        decode: createValueDecoder(registry),
        log,
        shardOf,
        assignment: standAlone(topics.partitions),
        nextTerm: () => ++terms,
      }
      const shard = (number: number): Shard => {
        const known = shards.get(number) ?? createShard(context, number)
        shards.set(number, known)
        return known
      }
      opened = { framings, partitions: topics.partitions, shard }
      return true
    },

    shardOf,

    resume: (organization: Organization, signal) =>
      open().shard(shardOf(organization.identity)).resume(organization, signal),

    async commit(batch) {
      const { organization } = batch
      const stored: StoredBatch = {
        ...batch,
        // What a poll goes on from; a move goes on from its own place.
        previous: { sequence: batch.head.sequence, chainHash: batch.head.chainHash },
        remove: [],
      }
      await open()
        .shard(shardOf(organization.identity))
        .commit(stored, (_, head) => requireNext(batch, head))
    },

    framing: stream => open().framings[stream],

    async ends(shard) {
      const topicOf = (stream: ForwardedStream): string => names.topics[stream]
      try {
        const topics = (['events', 'findings', 'ledger'] as const).map(topicOf)
        // What is not committed or aborted yet counts: a marker may be on its way.
        const ends = await fetchHighWatermarks(kafka, topics, [shard])
        const endOf = (stream: ForwardedStream): number => ends.get(topicOf(stream))![shard]!
        return { events: endOf('events'), findings: endOf('findings'), ledger: endOf('ledger') }
      } catch (error) {
        throw journalError(error, `reading where ${settings.topic} ends`)
      }
    },

    requireIdleForwarders: () =>
      cursors
        .requireIdle('the place from which forwarding goes on must be set')
        .catch(error => Promise.reject(journalError(error, 'looking for forwarders'))),

    async forwardFrom(shard, offsets: ForwardedOffsets, moved, signal) {
      try {
        await cursors.move(shard, async (stream, present) => {
          const wanted = offsets[stream]
          if (present >= wanted) return undefined
          return firstOfOthers(names.topics[stream], shard, [present, wanted], moved, signal)
        })
      } catch (error) {
        throw journalError(error, `setting where ${names.forwarderGroup} goes on`)
      }
    },

    async close() {
      await Promise.all([...shards.values()].map(shard => shard.close()))
      await registry?.close().catch(() => undefined)
    },
  }
}

/** Throws `JOURNAL_STALE` unless the trail came exactly as far as the batch goes on from. */
function requireNext({ organization, after }: MigratedBatch, head: Head | undefined): void {
  const { through, finished } = head?.migration ?? {}
  if (head === undefined ? after === undefined : finished === null && through === after) return
  throw new ConnectorError(
    'JOURNAL_STALE',
    `the move of ${organization.identity} goes on after position ${after ?? 0}, and Kafka has it up to ${through ?? 'none'}`,
  )
}
