import type { Producer } from 'kafkajs'
import { asConnectorError, type ConnectorError } from '../errors.ts'
import type { Head, SeenEntry } from '../event/checkpoint.ts'
import type { Organization } from '../event/organization.ts'
import {
  knownEnd,
  missingEnd,
  recoveredEntries,
  recoveredHead,
  type StoredState,
  type TrailEvidence,
} from '../event/trail-evidence.ts'
import type { Logger } from '../log.ts'
import { CheckpointPartition, type CheckpointRecord, StoredCheckpoint } from './checkpoint-records.ts'
import { takeOver } from './client.ts'
import { cutShort, holdAgainstLedger, holdAgainstTopic, type ReadShard } from './hold-against.ts'
import { openPartitionReader, type PartitionReader } from './partition-reader.ts'
import { findPlaces, type Place } from './places.ts'
import { type ReadContext, readTrails } from './read-trails.ts'
import { transactionalId } from './settings.ts'
import type { ExpectedOffsets } from './transaction.ts'

/** A shard as it was found after its predecessor was fenced. */
export interface LoadedShard {
  /** An error stands for an organization whose trail does not fit its checkpoint. */
  readonly checkpoints: Map<string, StoredCheckpoint | ConnectorError>
  readonly expected: ExpectedOffsets
  /** To be stored before anything else. */
  readonly rebuilt: RebuiltCheckpoints
}

/** Checkpoints that were lost, worked out anew from what is published. */
export interface RebuiltCheckpoints {
  readonly records: readonly CheckpointRecord[]
  /** One for each. */
  readonly heads: ReadonlyMap<string, Head>
}

/** A new producer under the shard's transactional id. Whoever had that id before can write nothing any more. */
export function fence(
  { kafka, settings }: Pick<ReadContext, 'kafka' | 'settings'>,
  shard: number,
  requireRight?: () => Promise<void>,
): Promise<Producer> {
  return takeOver(kafka, transactionalId(settings.topic, shard), requireRight)
}

/**
 * Reads the shard's checkpoint to its end and holds it against the topic. To be called after {@link fence}, when
 * nothing can be added by anyone else. `lostBefore`: organizations whose checkpoint could not be read whole before
 * either; those are rebuilt. Throws `JOURNAL_UNAVAILABLE` while a transaction there has not ended.
 */
export async function loadShard(
  context: ReadContext,
  shard: number,
  organizations: readonly Organization[],
  lostBefore: Set<string>,
  signal: AbortSignal,
): Promise<LoadedShard> {
  const { kafka, names, settings } = context
  const places = await findPlaces(context, shard, signal)
  const { checkpoint, events, deadLetters } = places
  const partitions = Object.values(places).map(({ topic }) => ({ topic, partition: shard }))
  const reader = await openPartitionReader(kafka, settings.topic, partitions, signal)
  try {
    const stored = await readCheckpoints(reader, shard, checkpoint)
    const checkpoints = new Map<string, StoredCheckpoint | ConnectorError>()
    const lost = new Map<Organization, StoredState>()
    for (const organization of organizations) {
      const { identity } = organization
      const found = readStored(stored, identity, names.checkpoint, lostBefore, context.log)
      if (found === undefined) lost.set(organization, { kind: 'missing' })
      else checkpoints.set(identity, found)
    }
    const read = { shard, places, reader, organizations, stored, checkpoints, lost }
    await holdAgainstTopic(context, read)
    await holdAgainstLedger(context, read)
    const rebuilt = await rebuildLost(context, read)
    return {
      checkpoints,
      rebuilt,
      expected: {
        next: new Map([checkpoint, events, deadLetters].map(({ topic, high }) => [topic, high])),
        exact: new Set([checkpoint.topic, events.topic]),
      },
    }
  } finally {
    await reader.close()
  }
}

export async function readCheckpoints(
  reader: PartitionReader,
  shard: number,
  { topic, low, high }: Place,
): Promise<CheckpointPartition> {
  const stored = new CheckpointPartition()
  await reader.read({ topic, partition: shard, from: low, to: high }, messages => {
    for (const { key, value } of messages) stored.add(key, value)
  })
  return stored
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
 * Works out the checkpoints that are lost from what is published. The ledger tells when the end of that is lost too:
 * then the organization gets an error in the place of its checkpoint.
 */
async function rebuildLost(
  context: ReadContext,
  { shard, places, reader, stored, checkpoints, lost }: ReadShard,
): Promise<RebuiltCheckpoints> {
  const heads = new Map<string, Head>()
  const records: CheckpointRecord[] = []
  if (lost.size === 0) return { records, heads }
  const trails = await readTrails(context, reader, shard, places, [...lost.keys()])
  for (const [organization, state] of lost) {
    const { identity } = organization
    const evidence: TrailEvidence = {
      organization,
      stored: state,
      records: trails.get(identity)!,
      expired: places.events.low > 0,
    }
    if (missingEnd(evidence) !== undefined) {
      const says = `the ledger of ${identity} says that ${knownEnd(evidence)!.sequence} records were published to ${places.events.topic}[${shard}]`
      checkpoints.set(identity, cutShort(identity, says, places.events))
      continue
    }
    const head = recoveredHead(evidence)
    if (state.kind === 'whole' && head.sequence === state.head.sequence) {
      context.log.warn(
        { organization: identity },
        'what the checkpoint does not know adds nothing to the trail: records that stand there once more, or that ' +
          'something else wrote; "hf-audit verify" tells where',
      )
      continue
    }
    const checkpoint = new StoredCheckpoint()
    checkpoints.set(identity, checkpoint)
    // Nothing was ever published: a first start.
    if (evidence.records.head() === undefined && evidence.records.ledger === undefined) continue
    const entries = recoveredEntries(evidence)
    context.log.warn(
      { organization: identity, sequence: head.sequence, ids: entries.length },
      'the checkpoint was lost and is rebuilt from what is published',
    )
    heads.set(identity, head)
    records.push(...replacingRecords(stored, checkpoint, identity, head, entries))
  }
  return { records, heads }
}

/** What stores a checkpoint in the place of whatever is stored under that identity. */
export function replacingRecords(
  stored: CheckpointPartition,
  checkpoint: StoredCheckpoint,
  identity: string,
  head: Head,
  entries: readonly SeenEntry[],
): CheckpointRecord[] {
  const records = checkpoint.apply(identity, head, entries, [])
  const written = new Set(records.map(({ key }) => key))
  return [...stored.segmentsOf(identity).filter(({ key }) => !written.has(key)), ...records]
}
