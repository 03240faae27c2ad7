import kafkajs, { type Admin, type Kafka } from 'kafkajs'
import type { Organization } from '../event/organization.ts'
import { silentLogger } from '../log.ts'
import { type AreaResults, areaResults, type CheckResult } from '../preflight.ts'
import { createClient, TRANSACTION_TIMEOUT_MS } from './client.ts'
import { journalError } from './client-errors.ts'
import { withAdmin } from './connect.ts'
import { inspectTopics } from './inspect.ts'
import { partitionOf } from './murmur2.ts'
import { withPermissions } from './permissions.ts'
import { checkFraming } from './prepare-topics.ts'
import { probe, speaksTls } from './reach.ts'
import { type KafkaSettings, kafkaNames, transactionalId } from './settings.ts'
import { acl, reviewTopics } from './topic-review.ts'
import { allTopics, command, existingTopics, readConfigs, topicConfigs } from './topics.ts'

const { ConfigResourceTypes } = kafkajs

/** Kafka from the cable up: reach, TLS, login, topics, permissions, limits. Changes nothing there. */
export async function checkKafka(
  settings: KafkaSettings,
  options: { readonly forwarding: boolean },
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const lines = areaResults('kafka')
  if (!(await checkReach(settings, lines))) return lines.results
  const kafka = createClient(settings, silentLogger)
  try {
    await withAdmin(kafka, async admin => {
      if (!(await checkLogin(settings, admin, lines))) return
      const partitions = await checkTopics(settings, kafka, admin, lines, signal)
      await checkPermissions(settings, kafka, partitions, options, lines)
      await checkLimits(settings, admin, lines)
    })
  } catch (error) {
    await tellConnection(settings, error, lines)
  }
  return lines.results
}

/** Each broker's port; false when none can be used. */
async function checkReach(settings: KafkaSettings, lines: AreaResults): Promise<boolean> {
  const tried = await Promise.all(
    settings.brokers.map(async broker => ({ broker, error: await probe(broker, settings.ssl) })),
  )
  const reached = tried.filter(({ error }) => error === undefined)
  const how = settings.ssl === undefined ? 'reached, no TLS' : 'reached, TLS with a trusted certificate'
  for (const { broker, error } of tried) {
    if (error === undefined) {
      lines.ok(`broker ${broker}`, how)
      continue
    }
    const { message, retryable } = journalError(error, 'connecting')
    const cause = message.replace(/^connecting: /, '')
    const mend = retryable
      ? 'start the broker, or correct KAFKA_BROKERS; look for a firewall between here and there'
      : undefined
    const tell = reached.length > 0 ? lines.warn : lines.fail
    tell(`broker ${broker}`, cause, mend)
  }
  return reached.length > 0
}

async function checkLogin(settings: KafkaSettings, admin: Admin, lines: AreaResults): Promise<boolean> {
  const { brokers } = await admin.describeCluster()
  const { sasl, ssl } = settings
  const login =
    sasl === undefined
      ? 'no login'
      : `login ${'username' in sasl ? sasl.username : 'by token'} (${sasl.mechanism})`
  const plainText = sasl !== undefined && ssl === undefined
  if (plainText && sasl.mechanism === 'PLAIN') {
    lines.warn('login', `${login}: the password goes over the network as it is`, 'set KAFKA_SSL=true')
  } else lines.ok('login', `${login}; ${brokers.length} ${brokers.length === 1 ? 'broker' : 'brokers'}`)

  const advertised = brokers.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  const further = advertised.filter(address => !settings.brokers.includes(address))
  const results = await Promise.all(
    further.map(async address => ({ address, error: await probe(address, ssl) })),
  )
  let usable = true
  for (const { address, error } of results) {
    if (error === undefined) continue
    usable = false
    lines.fail(
      `broker ${address}`,
      `the cluster names this address, which cannot be used from here: ${journalError(error, 'connecting').message.replace(/^connecting: /, '')}`,
      "let the broker's advertised.listeners name an address that this machine can reach",
    )
  }
  return usable
}

/** The number of partitions that the topics have, or will. */
async function checkTopics(
  settings: KafkaSettings,
  kafka: Kafka,
  admin: Admin,
  lines: AreaResults,
  signal: AbortSignal,
): Promise<number> {
  const names = kafkaNames(settings.topic)
  const topics = allTopics(names)
  const present = await existingTopics(admin, topics)
  let partitions = present.get(names.topics.events) ?? [...present.values()][0] ?? settings.partitions
  if (present.size > 0) {
    try {
      const { storedPartitions, lastValue } = await inspectTopics(kafka, admin, names, present, signal)
      partitions = storedPartitions ?? partitions
      if (lastValue !== undefined) checkFraming(lastValue, settings, names)
    } catch (error) {
      lines.fail(`topic ${names.topics.events}`, journalError(error, 'reading it').message)
    }
    const { topics: described } = await admin.fetchTopicMetadata({ topics: [...present.keys()] })
    const configs = await readConfigs(admin, [...present.keys()])
    const metadata = new Map(described.map(topic => [topic.name, topic]))
    reviewTopics(settings, { metadata, configs, partitions }, lines)
  }
  const missing = topics.filter(topic => !present.has(topic))
  if (missing.length > 0) await tryToCreate(settings, admin, missing, partitions, lines)
  return partitions
}

/** Asks the controller whether it would: nothing is made. */
async function tryToCreate(
  settings: KafkaSettings,
  admin: Admin,
  missing: readonly string[],
  partitions: number,
  lines: AreaResults,
): Promise<void> {
  const subject = missing.length === 1 ? `topic ${missing[0]}` : `${missing.length} topics`
  const configs = await topicConfigs(admin, settings, missing, partitions)
  try {
    await admin.createTopics({ topics: configs, validateOnly: true, waitForLeaders: false, timeout: 10_000 })
    lines.ok(subject, `will be made with ${partitions} partitions at the first start: ${missing.join(', ')}`)
  } catch (error) {
    const [reason] = (error as { errors?: { message?: string }[] }).errors ?? []
    const commands = configs.map(({ topic, configEntries }) => {
      const entries = (configEntries ?? []).map(({ name, value }) => ` --config ${name}=${value}`).join('')
      return command(
        settings,
        'kafka-topics.sh',
        `--create --topic ${topic} --partitions ${partitions}${entries}`,
      )
    })
    lines.fail(
      subject,
      `missing, and the broker would not make them (${reason?.message ?? (error as Error).message}): ${missing.join(', ')}`,
      [acl(settings, '--operation Create', `--topic ${settings.topic}`), 'or make them:', ...commands].join(
        '\n',
      ),
    )
  }
}

async function checkPermissions(
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

/** The time-outs that a broker would refuse. */
async function checkLimits(settings: KafkaSettings, admin: Admin, lines: AreaResults): Promise<void> {
  const limits = await brokerLimits(admin)
  if (limits === undefined) {
    lines.skip(
      'broker limits',
      `may not be read: transaction.max.timeout.ms must be at least ${TRANSACTION_TIMEOUT_MS} (its default is 900000)`,
      acl(settings, '--operation DescribeConfigs', '--cluster').replace(
        ' --resource-pattern-type prefixed',
        '',
      ),
    )
    return
  }
  const { transactionMs, leastSessionMs, mostSessionMs } = limits
  const mend = (entry: string): string => `${entry} in server.properties of every broker`
  if (transactionMs < TRANSACTION_TIMEOUT_MS) {
    lines.fail(
      'transaction time-out',
      `transaction.max.timeout.ms is ${transactionMs}, less than the ${TRANSACTION_TIMEOUT_MS} that a transaction here asks for`,
      mend(`set transaction.max.timeout.ms=${TRANSACTION_TIMEOUT_MS} or more`),
    )
  } else lines.ok('transaction time-out', `${TRANSACTION_TIMEOUT_MS} ms, the broker allows ${transactionMs}`)
  const { sessionTimeoutMs } = settings
  if (sessionTimeoutMs < leastSessionMs || sessionTimeoutMs > mostSessionMs) {
    lines.fail(
      'session time-out',
      `KAFKA_SESSION_TIMEOUT is ${sessionTimeoutMs} ms; the broker allows ${leastSessionMs} to ${mostSessionMs}`,
      `set KAFKA_SESSION_TIMEOUT=${Math.ceil(Math.min(Math.max(sessionTimeoutMs, leastSessionMs), mostSessionMs) / 1_000)}s`,
    )
  } else
    lines.ok(
      'session time-out',
      `${sessionTimeoutMs} ms, the broker allows ${leastSessionMs} to ${mostSessionMs}`,
    )
}

async function brokerLimits(admin: Admin) {
  const { brokers } = await admin.describeCluster()
  const name = String(brokers[0]!.nodeId)
  try {
    const { resources } = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.BROKER, name }],
      includeSynonyms: false,
    })
    const entries = new Map(
      resources.flatMap(({ configEntries }) =>
        configEntries.map(({ configName, configValue }) => [configName, configValue] as const),
      ),
    )
    return {
      transactionMs: Number(entries.get('transaction.max.timeout.ms') ?? 900_000),
      leastSessionMs: Number(entries.get('group.min.session.timeout.ms') ?? 6_000),
      mostSessionMs: Number(entries.get('group.max.session.timeout.ms') ?? 1_800_000),
    }
  } catch (error) {
    if ((error as { type?: string }).type?.endsWith('_AUTHORIZATION_FAILED') === true) return undefined
    throw error
  }
}

/** The port was reached, but Kafka was not spoken with. */
async function tellConnection(settings: KafkaSettings, error: unknown, lines: AreaResults): Promise<void> {
  const { message, retryable } = journalError(error, 'talking to Kafka')
  const [broker] = settings.brokers
  if (!retryable) return lines.fail('login', message.replace(/^talking to Kafka: /, ''), loginMend(message))
  if (settings.ssl === undefined && (await speaksTls(broker!)))
    return lines.fail(
      'TLS',
      `${broker} speaks TLS, and KAFKA_SSL is not true (${message})`,
      'set KAFKA_SSL=true and KAFKA_SSL_CA',
    )
  const mend =
    settings.sasl === undefined
      ? `is it a Kafka listener, and one without login? Else set KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD; look at the broker's log`
      : "is it the listener for this login? Compare listeners and sasl.enabled.mechanisms in the broker's server.properties"
  lines.fail(`broker ${broker}`, message, mend)
}

function loginMend(message: string): string | undefined {
  return /credentials/.test(message)
    ? 'set the right ones; a password with newline or quotes is best read from KAFKA_SASL_PASSWORD_FILE'
    : undefined
}
