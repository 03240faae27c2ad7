import { allTopics, kafkaNames } from './settings.ts'

const CHECKPOINT_SUFFIX = kafkaNames('').checkpoint

/** The prefixes that deployments use, told by their checkpoints. */
export function deployments(topics: readonly string[]): string[] {
  return topics
    .filter(topic => topic.endsWith(CHECKPOINT_SUFFIX))
    .map(topic => topic.slice(0, -CHECKPOINT_SUFFIX.length))
}

export function isTopicOf(prefix: string, topic: string): boolean {
  return allTopics(kafkaNames(prefix)).includes(topic)
}

/**
 * What is wrong with the prefix, in words: a topic of it is one of another deployment that is among these topics.
 * `a.ledger` as a prefix would publish its events among the ledger entries of `a`.
 */
export function neighbourProblem(prefix: string, topics: readonly string[]): string | undefined {
  for (const other of deployments(topics)) {
    if (other === prefix) continue
    const shared = allTopics(kafkaNames(prefix)).find(topic => isTopicOf(other, topic))
    if (shared === undefined) continue
    return (
      `KAFKA_TOPIC is "${prefix}", whose topic ${shared} belongs to the deployment with the prefix "${other}", which is ` +
      `in this cluster already (topic ${kafkaNames(other).checkpoint}): set KAFKA_TOPIC to another prefix. One that ` +
      'ends with .ledger, .findings, .dead-letter or .checkpoint is best avoided'
    )
  }
  return undefined
}
