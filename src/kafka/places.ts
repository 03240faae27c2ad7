import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { type OffsetRange, offsetRanges } from './client.ts'
import { isUnknownTopic } from './client-errors.ts'
import { withAdmin } from './connect.ts'
import { fetchHighWatermarks } from './high-watermarks.ts'
import type { ReadContext } from './read-trails.ts'
import { allTopics } from './settings.ts'
import { command } from './topics.ts'

/** What a partition of a topic holds now. */
export interface Place extends OffsetRange {
  readonly topic: string
}

/** Of the topics from which a trail can be told. */
export type ShardPlaces = Readonly<
  Record<'checkpoint' | 'events' | 'deadLetters' | 'findings' | 'ledger', Place>
>

/** How long the end of a transaction may be on its way to the partitions. */
const MARKER_WAIT_MS = 5_000
const MARKER_POLL_MS = 100

/**
 * What the shard's partitions hold. To be called when the shard's predecessor is fenced: then all its transactions have
 * ended. A broker can lose such an end (a node that was killed, and took its partitions for deleted when it came back),
 * and whoever reads committed records then stops before that transaction for ever: the checkpoint would look older than
 * it is. So this waits, and then refuses, while any partition holds a transaction that has not ended.
 */
export async function findPlaces(
  context: ReadContext,
  shard: number,
  signal: AbortSignal,
): Promise<ShardPlaces> {
  const { kafka, names } = context
  const topics = allTopics(names)
  return withAdmin(kafka, async admin => {
    // Once is enough: what is written from here on is no transaction of this shard.
    const ends = await fetchHighWatermarks(kafka, topics, [shard]).catch(error =>
      whyUnknown(admin, topics, error),
    )
    const deadline = performance.now() + MARKER_WAIT_MS
    for (;;) {
      const places = await placesOf(admin, topics, shard)
      const unended = [...places.values()].filter(({ topic, high }) => high < (ends.get(topic)?.[shard] ?? 0))
      if (unended.length === 0) {
        const find = (topic: string) => places.get(topic) ?? missing(topic, shard)
        return {
          checkpoint: find(names.checkpoint),
          events: find(names.topics.events),
          deadLetters: find(names.topics['dead-letters']),
          findings: find(names.topics.findings),
          ledger: find(names.topics.ledger),
        }
      }
      if (performance.now() > deadline) throw hanging(context, shard, unended)
      context.log.debug(
        { shard, topics: unended.map(({ topic }) => topic) },
        'a transaction has not ended yet',
      )
      await sleep(MARKER_POLL_MS, undefined, { signal }).catch(() => {
        throw new ConnectorError('STOPPED', 'stopped before the checkpoint was read')
      })
    }
  })
}

async function placesOf(admin: Admin, topics: readonly string[], shard: number): Promise<Map<string, Place>> {
  const places = new Map<string, Place>()
  for (const topic of topics) {
    const range = (await offsetRanges(admin, topic).catch(error => whyUnknown(admin, [topic], error)))[shard]
    if (range !== undefined) places.set(topic, { topic, ...range })
  }
  return places
}

async function whyUnknown(admin: Admin, topics: readonly string[], error: unknown): Promise<never> {
  if (!isUnknownTopic(error)) throw error
  const present = await admin.listTopics()
  const topic = topics.find(one => !present.includes(one))
  if (topic === undefined) throw error
  throw new ConnectorError(
    'JOURNAL_MISMATCH',
    `the topic ${topic} is not there any more: it was deleted while this program ran. Start it again: it makes a ` +
      'checkpoint anew from what is published, and says what to do about events that are gone',
    { cause: error },
  )
}

function missing(topic: string, shard: number): never {
  throw new ConnectorError(
    'JOURNAL_MISMATCH',
    `the topic ${topic} has no partition ${shard} any more: it was created anew with fewer; start this program again to see the mend`,
  )
}

/** The last stable offset of a partition is the first of its oldest transaction that has not ended. */
function hanging(context: ReadContext, shard: number, unended: readonly Place[]): ConnectorError {
  const tool = (action: string, { topic }: Place, options = '') =>
    command(
      context.settings,
      'kafka-transactions.sh',
      `${action} --topic ${topic} --partition ${shard}${options}`,
    )
  const where = unended.map(({ topic, high }) => `${topic}[${shard}] from offset ${high} on`).join(', ')
  const commands = unended.flatMap(place => [
    tool('find-hanging', place),
    tool('abort', place, ` --start-offset ${place.high}`),
  ])
  return new ConnectorError(
    'JOURNAL_UNAVAILABLE',
    `the broker has not ended a transaction in ${where}, although the producer of this shard was fenced: what lies ` +
      'there cannot be read, so it is not known what was published. Nothing of this shard is published until that ' +
      'transaction is ended; this is tried again. A broker that was killed can lose the end of a transaction for good ' +
      `(find-hanging shows it when it is older than 15 minutes); then abort it:\n${commands.join('\n')}`,
    { retryable: true },
  )
}
