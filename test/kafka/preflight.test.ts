import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs, { type AclEntry, type Admin } from 'kafkajs'
import { createClient } from '../../src/kafka/client.ts'
import { whenCoordinatorReady } from '../../src/kafka/coordinator.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { checkKafka } from '../../src/kafka/preflight.ts'
import { allTopics, type KafkaSettings, kafkaNames } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { CheckResult } from '../../src/preflight.ts'
import { freshOrganization } from '../contract/batches.ts'
import { type SaslSslKafkaServer, startSaslSslKafka } from '../support/stack/kafka-sasl-ssl.ts'
import { freePort } from '../support/stack/ports.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { exportOf, publishAll } from './publishing.ts'
import { settledEnds } from './settled.ts'

const { AclResourceTypes: resources, AclOperationTypes: operations } = kafkajs
const signal = AbortSignal.timeout(600_000)

describe('what check finds in Kafka', async () => {
  let broker: SaslSslKafkaServer | undefined
  let ca: string
  let admin: Admin
  before(async t => {
    if (!(await requireStack(t as TestContext, 'kafka'))) return
    broker = await startSaslSslKafka()
    ca = await readFile(broker.caPath, 'utf8')
    admin = new kafkajs.Kafka({
      brokers: [broker.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
      ssl: { ca },
      sasl: { mechanism: 'scram-sha-512', ...broker.superUser },
    }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await broker?.stop()
  })

  const organization = freshOrganization()
  const settingsFor = (user: { username: string; password: string }, changes: Partial<KafkaSettings> = {}) =>
    testSettings(broker!.brokers, [organization], {
      ssl: { ca },
      sasl: { mechanism: 'SCRAM-SHA-512', ...user },
      ...changes,
    })
  const check = (settings: KafkaSettings) => checkKafka(settings, { forwarding: true }, signal)
  const failed = (results: readonly CheckResult[]): string[] =>
    results.filter(({ status }) => status === 'failed').map(({ subject }) => subject)
  const find = (results: readonly CheckResult[], subject: string): CheckResult => {
    const found = results.find(result => result.subject === subject)
    assert.ok(found, `no "${subject}" in ${JSON.stringify(results, null, 2)}`)
    return found
  }

  test('topics that are missing are asked for, and not made', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor(broker.superUser)
    const results = await check(settings)
    assert.deepEqual(failed(results), [])
    assert.match(find(results, '5 topics').message, /will be made with 2 partitions/)
    assert.match(find(results, 'transaction time-out').message, /the broker allows 900000/)
    const topics = await admin.listTopics()
    assert.deepEqual(
      topics.filter(topic => topic.startsWith(settings.topic)),
      [],
    )
    // The look for permissions was the first to ask this broker for a group.
    const { groups } = await whenCoordinatorReady(() => admin.listGroups())
    assert.deepEqual(
      groups.filter(({ groupId }) => groupId.startsWith(settings.topic)),
      [],
    )
  })

  test('a worker that runs is not disturbed, and its trail is as before', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor(broker.superUser)
    const journal = createKafkaJournal(settings, { log: silentLogger })
    t.after(() => journal.close())
    await journal.open(signal)
    await publishAll(journal, organization, { ids: exportOf(10), batchSize: 5 })
    const offsets = async () =>
      JSON.stringify(
        await Promise.all(allTopics(kafkaNames(settings.topic)).map(topic => admin.fetchTopicOffsets(topic))),
      )
    // The commit was answered before its markers were in the partitions.
    const partition = partitionOf(organization.identity, settings.partitions)
    await settledEnds(createClient(settings, silentLogger), allTopics(kafkaNames(settings.topic)), partition)
    const [before, term] = [await offsets(), (await journal.resume(organization, signal)).term]
    const results = await check(settings)
    assert.deepEqual(failed(results), [])
    assert.match(find(results, `topic ${settings.topic}`).message, /has 1 replica/)
    assert.equal(await offsets(), before, 'not a record, not a marker')
    assert.equal(
      (await journal.resume(organization, signal)).term,
      term,
      'the checkpoint had to be read again',
    )
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 5 })
  })

  test('each permission that a worker needs is told when it is missing, with the command that gives it', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor(broker.user)
    const none = await check(settings)
    assert.deepEqual(failed(none), ['5 topics', 'transactional ids', 'reading topics', 'consumer groups'])
    assert.match(
      find(none, '5 topics').mend!,
      /kafka-acls\.sh .*--operation Create[\s\S]*kafka-topics\.sh .*--create/,
    )

    const maker = createKafkaJournal(settingsFor(broker.superUser, { topic: settings.topic }), {
      log: silentLogger,
    })
    await maker.open(signal)
    await maker.close()
    const allow = (resourceType: number, operation: number): AclEntry => ({
      principal: `User:${broker!.user.username}`,
      host: '*',
      operation,
      permissionType: kafkajs.AclPermissionTypes.ALLOW,
      resourceType,
      resourceName: settings.topic,
      resourcePatternType: kafkajs.ResourcePatternTypes.PREFIXED,
    })
    const needed: readonly [entry: AclEntry, subject: string, mend: RegExp][] = [
      [allow(resources.TOPIC, operations.READ), 'reading topics', /--operation Read --topic/],
      [allow(resources.TOPIC, operations.WRITE), 'writing to topics', /--operation Write --topic/],
      [allow(resources.GROUP, operations.READ), 'consumer groups', /--operation Read --group/],
      [
        allow(resources.TRANSACTIONAL_ID, operations.WRITE),
        'transactional ids',
        /--operation Write --transactional-id/,
      ],
    ]
    const all = [
      allow(resources.TOPIC, operations.DESCRIBE),
      allow(resources.TRANSACTIONAL_ID, operations.DESCRIBE),
      ...needed.map(([entry]) => entry),
    ]
    await admin.createAcls({ acl: all })
    const complete = await check(settings)
    assert.deepEqual(failed(complete), [])
    assert.match(find(complete, 'topic configuration').mend!, /--operation DescribeConfigs --topic/)
    assert.equal(find(complete, 'broker limits').status, 'skipped')

    for (const [entry, subject, mend] of needed) {
      await admin.deleteAcls({ filters: [entry] })
      const without = await check(settings)
      assert.ok(failed(without).includes(subject), `${subject}: ${JSON.stringify(failed(without))}`)
      assert.match(find(without, subject).mend!, mend)
      assert.match(find(without, subject).mend!, new RegExp(`User:${broker.user.username} `))
      await admin.createAcls({ acl: [entry] })
    }
  })

  test('credentials, certificates and listeners: the cause, and what to set', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const password = await check(settingsFor({ ...broker.superUser, password: 'not-the-password' }))
    assert.deepEqual(failed(password), ['login'])
    assert.match(find(password, 'login').message, /refused the credentials/)
    assert.doesNotMatch(JSON.stringify(password), /not-the-password/)

    const authority = await check(settingsFor(broker.superUser, { ssl: {} }))
    assert.match(find(authority, `broker ${broker.brokers}`).message, /KAFKA_SSL_CA/)

    const withoutTls = await check(settingsFor(broker.superUser, { ssl: undefined }))
    assert.match(find(withoutTls, 'TLS').mend!, /KAFKA_SSL=true/)

    const withoutLogin = await check(settingsFor(broker.superUser, { sasl: undefined }))
    assert.equal(failed(withoutLogin).length, 1)
    assert.match(JSON.stringify(withoutLogin), /KAFKA_SASL_MECHANISM/)

    const mechanism = await check(
      settingsFor(broker.superUser, { sasl: { mechanism: 'PLAIN', ...broker.superUser } }),
    )
    assert.equal(failed(mechanism).length, 1)
  })

  test('one broker of two that is down is a warning, all that are down a cross each', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const closed = `127.0.0.1:${await freePort()}`
    const one = await check(settingsFor(broker.superUser, { brokers: [closed, broker.brokers] }))
    assert.equal(find(one, `broker ${closed}`).status, 'warning')
    assert.deepEqual(failed(one), [])
    const all = await check(settingsFor(broker.superUser, { brokers: [closed] }))
    assert.deepEqual(failed(all), [`broker ${closed}`])
    assert.match(find(all, `broker ${closed}`).message, /ECONNREFUSED/)
  })

  test('topics that run would refuse, and those that lose records in time', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor(broker.superUser)
    const { topics, checkpoint } = kafkaNames(settings.topic)
    await admin.createTopics({
      topics: [
        {
          topic: topics.events,
          numPartitions: 2,
          configEntries: [
            { name: 'retention.ms', value: '604800000' },
            { name: 'min.insync.replicas', value: '2' },
          ],
        },
        { topic: checkpoint, numPartitions: 1, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] },
      ],
    })
    const results = await check(settings)
    const told = (topic: string, status: string): string =>
      results
        .filter(result => result.subject === `topic ${topic}` && result.status === status)
        .map(({ message, mend }) => `${message} → ${mend}`)
        .join('\n')
    assert.match(
      told(checkpoint, 'failed'),
      /has 1 partitions and must have 2, .* → kafka-topics\.sh .*--alter/,
    )
    assert.match(told(checkpoint, 'failed'), /cleanup\.policy delete .*→ kafka-configs\.sh/)
    assert.match(
      told(topics.events, 'warning'),
      /min\.insync\.replicas 2: where the brokers take that literally, nothing can ever be written/,
    )
    assert.match(told(topics.events, 'warning'), /keeps records for 7 days only.*retention\.ms=-1/)
    assert.match(find(results, '3 topics').message, /will be made/)
  })

  test('time-outs that the broker would refuse', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const results = await check(settingsFor(broker.superUser, { sessionTimeoutMs: 1_000 }))
    assert.deepEqual(failed(results), ['session time-out'])
    assert.equal(find(results, 'session time-out').mend, 'set KAFKA_SESSION_TIMEOUT=6s')
  })
})
