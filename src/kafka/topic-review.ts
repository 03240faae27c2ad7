import type { ITopicMetadata } from 'kafkajs'
import type { AreaResults } from '../preflight.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import { command, configProblems, partitionProblems, type TopicConfigs } from './topics.ts'

export interface TopicFacts {
  /** Of the topics that exist, by name. */
  readonly metadata: ReadonlyMap<string, ITopicMetadata>
  /** Undefined when we may not read them. */
  readonly configs: TopicConfigs | undefined
  /** The number that all must have. */
  readonly partitions: number
}

/** Below this, the loss of one broker may lose records or stop the writing. */
export const WANTED_REPLICAS = 3

/** A line or more for each topic that is there. */
export function reviewTopics(settings: KafkaSettings, facts: TopicFacts, lines: AreaResults): void {
  const { checkpoint } = kafkaNames(settings.topic)
  for (const [topic, { partitions }] of facts.metadata) {
    const subject = `topic ${topic}`
    const config = facts.configs?.get(topic)
    const before = lines.results.length
    const present = new Map([[topic, partitions.length]])
    const problems = [
      ...partitionProblems(settings, present, facts.partitions),
      ...(config === undefined ? [] : configProblems(settings, new Map([[topic, config]]))),
    ]
    for (const problem of problems) {
      const { cause, mend } = splitMend(problem.replace(`the topic ${topic} `, ''))
      lines.fail(subject, cause, mend)
    }
    reviewReplicas(settings, topic, partitions, config, lines)
    const retention = Number(config?.get('retention.ms') ?? -1)
    if (topic !== checkpoint && retention >= 0 && retention !== settings.retentionMs) {
      lines.warn(
        subject,
        `keeps records for ${inDays(retention)} only: what is older is deleted, forwarded or not, and can be verified no more`,
        command(
          settings,
          'kafka-configs.sh',
          `--alter --entity-type topics --entity-name ${topic} --add-config retention.ms=${settings.retentionMs}`,
        ),
      )
    }
    const bytes = Number(config?.get('retention.bytes') ?? -1)
    if (topic !== checkpoint && bytes >= 0) {
      lines.warn(
        subject,
        `keeps ${bytes} bytes of each partition only: what is older is deleted`,
        command(
          settings,
          'kafka-configs.sh',
          `--alter --entity-type topics --entity-name ${topic} --add-config retention.bytes=-1`,
        ),
      )
    }
    if (lines.results.length === before) {
      const policy = config?.get('cleanup.policy')
      const replicas = partitions[0]?.replicas.length ?? 0
      lines.ok(
        subject,
        `${partitions.length} partitions, ${replicas} replicas${policy === undefined ? '' : `, cleanup.policy ${policy}`}`,
      )
    }
  }
  if (facts.configs === undefined && facts.metadata.size > 0) {
    lines.warn(
      'topic configuration',
      'may not be read, so cleanup.policy, retention and sizes are not known',
      acl(settings, '--operation DescribeConfigs', `--topic ${settings.topic}`),
    )
  }
}

function reviewReplicas(
  settings: KafkaSettings,
  topic: string,
  partitions: ITopicMetadata['partitions'],
  config: ReadonlyMap<string, string> | undefined,
  lines: AreaResults,
): void {
  const subject = `topic ${topic}`
  const leaderless = partitions.filter(({ leader }) => leader < 0)
  if (leaderless.length > 0) {
    lines.fail(
      subject,
      `partition ${leaderless[0]!.partitionId} has no leader: its brokers are down`,
      `start the brokers again; ${command(settings, 'kafka-topics.sh', `--describe --unavailable-partitions`)}`,
    )
    return
  }
  const insync = Number(config?.get('min.insync.replicas') ?? 1)
  const behind = partitions.filter(({ isr, replicas }) => isr.length < Math.min(insync, replicas.length))
  const fewest = Math.min(...partitions.map(({ replicas }) => replicas.length))
  if (behind.length > 0) {
    lines.fail(
      subject,
      `partition ${behind[0]!.partitionId} has ${behind[0]!.isr.length} replicas in sync and needs ${insync}: it takes no writes now`,
      `start the brokers that are down; ${command(settings, 'kafka-topics.sh', `--describe --under-min-isr-partitions`)}`,
    )
  } else if (fewest < insync) {
    lines.warn(
      subject,
      `has ${fewest} ${fewest === 1 ? 'replica' : 'replicas'} and min.insync.replicas ${insync}: where the brokers ` +
        'take that literally, nothing can ever be written',
      command(
        settings,
        'kafka-configs.sh',
        `--alter --entity-type topics --entity-name ${topic} --add-config min.insync.replicas=${Math.max(1, fewest - 1)}`,
      ),
    )
  } else if (fewest < WANTED_REPLICAS) {
    lines.warn(
      subject,
      `has ${fewest} ${fewest === 1 ? 'replica' : 'replicas'}: if a broker's disk is lost, so may be records of the trail`,
      'give it three with kafka-reassign-partitions.sh, or set KAFKA_REPLICATION_FACTOR=3 before the topics are made',
    )
  } else if (insync < 2) {
    lines.warn(
      subject,
      'has min.insync.replicas 1: what is acknowledged may be on one broker only',
      command(
        settings,
        'kafka-configs.sh',
        `--alter --entity-type topics --entity-name ${topic} --add-config min.insync.replicas=2`,
      ),
    )
  }
}

/** The words of a problem hold its mend after a semicolon. */
function splitMend(problem: string): { cause: string; mend?: string } {
  const at = problem.indexOf('mend it with: ')
  if (at < 0) return { cause: problem }
  return {
    cause: problem.slice(0, at).replace(/[;,] $/, ''),
    mend: problem.slice(at + 'mend it with: '.length),
  }
}

/** The command that allows something, to whom this program logs in as. */
export function acl(settings: KafkaSettings, operations: string, resource: string): string {
  const { sasl } = settings
  const principal = sasl !== undefined && 'username' in sasl ? `User:${sasl.username}` : 'User:<principal>'
  return command(
    settings,
    'kafka-acls.sh',
    `--add --allow-principal ${principal} ${operations} ${resource} --resource-pattern-type prefixed`,
  )
}

function inDays(ms: number): string {
  const days = ms / 86_400_000
  return days >= 1 ? `${Math.round(days * 10) / 10} days` : `${Math.round(ms / 3_600_000)} hours`
}
