import type { Admin } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { kafkaNames } from './settings.ts'

const CHECKPOINT_SUFFIX = kafkaNames('').checkpoint

/** The prefixes that deployments use, told by their checkpoints. */
export function deployments(topics: readonly string[]): string[] {
  return topics
    .filter(topic => topic.endsWith(CHECKPOINT_SUFFIX))
    .map(topic => topic.slice(0, -CHECKPOINT_SUFFIX.length))
}

export function isTopicOf(prefix: string, topic: string): boolean {
  return topicsOf(prefix).includes(topic)
}

/**
 * Throws `CONFIG_INVALID` when a topic of this prefix is one of another deployment that is there: `a.ledger` as a prefix
 * would publish its events among the ledger entries of `a`.
 */
export async function refuseNeighbours(admin: Pick<Admin, 'listTopics'>, prefix: string): Promise<void> {
  for (const other of deployments(await admin.listTopics())) {
    if (other === prefix) continue
    const shared = topicsOf(prefix).find(topic => isTopicOf(other, topic))
    if (shared === undefined) continue
    throw new ConnectorError(
      'CONFIG_INVALID',
      `KAFKA_TOPIC is "${prefix}", whose topic ${shared} belongs to the deployment with the prefix "${other}", which is ` +
        `in this cluster already (topic ${kafkaNames(other).checkpoint}): set KAFKA_TOPIC to another prefix. One that ` +
        'ends with .ledger, .findings, .dead-letter or .checkpoint is best avoided',
    )
  }
}

function topicsOf(prefix: string): string[] {
  const { topics, checkpoint } = kafkaNames(prefix)
  return [...Object.values(topics), checkpoint]
}
