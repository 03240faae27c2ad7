import type { Kafka } from 'kafkajs'
import type { Organization } from '../event/organization.ts'
import type { AreaResults } from '../preflight.ts'
import { partitionOf } from './murmur2.ts'
import { withPermissions } from './permissions.ts'
import { allTopics, type KafkaSettings, kafkaNames, transactionalId } from './settings.ts'
import { acl } from './topic-review.ts'

/** What a worker must be allowed, each kind a line. */
export async function checkPermissions(
  settings: KafkaSettings,
  kafka: Kafka,
  partitions: number,
  { forwarding }: { readonly forwarding: boolean },
  lines: AreaResults,
): Promise<void> {
  const names = kafkaNames(settings.topic)
  const prefix = settings.topic
  const shards = shardsOf(settings.organizations, partitions)
  const known = await withPermissions(kafka, async ask => {
    const ids = shards.map(shard => transactionalId(prefix, shard))
    const [firstId] = ids
    const refusedIds: string[] = []
    const unwritable = new Set<string>()
    for (const id of ids) {
      const refused =
        (await ask.describeTransactionalId(id)) ??
        (await ask.writeInTransaction(id, names.topics.events).then(onlyId))
      if (refused !== undefined) refusedIds.push(id)
    }
    const unreadable: string[] = []
    for (const topic of allTopics(names)) {
      if (refusedIds.length < ids.length) {
        const usable = ids.find(id => !refusedIds.includes(id)) ?? firstId!
        if ((await ask.writeInTransaction(usable, topic)) !== undefined) unwritable.add(topic)
      }
      if ((await ask.readTopic(topic)) !== undefined) unreadable.push(topic)
    }
    const groups = [
      names.pollersGroup,
      `${prefix}.reader.check`,
      ...(forwarding ? [names.forwarderGroup] : []),
    ]
    const unreadableGroups: string[] = []
    for (const group of groups) if ((await ask.readGroup(group)) !== undefined) unreadableGroups.push(group)
    tell(
      'transactional ids',
      'DESCRIBE and WRITE',
      refusedIds,
      '--operation Describe --operation Write',
      `--transactional-id ${prefix}`,
    )
    if (refusedIds.length === ids.length)
      lines.skip('writing to topics', 'not known while the transactional ids are refused')
    else
      tell(
        'writing to topics',
        'WRITE',
        [...unwritable],
        '--operation Describe --operation Write',
        `--topic ${prefix}`,
      )
    tell('reading topics', 'READ', unreadable, '--operation Describe --operation Read', `--topic ${prefix}`)
    tell('consumer groups', 'READ', unreadableGroups, '--operation Read', `--group ${prefix}`)
    return true
  })
  if (known === undefined)
    lines.skip('permissions', 'cannot be asked for with this version of kafkajs; the first start tells them')

  function tell(
    subject: string,
    operations: string,
    refused: string[],
    allow: string,
    resource: string,
  ): void {
    if (refused.length === 0) lines.ok(subject, `${operations} allowed`)
    else
      lines.fail(
        subject,
        `${operations} is not allowed on ${refused.join(', ')}`,
        acl(settings, allow, resource),
      )
  }
}

/** The transactional id was refused, not the topic. */
function onlyId(refused: string | undefined): string | undefined {
  return refused?.startsWith('TRANSACTIONAL_ID') === true ? refused : undefined
}

/** Those that this configuration writes to; the first where it names no organization. */
function shardsOf(organizations: readonly Organization[], partitions: number): number[] {
  const shards = new Set(organizations.map(({ identity }) => partitionOf(identity, partitions)))
  return shards.size === 0 ? [0] : [...shards].sort((left, right) => left - right)
}
