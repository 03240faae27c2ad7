import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import { singleObjectHeader } from '../../src/event/avro.ts'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { Journal } from '../../src/ports.ts'
import { freshOrganization } from '../contract/batches.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'
import { readCommitted } from './read-committed.ts'

const log = silentLogger
const forever = new AbortController().signal

describe('setting up', async () => {
  let broker: KafkaServer | undefined
  let admin: Admin
  before(async t => {
    if (!(await requireStack(t as TestContext, 'kafka'))) return
    broker = await startKafka({ properties: { 'group.min.session.timeout.ms': '1000' } })
    admin = new kafkajs.Kafka({ brokers: [broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await broker?.stop()
  })

  const settingsFor = (organizations: readonly Organization[] = [], changes: Partial<KafkaSettings> = {}) =>
    testSettings(broker!.brokers, organizations, changes)

  async function open(t: TestContext, settings: KafkaSettings): Promise<Journal> {
    const journal = createKafkaJournal(settings, { log })
    t.after(() => journal.close())
    await journal.open(AbortSignal.timeout(300_000))
    return journal
  }

  async function configOf(topic: string): Promise<Map<string, string>> {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    })
    return new Map(
      resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
    )
  }

  test('topics are made as the design has them, and their number of partitions is kept', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor([], { partitions: 3, retentionMs: 86_400_000 })
    await (await open(t, settings)).close()
    const names = ['', '.checkpoint', '.dead-letter', '.findings', '.ledger'].map(
      suffix => settings.topic + suffix,
    )
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    assert.deepEqual(
      topics.map(({ partitions }) => partitions.length),
      [3, 3, 3, 3, 3],
    )
    const checkpoint = await configOf(`${settings.topic}.checkpoint`)
    const wanted = { 'cleanup.policy': 'compact', 'segment.bytes': '16777216', 'segment.ms': '3600000' }
    for (const [name, value] of Object.entries(wanted)) assert.equal(checkpoint.get(name), value)
    assert.equal((await configOf(settings.topic)).get('retention.ms'), '86400000')
    const [meta] = await readCommitted(broker.brokers, `${settings.topic}.checkpoint`)
    assert.equal(meta?.key?.toString(), '/meta')
    assert.deepEqual(JSON.parse(meta!.value!.toString()), { formatVersion: 1, partitions: 3 })
    // A changed setting does not change what is there.
    await (await open(t, { ...settings, partitions: 5 })).close()
    assert.equal((await readCommitted(broker.brokers, `${settings.topic}.checkpoint`)).length, 1)
  })

  const refusals: [string, (settings: KafkaSettings) => Promise<unknown>, RegExp][] = [
    [
      'a topic with more partitions than the others',
      ({ topic }) => admin.createPartitions({ topicPartitions: [{ topic: `${topic}.ledger`, count: 4 }] }),
      /\.ledger has 4 partitions and must have 2.*--delete --topic/s,
    ],
    [
      'partitions added to all of them',
      ({ topic }) =>
        admin.createPartitions({
          topicPartitions: ['', '.checkpoint', '.dead-letter', '.findings', '.ledger'].map(suffix => ({
            topic: topic + suffix,
            count: 4,
          })),
        }),
      /has 4 partitions and must have 2/,
    ],
    [
      'a checkpoint that is deleted with age',
      ({ topic }) => alter(`${topic}.checkpoint`, 'cleanup.policy', 'compact,delete'),
      /kafka-configs\.sh --bootstrap-server \S+ --alter --entity-type topics --entity-name \S+\.checkpoint --add-config cleanup\.policy=compact/,
    ],
    [
      'events that are compacted away',
      ({ topic }) => alter(topic, 'cleanup.policy', 'compact'),
      /--add-config cleanup\.policy=delete/,
    ],
    [
      'times that the broker sets',
      ({ topic }) => alter(topic, 'message.timestamp.type', 'LogAppendTime'),
      /message\.timestamp\.type=CreateTime/,
    ],
    [
      'batches smaller than a record',
      ({ topic }) => alter(topic, 'max.message.bytes', '100000'),
      /max\.message\.bytes=/,
    ],
  ]

  function alter(name: string, entry: string, value: string): Promise<unknown> {
    const configEntries = [{ name: entry, value }]
    const type = kafkajs.ConfigResourceTypes.TOPIC
    return admin.alterConfigs({ validateOnly: false, resources: [{ type, name, configEntries }] })
  }

  for (const [what, spoil, mend] of refusals) {
    test(`refused with the mend: ${what}`, async t => {
      if (broker === undefined) return t.skip('needs Kafka')
      const settings = settingsFor()
      await (await open(t, settings)).close()
      await spoil(settings)
      await assert.rejects(open(t, settings), { code: 'JOURNAL_MISMATCH', message: mend })
    })
  }

  test('a prefix whose topics are another deployment’s is refused before anything is made', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const there = settingsFor()
    await (await open(t, there)).close()
    for (const suffix of ['ledger', 'findings', 'dead-letter', 'checkpoint']) {
      const topic = `${there.topic}.${suffix}`
      await assert.rejects(open(t, { ...there, topic }), {
        code: 'CONFIG_INVALID',
        message: new RegExp(`belongs to the deployment with the prefix "${there.topic}"`),
      })
    }
    // And the other way round.
    const taken = settingsFor()
    await (await open(t, { ...taken, topic: `${taken.topic}.ledger` })).close()
    await assert.rejects(open(t, taken), { code: 'CONFIG_INVALID' })
    const made = (await admin.listTopics()).filter(topic => topic.startsWith(there.topic))
    assert.equal(made.length, 5)
    // A prefix that only begins alike is nobody's.
    for (const topic of [`${there.topic}.ledgers`, `${there.topic}-2`]) {
      await (await open(t, { ...there, topic })).close()
    }
  })

  test('records larger than Kafka’s default: the topics that are made take them', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { maxRecordBytes: 2_000_000 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(3), batchSize: 3 })
    for (const suffix of ['', '.ledger', '.checkpoint'])
      assert.equal((await configOf(settings.topic + suffix)).get('max.message.bytes'), '2016384')
  })

  test('a topic with fewer partitions is refused with the command that adds them', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor()
    await admin.createTopics({
      topics: [
        { topic: settings.topic, numPartitions: 4 },
        { topic: `${settings.topic}.ledger`, numPartitions: 2 },
      ],
    })
    await assert.rejects(open(t, settings), {
      code: 'JOURNAL_MISMATCH',
      message: /--alter --topic \S+\.ledger --partitions 4/,
    })
  })

  test('a registry added to a topic that holds the other framing is a mistake of the configuration', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization])
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(3), batchSize: 3 })
    await journal.close()
    const registry = { url: 'http://127.0.0.1:1', autoRegister: true }
    await assert.rejects(open(t, { ...settings, registry }), {
      code: 'CONFIG_INVALID',
      message: /KAFKA_TOPIC/,
    })
  })

  test('a first event that is about to be committed counts for the framing', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor([freshOrganization()])
    await (await open(t, settings)).close()
    const producer = new kafkajs.Kafka({
      brokers: [broker.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
    }).producer({
      transactionalId: settings.topic,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    await producer.connect()
    t.after(() => producer.disconnect())
    // The first is aborted: a partition with nothing but that holds no framing.
    const aborted = await producer.transaction()
    await aborted.send({ topic: settings.topic, messages: [{ partition: 0, value: 'never committed' }] })
    await aborted.abort()
    const transaction = await producer.transaction()
    const value = singleObjectHeader('events')
    const headers = { 'content-type': 'application/avro' }
    await transaction.send({ topic: settings.topic, messages: [{ partition: 1, value, headers }] })
    const opening = open(t, { ...settings, registry: { url: 'http://127.0.0.1:1', autoRegister: true } })
    const refused = assert.rejects(opening, { code: 'CONFIG_INVALID', message: /SCHEMA_REGISTRY_URL/ })
    await transaction.commit()
    await refused
  })

  test('a broker that is not there is waited for until the time is over', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const brokers = [`127.0.0.1:${await freePort()}`]
    const lines: string[] = []
    const warn = (_: object, message: string) => lines.push(message)
    const journal = createKafkaJournal({ ...settingsFor(), brokers }, { log: { ...silentLogger, warn } })
    t.after(() => journal.close())
    await assert.rejects(journal.open(AbortSignal.timeout(4_000)), {
      code: 'JOURNAL_UNAVAILABLE',
      message: new RegExp(`Kafka at ${brokers[0]}`),
    })
    assert.match(lines[0] ?? '', /trying again in 2 s/)
  })

  test('workers share the shards, and the one that stays takes those of the one that leaves at once', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organizations = Array.from({ length: 6 }, freshOrganization)
    const settings = settingsFor(organizations, { partitions: 4, sessionTimeoutMs: 120_000 })
    const [first, second] = [await open(t, settings), await open(t, settings)]
    const [a, b] = [watch(first, t), watch(second, t)]
    const identities = organizations.map(({ identity }) => identity).sort()
    await until(
      () => a.owned.size > 0 && b.owned.size > 0 && a.owned.size + b.owned.size === identities.length,
    )
    assert.deepEqual([...a.owned, ...b.owned].sort(), identities)

    const foreign = organizations.find(({ identity }) => b.owned.has(identity))!
    await assert.rejects(first.resume(foreign, forever), { code: 'JOURNAL_NOT_OWNED' })
    const ids = exportOf(20)
    await publishAll(second, foreign, { ids: ids.slice(0, 10), batchSize: 5 })
    const before = performance.now()
    await second.close()
    await until(() => a.owned.size === identities.length)
    const tookMs = performance.now() - before
    // Far below the session time-out after which a dead worker is replaced.
    assert.ok(tookMs < 60_000, `${tookMs} ms`)
    await publishAll(first, foreign, { ids, batchSize: 5 })
    await assertExactlyOnce(broker.brokers, settings.topic, foreign, ids)
  })
})

function watch(journal: Journal, t: TestContext): { owned: ReadonlySet<string> } {
  const end = new AbortController()
  t.after(() => end.abort())
  const state: { owned: ReadonlySet<string> } = { owned: new Set() }
  void (async () => {
    for await (const owned of journal.ownership(end.signal)) state.owned = owned
  })()
  return state
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 300_000
  while (!holds()) {
    if (Date.now() > deadline) assert.fail('did not become true in time')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
