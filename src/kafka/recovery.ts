import { asConnectorError } from '../errors.ts'
import { ALL_STREAMS, encodeValue } from '../event/avro.ts'
import type { Organization } from '../event/organization.ts'
import type { StoredState, TrailEvidence } from '../event/trail-evidence.ts'
import type { JournalRecovery, RecoveredTrail } from '../ports.ts'
import { checkpointMessages, plainMessage } from './batch-messages.ts'
import { type CheckpointPartition, StoredCheckpoint } from './checkpoint-records.ts'
import { createClient } from './client.ts'
import { isFenced, journalError } from './client-errors.ts'
import { compressionType } from './codecs.ts'
import { createForwarderCursors } from './forwarder-cursors.ts'
import type { KafkaDependencies } from './journal.ts'
import { fence, readCheckpoints, replacingRecords } from './load-shard.ts'
import { partitionOf } from './murmur2.ts'
import { disconnectQuietly, openPartitionReader } from './partition-reader.ts'
import { findPlaces, type ShardPlaces } from './places.ts'
import { openTopics } from './prepare-topics.ts'
import { type ReadContext, readTrails } from './read-trails.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import type { Topics } from './topics.ts'
import { runTransactionInTime } from './transaction.ts'
import { createValueDecoder, type Framings, resolveFramings } from './values.ts'

const MAX_ATTEMPTS = 10

interface Found {
  readonly evidence: TrailEvidence
  readonly stored: CheckpointPartition
  readonly places: ShardPlaces
}

/** Looks at one organization's trail in the topics, and stores a new checkpoint for it under its shard's own id. */
export function createKafkaRecovery(
  settings: KafkaSettings,
  { log }: Pick<KafkaDependencies, 'log'>,
): JournalRecovery {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const context: ReadContext = { kafka, settings, names, decode: createValueDecoder(registry), log }
  let opened: { topics: Topics; framings: Framings } | undefined

  async function look(organization: Organization, signal: AbortSignal): Promise<Found> {
    const shard = shardOf(organization)
    const places = await findPlaces(context, shard, signal)
    const partitions = Object.values(places).map(({ topic }) => ({ topic, partition: shard }))
    const reader = await openPartitionReader(kafka, settings.topic, partitions, signal)
    try {
      const stored = await readCheckpoints(reader, shard, places.checkpoint)
      const state = stateOf(stored, organization.identity, names.checkpoint)
      const trails = await readTrails(context, reader, shard, places, [organization])
      const evidence: TrailEvidence = {
        organization,
        stored: state,
        records: trails.get(organization.identity)!,
        expired: isExpired(state, places.events.low),
      }
      return { evidence, stored, places }
    } finally {
      await reader.close()
    }
  }

  function shardOf({ identity }: Organization): number {
    return partitionOf(identity, opened!.topics.partitions)
  }

  /** A worker that tries its blocked organization again fences this one: nothing was stored then, and it is its turn again. */
  async function rewrite(...parameters: Parameters<typeof rewriteOnce>): Promise<Found> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await rewriteOnce(...parameters)
      } catch (error) {
        if (!isFenced(error) || attempt === MAX_ATTEMPTS || parameters[2].aborted) throw error
      }
    }
  }

  async function rewriteOnce(
    organization: Organization,
    decide: (evidence: TrailEvidence) => RecoveredTrail,
    signal: AbortSignal,
  ): Promise<Found> {
    const shard = shardOf(organization)
    const producer = await fence(context, shard)
    try {
      const found = await look(organization, signal)
      const { head, entries, ledger, findings } = decide(found.evidence)
      const { topics, framings } = opened!
      const key = Buffer.from(organization.identity, 'utf8')
      const records = replacingRecords(
        found.stored,
        new StoredCheckpoint(),
        organization.identity,
        head,
        entries,
      )
      const told = findings.map(finding =>
        plainMessage(key, encodeValue('findings', framings.findings, finding), shard, finding.foundAt),
      )
      const entry = encodeValue('ledger', framings.ledger, ledger)
      await runTransactionInTime(
        {
          producer,
          partition: shard,
          compression: compressionType(settings.compression),
          limits: { maxBytes: topic => topics.maxMessageBytes.get(topic) ?? 1_000_000 },
          expected: {
            next: new Map(Object.values(found.places).map(({ topic, high }) => [topic, high])),
            exact: new Set([names.checkpoint]),
          },
        },
        [
          { topic: names.topics.findings, messages: told },
          { topic: names.topics.ledger, messages: [plainMessage(key, entry, shard, ledger.finishedAt)] },
          { topic: names.checkpoint, messages: checkpointMessages(records, shard) },
        ],
        () => [],
      )
      return found
    } finally {
      await disconnectQuietly(producer)
    }
  }

  return {
    async open(signal) {
      const topics = await openTopics(kafka, settings, names, log, signal)
      opened = { topics, framings: await resolveFramings(registry, names, ALL_STREAMS, log, signal) }
    },

    async examine(organization, signal) {
      try {
        return (await look(organization, signal)).evidence
      } catch (error) {
        throw journalError(error, `reading the trail of ${organization.identity}`)
      }
    },

    async rewrite(organization, decide, signal) {
      try {
        const { places } = await rewrite(organization, decide, signal)
        await createForwarderCursors(kafka, settings, log).backInto(shardOf(organization), places)
      } catch (error) {
        throw journalError(error, `storing the checkpoint of ${organization.identity}`)
      }
    },

    async close() {
      await registry?.close().catch(() => undefined)
    },
  }
}

/** A checkpoint of a newer release is no lost one: it is refused as everywhere. */
function stateOf(stored: CheckpointPartition, identity: string, topic: string): StoredState {
  try {
    const found = stored.checkpointOf(identity, topic)
    if (found?.head === undefined) return { kind: 'missing' }
    return { kind: 'whole', head: found.head, seen: found.seen }
  } catch (error) {
    const known = asConnectorError(error)
    if (stored.isNewer(identity)) throw known
    return { kind: 'unreadable', reason: known.message }
  }
}

/** Retention explains that a record is not there any more only where the topic begins after it. */
function isExpired(state: StoredState, low: number): boolean {
  if (state.kind !== 'whole') return low > 0
  const { lastPosition } = state.head
  return lastPosition === null || Number(lastPosition) < low
}
