import type { KafkaMessage } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import type { StoredState } from '../event/trail-evidence.ts'
import { type CheckpointPartition, StoredCheckpoint } from './checkpoint-records.ts'
import { decodeIfOurs } from './decode-messages.ts'
import { readLedgerEnds } from './ledger-ends.ts'
import type { PartitionReader } from './partition-reader.ts'
import type { Place, ShardPlaces } from './places.ts'
import type { ReadContext } from './read-trails.ts'

/** A shard whose checkpoints were read. */
export interface ReadShard {
  readonly shard: number
  readonly places: ShardPlaces
  readonly reader: PartitionReader
  readonly organizations: readonly Organization[]
  readonly stored: CheckpointPartition
  /** By identity. An error takes the place of one that may not be gone on from. */
  readonly checkpoints: Map<string, StoredCheckpoint | ConnectorError>
  /** Whose checkpoint is to be worked out anew. */
  readonly lost: Map<Organization, StoredState>
}

/**
 * The topic must reach as far as each head says, with our own record there, and no further: what lies beyond the last
 * head was published by a checkpoint that is lost, so its organization is rebuilt too.
 */
export async function holdAgainstTopic(
  context: ReadContext,
  { shard, places: { events }, reader, organizations, stored, checkpoints, lost }: ReadShard,
): Promise<void> {
  for (const [identity, checkpoint] of checkpoints) {
    if (checkpoint instanceof ConnectorError) continue
    const { sequence, lastPosition } = checkpoint.head!
    const position = Number(lastPosition)
    // Without a position everything was deleted by age, or a move has brought no event yet.
    if (sequence === 0 || lastPosition === null || position < events.low) continue
    const there =
      position < events.high ? await recordAt(context, reader, shard, events, position) : undefined
    if (there?.identity === identity && there.sequence === sequence) continue
    checkpoints.set(
      identity,
      cutShort(
        identity,
        `the checkpoint of ${identity} says that record ${sequence} lies at ${events.topic}[${shard}]@${lastPosition}`,
        events,
      ),
    )
  }
  // With a checkpoint to rebuild everything is read anyway, and then this tells nothing new.
  const known = stored.lastPositions().filter(position => position < events.high)
  const lastKnown = Math.max(...known, events.low - 1)
  const from = lastKnown + 1
  const beyond = new Set<string>()
  await reader.read({ topic: events.topic, partition: shard, from, to: events.high }, messages => {
    for (const { key, value } of messages)
      if (key !== null && value !== null) beyond.add(key.toString('utf8'))
  })
  for (const organization of organizations) {
    const { identity } = organization
    const behind = checkpoints.get(identity)
    if (!beyond.has(identity) || !(behind instanceof StoredCheckpoint)) continue
    context.log.warn({ organization: identity }, 'the topic holds records that the checkpoint does not know')
    lost.set(organization, { kind: 'whole', head: behind.head!, seen: behind.seen })
  }
}

/**
 * A head that its own ledger has passed is an old one that was written again: restored from a copy, or by something else.
 * The records behind it may stand before those of other organizations, where {@link holdAgainstTopic} does not look.
 */
export async function holdAgainstLedger(
  context: ReadContext,
  { shard, places: { ledger }, reader, organizations, checkpoints, lost }: ReadShard,
): Promise<void> {
  const whole = organizations.filter(
    organization =>
      checkpoints.get(organization.identity) instanceof StoredCheckpoint && !lost.has(organization),
  )
  const identities = new Set(whole.map(({ identity }) => identity))
  if (identities.size === 0) return
  const ends = await readLedgerEnds(context, reader, shard, ledger, identities)
  for (const organization of whole) {
    const { head, seen } = checkpoints.get(organization.identity) as StoredCheckpoint
    const end = ends.get(organization.identity)
    if (end === undefined || end.sequence <= head!.sequence) continue
    context.log.warn(
      { organization: organization.identity, checkpoint: head!.sequence, ledger: end.sequence },
      'the checkpoint is older than what the ledger says was published',
    )
    lost.set(organization, { kind: 'whole', head: head!, seen })
  }
}

async function recordAt(
  context: ReadContext,
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
  const place = { topic: events.topic, partition: shard }
  const record = await decodeIfOurs(context.decode, 'events', place, message)
  return record === undefined
    ? undefined
    : { identity: message.key.toString('utf8'), sequence: record.sequence }
}

export function cutShort(identity: string, says: string, { low, high }: Place): ConnectorError {
  return new ConnectorError(
    'JOURNAL_MISMATCH',
    `${says}, and it is not there (the topic holds ${low} to ${high}): the topic was deleted, cut short or replaced. ` +
      `Restore it, or accept what it holds now with "hf-audit recover --organization ${identity}"`,
  )
}
