import type { Kafka, KafkaMessage, Producer } from 'kafkajs'
import { asConnectorError, ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import type { Logger } from '../log.ts'
import { CheckpointPartition, type CheckpointRecord, StoredCheckpoint } from './checkpoint-records.ts'
import { createTransactionalProducer } from './client.ts'
import { openPartitionReader, type PartitionReader } from './partition-reader.ts'
import { findPlaces, type Place } from './places.ts'
import { RebuiltCheckpoint } from './rebuild.ts'
import { type KafkaNames, type KafkaSettings, transactionalId } from './settings.ts'
import type { ExpectedOffsets } from './transaction.ts'
import type { ValueDecoder } from './values.ts'

export interface LoadContext {
  readonly kafka: Kafka
  readonly settings: KafkaSettings
  readonly names: KafkaNames
  readonly decode: ValueDecoder
  readonly log: Logger
}

/** A shard as it was found after its predecessor was fenced. */
export interface LoadedShard {
  /** An error stands for an organization whose trail does not fit its checkpoint. */
  readonly checkpoints: Map<string, StoredCheckpoint | ConnectorError>
  readonly expected: ExpectedOffsets
  /** Of checkpoints that were rebuilt: to be stored before anything else. */
  readonly unsaved: CheckpointRecord[]
}

/** A new producer under the shard's transactional id. Whoever had that id before can write nothing any more. */
export async function fence(context: LoadContext, shard: number): Promise<Producer> {
  const producer = createTransactionalProducer(context.kafka, transactionalId(context.settings.topic, shard))
  try {
    await producer.connect()
    // Only a transaction makes kafkajs ask for a producer id, and with that the broker ends the predecessor's.
    const transaction = await producer.transaction()
    await transaction.abort()
    return producer
  } catch (error) {
    void producer.disconnect().catch(() => undefined)
    throw error
  }
}

/**
 * Reads the shard's checkpoint to its end and holds it against the topic. To be called after {@link fence}, when
 * nothing can be added by anyone else. `lostBefore`: organizations whose checkpoint could not be read whole before
 * either; those are rebuilt. Throws `JOURNAL_UNAVAILABLE` while a transaction there has not ended.
 */
export async function loadShard(
  context: LoadContext,
  shard: number,
  organizations: readonly Organization[],
  lostBefore: Set<string>,
  signal: AbortSignal,
): Promise<LoadedShard> {
  const { kafka, names, settings } = context
  const places = await findPlaces(context, shard, signal)
  const { checkpoint, events, deadLetters } = places
  const partitions = [checkpoint, events, deadLetters].map(({ topic }) => ({ topic, partition: shard }))
  const reader = await openPartitionReader(kafka, settings.topic, partitions, signal)
  try {
    const stored = new CheckpointPartition()
    await reader.read(
      { topic: checkpoint.topic, partition: shard, from: checkpoint.low, to: checkpoint.high },
      messages => {
        for (const { key, value } of messages) stored.add(key, value)
      },
    )
    const checkpoints = new Map<string, StoredCheckpoint | ConnectorError>()
    const lost: Organization[] = []
    for (const organization of organizations) {
      const { identity } = organization
      const found = readStored(stored, identity, names.checkpoint, lostBefore, context.log)
      if (found === undefined) lost.push(organization)
      else checkpoints.set(identity, found)
    }
    await holdAgainstTopic(context, reader, shard, events, stored, checkpoints, organizations, lost)
    const unsaved = await rebuildLost(context, reader, shard, events, deadLetters, lost, checkpoints, stored)
    return {
      checkpoints,
      unsaved,
      expected: {
        next: new Map([checkpoint, events, deadLetters].map(({ topic, high }) => [topic, high])),
        exact: new Set([checkpoint.topic, events.topic]),
      },
    }
  } finally {
    await reader.close()
  }
}

/** Undefined when it must be rebuilt. */
function readStored(
  stored: CheckpointPartition,
  identity: string,
  topic: string,
  lostBefore: Set<string>,
  log: Logger,
): StoredCheckpoint | undefined {
  try {
    const found = stored.checkpointOf(identity, topic)
    lostBefore.delete(identity)
    return found
  } catch (thrown) {
    const error = asConnectorError(thrown)
    if (error.code !== 'JOURNAL_UNAVAILABLE') throw error
    // Once may be a hole in the reading. Twice it is a hole in the topic.
    if (!lostBefore.has(identity)) {
      lostBefore.add(identity)
      throw error
    }
    log.warn({ organization: identity }, 'the checkpoint was incomplete twice and is taken for lost')
    return undefined
  }
}

/**
 * The topic must reach as far as each head says, with our own record there, and no further: what lies beyond the last
 * head was published by a checkpoint that is lost, so its organization is rebuilt too.
 */
async function holdAgainstTopic(
  context: LoadContext,
  reader: PartitionReader,
  shard: number,
  events: Place,
  stored: CheckpointPartition,
  checkpoints: Map<string, StoredCheckpoint | ConnectorError>,
  organizations: readonly Organization[],
  lost: Organization[],
): Promise<void> {
  for (const [identity, checkpoint] of checkpoints) {
    if (checkpoint instanceof ConnectorError) continue
    const { sequence, lastPosition } = checkpoint.head!
    const position = lastPosition === null ? Number.NaN : Number(lastPosition)
    if (sequence === 0 || position < events.low) continue
    const there =
      position < events.high ? await recordAt(context, reader, shard, events, position) : undefined
    if (there?.identity === identity && there.sequence === sequence) continue
    checkpoints.set(identity, cutShort(identity, sequence, lastPosition, events, shard))
  }
  // With a checkpoint to rebuild everything is read anyway, and then this tells nothing new.
  const lastKnown = Math.max(...[...stored.lastPositions(), events.low - 1])
  const from = lastKnown + 1
  const beyond = new Set<string>()
  await reader.read({ topic: events.topic, partition: shard, from, to: events.high }, messages => {
    for (const { key } of messages) if (key !== null) beyond.add(key.toString('utf8'))
  })
  for (const organization of organizations) {
    const { identity } = organization
    if (!beyond.has(identity) || !(checkpoints.get(identity) instanceof StoredCheckpoint)) continue
    context.log.warn({ organization: identity }, 'the topic holds records that the checkpoint does not know')
    checkpoints.delete(identity)
    lost.push(organization)
  }
}

async function recordAt(
  context: LoadContext,
  reader: PartitionReader,
  shard: number,
  events: Place,
  position: number,
): Promise<{ identity: string; sequence: number } | undefined> {
  let message: KafkaMessage | undefined
  await reader.read({ topic: events.topic, partition: shard, from: position, to: position + 1 }, messages => {
    message = messages[0]
  })
  if (message?.key == null || message.value === null) return undefined
  const { sequence } = await context.decode('events', message.value)
  return { identity: message.key.toString('utf8'), sequence }
}

function cutShort(
  identity: string,
  sequence: number,
  position: string | null,
  events: Place,
  shard: number,
): ConnectorError {
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `the checkpoint of ${identity} says that record ${sequence} lies at ${events.topic}[${shard}]@${position}, and it ` +
      `is not there (the topic holds ${events.low} to ${events.high}): the topic was deleted, cut short or replaced. ` +
      `Restore it, or accept what it holds now with "hf-audit recover --organization ${identity}"`,
  )
}

/** Reads the events once for all organizations without a checkpoint. Returns the records that store what was rebuilt. */
async function rebuildLost(
  context: LoadContext,
  reader: PartitionReader,
  shard: number,
  events: Place,
  deadLetters: Place,
  lost: readonly Organization[],
  checkpoints: Map<string, StoredCheckpoint | ConnectorError>,
  stored: CheckpointPartition,
): Promise<CheckpointRecord[]> {
  if (lost.length === 0) return []
  const { settings, log, decode } = context
  const rebuilt = new Map(
    lost.map(organization => [
      organization.identity,
      new RebuiltCheckpoint(organization, 2 * settings.exportCap),
    ]),
  )
  const ours = (key: Buffer | null) => (key === null ? undefined : rebuilt.get(key.toString('utf8')))
  await reader.read(
    { topic: deadLetters.topic, partition: shard, from: deadLetters.low, to: deadLetters.high },
    async messages => {
      for (const { key, value } of messages) {
        const checkpoint = ours(key)
        if (checkpoint !== undefined && value !== null)
          checkpoint.addDeadLetter(await decode('dead-letters', value))
      }
    },
  )
  await reader.read(
    { topic: events.topic, partition: shard, from: events.low, to: events.high },
    async messages => {
      for (const { key, value, offset } of messages) {
        const checkpoint = ours(key)
        if (checkpoint === undefined || value === null) continue
        const record = decode('events', value)
        // Awaited only where the registry is asked: a turn of the event loop for each of a million records adds up.
        checkpoint.addEvent(record instanceof Promise ? await record : record, Number(offset))
      }
    },
  )

  const unsaved: CheckpointRecord[] = []
  for (const { identity } of lost) {
    const checkpoint = new StoredCheckpoint()
    checkpoints.set(identity, checkpoint)
    const head = rebuilt.get(identity)!.head()
    if (head === undefined) continue
    const entries = rebuilt.get(identity)!.entries()
    log.warn(
      { organization: identity, sequence: head.sequence, ids: entries.length },
      'the checkpoint was lost and is rebuilt from what is published',
    )
    const overwritten = stored.segmentsOf(identity)
    const records = checkpoint.apply(identity, head, entries, [])
    const written = new Set(records.map(({ key }) => key))
    unsaved.push(...overwritten.filter(({ key }) => !written.has(key)), ...records)
  }
  return unsaved
}
