import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import { decodeValue } from '../../src/event/avro.ts'
import { poisonKey } from '../../src/event/checkpoint.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { AuditRecord } from '../../src/event/records.ts'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaMigrationTarget } from '../../src/kafka/migration-target.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { createKafkaRecovery } from '../../src/kafka/recovery.ts'
import { allTopics, type KafkaSettings, kafkaNames } from '../../src/kafka/settings.ts'
import { createLogger, silentLogger } from '../../src/log.ts'
import type { Journal, JournalEntry } from '../../src/ports.ts'
import { recoverTrail } from '../../src/recovery.ts'
import { batchFrom, freshOrganization, seenEntry } from '../contract/batches.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'
import { readCommitted } from './read-committed.ts'
import { settledEnds } from './settled.ts'

const log = process.env.TEST_LOG ? createLogger({ level: 'debug', format: 'json' }) : silentLogger
const forever = new AbortController().signal

describe('what is lost, cut short or set up wrong', async () => {
  let broker: KafkaServer | undefined
  let admin: Admin
  before(async t => {
    if (!(await requireStack(t as TestContext, 'kafka'))) return
    // Compaction within a test's patience.
    broker = await startKafka({
      properties: { 'log.cleaner.backoff.ms': '200', 'log.retention.check.interval.ms': '500' },
    })
    admin = new kafkajs.Kafka({ brokers: [broker.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await broker?.stop()
  })

  function settingsFor(organizations: readonly Organization[], changes: Partial<KafkaSettings> = {}) {
    return testSettings(broker!.brokers, organizations, changes)
  }

  async function open(t: TestContext, settings: KafkaSettings): Promise<Journal> {
    const journal = createKafkaJournal(settings, { log })
    t.after(() => journal.close())
    await journal.open(forever)
    return journal
  }

  /** As retention does it, up to the end or an offset before it. */
  async function deleteRecords(topic: string, offset?: number): Promise<void> {
    const end = offset ?? (await settledEnds(broker!.brokers, [topic])).get(topic)
    // kafkajs deletes only in topics that this client asked about before.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: String(end) }] })
  }

  /** Topics are deleted in the background. */
  async function deleteTopic(topic: string): Promise<void> {
    await admin.deleteTopics({ topics: [topic] })
    while ((await admin.listTopics()).includes(topic)) await sleep(50)
    await sleep(200)
  }

  test('a checkpoint topic that was deleted is made anew and rebuilt from the topic', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const [one, two] = [freshOrganization(), freshOrganization()]
    const settings = settingsFor([one, two], { partitions: 1 })
    const journal = await open(t, settings)
    const ids = exportOf(250)
    await publishAll(journal, one, { ids: ids.slice(0, 200), batchSize: 40 })
    await publishAll(journal, two, { ids: ids.slice(0, 100), batchSize: 100 })
    const lastBatch = batchFrom(journal, one, await journal.resume(one, forever), { deadLetters: 2 })
    await journal.commit(lastBatch)
    const head = (await journal.resume(one, forever)).head!
    await journal.close()
    await deleteTopic(`${settings.topic}.checkpoint`)

    const next = await open(t, settings)
    const rebuilt = await next.resume(one, forever)
    assert.equal(rebuilt.head?.sequence, 200)
    assert.deepEqual(rebuilt.head?.chainHash, head.chainHash)
    assert.equal(rebuilt.head?.lastPosition, head.lastPosition)
    const poison = [...rebuilt.seen.entries()].filter(({ state }) => state === 'dead-lettered')
    assert.equal(poison.length, 2)
    assert.ok(poison.every(({ key }) => key.startsWith(poisonKey(Buffer.alloc(0)))))
    assert.equal(rebuilt.seen.size, 202)
    await publishAll(next, one, { ids, batchSize: 100 })
    await publishAll(next, two, { ids, batchSize: 100 })
    await next.close()
    // What was rebuilt is stored: it is not read from the topic once more.
    const third = await open(t, settings)
    assert.equal((await third.resume(two, forever)).head?.sequence, 250)
    for (const organization of [one, two]) {
      await assertExactlyOnce(broker.brokers, settings.topic, organization, ids)
    }
  })

  test('a head alone that was deleted is rebuilt too', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization])
    const journal = await open(t, settings)
    const ids = exportOf(60)
    await publishAll(journal, organization, { ids: ids.slice(0, 50), batchSize: 25 })
    await journal.close()
    await produce(settings, `${settings.topic}.checkpoint`, organization.identity, null)
    const next = await open(t, settings)
    assert.equal((await next.resume(organization, forever)).head?.sequence, 50)
    await publishAll(next, organization, { ids, batchSize: 25 })
    await assertExactlyOnce(broker.brokers, settings.topic, organization, ids)
    const ledger = await readCommitted(broker.brokers, `${settings.topic}.ledger`)
    const kinds = ledger.map(({ value }) => decodeValue('ledger', value!).kind)
    assert.deepEqual(kinds, ['POLL', 'POLL', 'REBUILD', 'POLL'])
  })

  async function produce(
    settings: KafkaSettings,
    topic: string,
    key: string,
    value: Buffer | null,
  ): Promise<void> {
    const client = new kafkajs.Kafka({ brokers: [...settings.brokers], logLevel: kafkajs.logLevel.NOTHING })
    const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    const partition = partitionOf(key, settings.partitions)
    await producer.send({ topic, messages: [{ key, value, partition }] })
    await producer.disconnect()
  }

  test('a topic that was deleted while its checkpoint stays is refused with the mend', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const [organization, other] = [freshOrganization(), freshOrganization()]
    const settings = settingsFor([organization, other])
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 10 })
    await journal.close()
    await deleteTopic(settings.topic)
    const next = await open(t, settings)
    await assert.rejects(next.resume(organization, forever), {
      code: 'JOURNAL_MISMATCH',
      message: /hf-audit recover --organization/,
    })
    // The others go on; with their records in its place it is refused all the same.
    await publishAll(next, other, { ids: exportOf(40), batchSize: 10 })
    await assert.rejects(next.resume(organization, forever), { code: 'JOURNAL_MISMATCH' })
    await assertExactlyOnce(broker.brokers, settings.topic, other, exportOf(40))
  })

  test('a topic whose old records retention deleted goes on', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 10 })
    await journal.close()
    await deleteRecords(settings.topic)
    const next = await open(t, settings)
    const { head, seen } = await next.resume(organization, forever)
    assert.equal(head?.sequence, 20)
    assert.equal(seen.size, 20)
    await next.commit(batchFrom(next, organization, await next.resume(organization, forever), { events: 1 }))
  })

  test('a topic whose front retention deleted goes on, and is rebuilt from the rest with its checkpoint gone', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 10 })
    const { head } = await journal.resume(organization, forever)
    await journal.close()
    await deleteRecords(settings.topic, 7)
    const next = await open(t, settings)
    assert.equal((await next.resume(organization, forever)).seen.size, 20)
    await next.close()
    await deleteTopic(`${settings.topic}.checkpoint`)
    const third = await open(t, settings)
    const rebuilt = await third.resume(organization, forever)
    assert.deepEqual([rebuilt.head?.sequence, rebuilt.head?.chainHash], [20, head?.chainHash])
    assert.equal(rebuilt.seen.size, 13)
  })

  test('events deleted by age and the checkpoint gone: sequence and chain go on from the ledger', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(20), batchSize: 10 })
    const { head } = await journal.resume(organization, forever)
    await journal.close()
    await deleteRecords(settings.topic)
    await deleteTopic(`${settings.topic}.checkpoint`)
    for (const start of ['rebuilt', 'read again']) {
      const next = await open(t, settings)
      const found = await next.resume(organization, forever)
      assert.deepEqual([found.head?.sequence, found.head?.chainHash], [20, head?.chainHash], start)
      await next.close()
    }
    const last = await open(t, settings)
    const checkpoint = await last.resume(organization, forever)
    await last.commit(batchFrom(last, organization, checkpoint, { events: 3 }))
    const records = await readCommitted(broker.brokers, settings.topic)
    const sequences = records.map(({ value }) => decodeValue('events', value!).sequence)
    assert.deepEqual(sequences, [21, 22, 23])
  })

  test('a topic made anew after its records were forwarded: what is published to it is forwarded from its beginning', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(30), batchSize: 10 })
    const forwarded = await forwardAll(settings, 30)
    assert.equal(forwarded.length, 30)
    await journal.close()
    await deleteTopic(settings.topic)
    await (await open(t, settings)).close()

    const recovery = createKafkaRecovery(settings, { log })
    t.after(() => recovery.close())
    await recovery.open(forever)
    const approve = async () => true
    const dependencies = { recovery, now: Date.now, approve }
    const { done } = await recoverTrail(organization, { confirmEndpoint: false }, dependencies, forever)
    assert.equal(done, true)
    const next = await open(t, settings)
    // As many as before, and more: the group's former place lies among them.
    await publishAll(next, organization, { ids: exportOf(50), batchSize: 50 })
    const sequences = (await forwardAll(settings, 50)).map(({ sequence }) => sequence)
    assert.deepEqual(
      sequences,
      Array.from({ length: 50 }, (_, index) => index + 1),
    )
  })

  test('a topic that is deleted while a worker runs ends it with the mend; a new one heals it', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(10), batchSize: 10 })
    await deleteTopic(kafkaNames(settings.topic).checkpoint)
    const deadline = Date.now() + 120_000
    let last = ''
    while (last !== 'JOURNAL_MISMATCH' && Date.now() < deadline) {
      try {
        const checkpoint = await journal.resume(organization, forever)
        await journal.commit(batchFrom(journal, organization, checkpoint, { events: 1 }))
      } catch (error) {
        last = (error as { code: string }).code
        if (last === 'JOURNAL_MISMATCH')
          assert.match((error as Error).message, /checkpoint is not there any more/)
        await sleep(50)
      }
    }
    assert.equal(last, 'JOURNAL_MISMATCH')
    await journal.close()
    const next = await open(t, settings)
    await publishAll(next, organization, { ids: exportOf(20), batchSize: 10 })
    await assertExactlyOnce(broker.brokers, settings.topic, organization, exportOf(20))
  })

  /** Forwards until so many events came and nothing waits. */
  async function forwardAll(settings: KafkaSettings, count: number): Promise<AuditRecord[]> {
    const source = createKafkaForwardingSource(settings, { log })
    const end = AbortSignal.timeout(300_000)
    const stop = new AbortController()
    const records: AuditRecord[] = []
    await source.open(forever)
    const running = source.run(
      async entries => {
        for (const entry of entries) if (entry.stream === 'events') records.push(entry.record)
      },
      { maxEntries: 100 },
      stop.signal,
    )
    await settledEnds(broker!.brokers, allTopics(kafkaNames(settings.topic)))
    while (!end.aborted && (records.length < count || (await source.backlog()) > 0)) await sleep(50)
    stop.abort()
    await running
    await source.close()
    return records
  }

  test('a move sets the forwarders to what was not forwarded, but never beyond another trail that waits', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const [moved, other] = [freshOrganization(), freshOrganization()]
    for (const others of ['none', 'before', 'between'] as const) {
      const settings = settingsFor([moved, other], { partitions: 1 })
      const journal = await open(t, settings)
      if (others === 'before') await publishAll(journal, other, { ids: exportOf(5), batchSize: 5 })
      await publishAll(journal, moved, { ids: exportOf(10), batchSize: 10 })
      if (others === 'between') await publishAll(journal, other, { ids: exportOf(5), batchSize: 5 })
      const target = createKafkaMigrationTarget(settings, log)
      await target.open(forever, 'move')
      const unforwardedFrom = await target.ends(0)
      await publishAll(journal, moved, { ids: exportOf(30), batchSize: 10 })
      await settledEnds(broker.brokers, allTopics(kafkaNames(settings.topic)))
      await target.requireIdleForwarders()
      await target.forwardFrom(0, unforwardedFrom, new Set([moved.identity]), forever)
      await target.close()
      await journal.close()
      const expected = { none: 20, before: 35, between: 25 }[others]
      const forwarded = await forwardAll(settings, expected)
      assert.equal(forwarded.length, expected, others)
      assert.equal(
        forwarded.filter(({ organization }) => organization === other.identity).length,
        others === 'none' ? 0 : 5,
      )
      assert.ok(
        [11, 30].every(n =>
          forwarded.some(({ sequence, organization }) => sequence === n && organization === moved.identity),
        ),
      )
    }
  })

  test('forwarders that run keep a move from setting their place', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor([freshOrganization()], { partitions: 1 })
    await (await open(t, settings)).close()
    const source = createKafkaForwardingSource(settings, { log })
    await source.open(forever)
    const stop = new AbortController()
    const running = source.run(async () => {}, { maxEntries: 10 }, stop.signal)
    const target = createKafkaMigrationTarget(settings, log)
    await target.open(forever, 'look')
    const deadline = Date.now() + 300_000
    let refusal: unknown
    while (refusal === undefined && Date.now() < deadline) {
      refusal = await target.requireIdleForwarders().catch((error: unknown) => error)
      await sleep(50)
    }
    assert.match(String(refusal), /forwarders of .* are running .*stop the workers/)
    stop.abort()
    await running
    await source.close()
    await target.close()
  })

  test('what retention deleted before it was forwarded is told in a finding', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1, sessionTimeoutMs: 6_000 })
    const journal = await open(t, settings)
    await publishAll(journal, organization, { ids: exportOf(10), batchSize: 10 })
    const forward = async (
      wanted: (entries: readonly JournalEntry[]) => boolean,
    ): Promise<JournalEntry[]> => {
      const source = createKafkaForwardingSource(settings, { log })
      const end = new AbortController()
      const entries: JournalEntry[] = []
      await source.open(forever)
      const running = source.run(
        async delivered => {
          entries.push(...delivered)
        },
        { maxEntries: 100 },
        end.signal,
      )
      // Without it the end of the backlog is not the end of what was published.
      await settledEnds(broker!.brokers, allTopics(kafkaNames(settings.topic)))
      const deadline = Date.now() + 300_000
      while (!(wanted(entries) && (await source.backlog()) === 0) && Date.now() < deadline) await sleep(50)
      end.abort()
      await running
      await source.close()
      return entries
    }
    const first = await forward(entries => entries.length >= 10)
    assert.equal(first.filter(({ stream }) => stream === 'findings').length, 0)
    await publishAll(journal, organization, { ids: exportOf(30), batchSize: 10 })
    await deleteRecords(settings.topic)
    await publishAll(journal, organization, { ids: exportOf(35), batchSize: 10 })
    const second = await forward(entries => entries.some(({ stream }) => stream === 'findings'))
    const findings = second.flatMap(entry => (entry.stream === 'findings' ? [entry.record] : []))
    assert.deepEqual(
      findings.map(({ kind, organization: identity, severity }) => [kind, identity, severity]),
      [['UNFORWARDED', organization.identity, 'ERROR']],
    )
    const events = second.flatMap(entry => (entry.stream === 'events' ? [entry.record.sequence] : []))
    assert.deepEqual(events, [31, 32, 33, 34, 35])
    assert.deepEqual(await forward(() => true), [])
  })

  test('a compacted checkpoint is read whole', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor([organization], { partitions: 1 })
    const journal = await open(t, settings)
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: `${settings.topic}.checkpoint`,
          configEntries: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'segment.ms', value: '300' },
            { name: 'segment.bytes', value: '1048576' },
            { name: 'min.cleanable.dirty.ratio', value: '0.001' },
            { name: 'delete.retention.ms', value: '100' },
            { name: 'max.compaction.lag.ms', value: '300' },
          ],
        },
      ],
    })
    const put = Array.from({ length: 1_500 }, (_, index) =>
      seenEntry(`filtered-${index}`, { state: 'filtered' }),
    )
    await journal.commit(
      batchFrom(journal, organization, await journal.resume(organization, forever), { put }),
    )
    let stored = 0
    const deadline = Date.now() + 120_000
    for (let round = 0; ; round++) {
      const remove = put.slice(round * 10, round * 10 + 10).map(({ key }) => key)
      const checkpoint = await journal.resume(organization, forever)
      await journal.commit(batchFrom(journal, organization, checkpoint, { events: 3, remove }))
      await sleep(100)
      if (round % 20 !== 19) continue
      // Compaction is seen by what is gone.
      stored = (await readCommitted(broker.brokers, `${settings.topic}.checkpoint`)).length
      if (stored < round || Date.now() > deadline) break
    }
    const before = await journal.resume(organization, forever)
    await journal.close()
    const next = await open(t, settings)
    const after = await next.resume(organization, forever)
    assert.ok(stored < (2 * before.head!.sequence) / 3, 'the broker compacted nothing')
    assert.deepEqual(after.head, before.head)
    const byKey = (entries: Iterable<{ key: string }>) =>
      [...entries].sort((a, b) => (a.key < b.key ? -1 : 1))
    assert.deepEqual(byKey(after.seen.entries()), byKey(before.seen.entries()))
  })
})
