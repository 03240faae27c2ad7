import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs, { type Kafka, type Transaction } from 'kafkajs'
import { ConnectorError } from '../../src/errors.ts'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { fetchHighWatermarks } from '../../src/kafka/high-watermarks.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { allTopics, type KafkaSettings, kafkaNames, transactionalId } from '../../src/kafka/settings.ts'
import { createLogger, type Logger, silentLogger } from '../../src/log.ts'
import type { Journal } from '../../src/ports.ts'
import { freshOrganization } from '../contract/batches.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'
import { settledEnds } from './settled.ts'

const log = process.env.TEST_LOG ? createLogger({ level: 'debug', format: 'json' }) : silentLogger
const forever = new AbortController().signal

/**
 * A broker that lost the end of a transaction holds readers back exactly as a producer does that never ends its own.
 * Here that is a producer with another transactional id, so that the shard's fence does not end its transaction.
 */
describe('a transaction that the broker does not end', async () => {
  let broker: KafkaServer | undefined
  before(async t => {
    if (await requireStack(t as TestContext, 'kafka')) broker = await startKafka()
  })
  after(() => broker?.stop())

  async function open(t: TestContext, settings: KafkaSettings, logger: Logger = log): Promise<Journal> {
    const journal = createKafkaJournal(settings, { log: logger })
    t.after(() => journal.close())
    await journal.open(forever)
    return journal
  }

  function client(): Kafka {
    return new kafkajs.Kafka({ brokers: [broker!.brokers], logLevel: kafkajs.logLevel.NOTHING })
  }

  async function openTransaction(t: TestContext, topics: readonly string[]): Promise<Transaction> {
    const producer = client().producer({
      transactionalId: `foreign-${topics[0]}`,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    t.after(() => producer.disconnect())
    await producer.connect()
    const transaction = await producer.transaction()
    t.after(() => (transaction.isActive() ? transaction.abort() : undefined))
    const messages = [{ key: 'foreign', value: 'never committed', partition: 0 }]
    await transaction.sendBatch({ topicMessages: topics.map(topic => ({ topic, messages })) })
    return transaction
  }

  /** When this succeeds the shard's own transactions have ended in every partition. */
  async function fence(t: TestContext, settings: KafkaSettings): Promise<void> {
    const producer = client().producer({
      transactionalId: transactionalId(settings.topic, 0),
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    })
    t.after(() => producer.disconnect())
    await producer.connect()
    await (await producer.transaction()).abort()
  }

  function settingsFor(organization: Organization): KafkaSettings {
    return testSettings(broker!.brokers, [organization], { partitions: 1 })
  }

  test('hides a newer checkpoint: nothing is read or written until it is ended, and then nothing is doubled', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor(organization)
    const names = kafkaNames(settings.topic)
    const ids = exportOf(40)
    const first = await open(t, settings)
    await publishAll(first, organization, { ids: ids.slice(0, 10), batchSize: 10 })
    const hidden = [settings.topic, names.checkpoint]
    const starts = await settledEnds(broker.brokers, hidden)
    const transaction = await openTransaction(t, hidden)
    // Committed, and behind the transaction: to a reader of committed records topic and checkpoint look as before.
    await publishAll(first, organization, { ids: ids.slice(0, 20), batchSize: 10 })
    await first.close()
    await fence(t, settings)

    const next = await open(t, settings)
    const before = await fetchHighWatermarks(client(), allTopics(names), [0])
    await assert.rejects(next.resume(organization, forever), (error: unknown) => {
      assert.ok(error instanceof ConnectorError)
      assert.equal(error.code, 'JOURNAL_UNAVAILABLE')
      assert.equal(error.retryable, true)
      const tool = `kafka-transactions.sh --bootstrap-server ${broker!.brokers}`
      for (const [topic, start] of starts) {
        assert.ok(error.message.includes(`${topic}[0] from offset ${start} on`), error.message)
        const place = `--topic ${topic} --partition 0`
        assert.ok(error.message.includes(`\n${tool} find-hanging ${place}\n`), error.message)
        assert.ok(
          `${error.message}\n`.includes(`\n${tool} abort ${place} --start-offset ${start}\n`),
          error.message,
        )
      }
      return true
    })
    assert.deepEqual(await fetchHighWatermarks(client(), allTopics(names), [0]), before)

    await transaction.abort()
    await publishAll(next, organization, { ids, batchSize: 10 })
    await assertExactlyOnce(broker.brokers, settings.topic, organization, ids)
  })

  test('is refused in every topic that the shard writes in', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor(organization)
    const names = kafkaNames(settings.topic)
    const journal = await open(t, settings)
    const topics = Object.values(names.topics)
    const transaction = await openTransaction(t, topics)
    await assert.rejects(journal.resume(organization, forever), (error: Error) => {
      for (const topic of topics)
        assert.ok(error.message.includes(`${topic}[0] from offset 0 on`), error.message)
      assert.ok(!error.message.includes(names.checkpoint), error.message)
      return true
    })
    await transaction.abort()
    await publishAll(journal, organization, { ids: exportOf(10), batchSize: 10 })
    await assertExactlyOnce(broker.brokers, settings.topic, organization, exportOf(10))
  })

  test('is waited for when its end is only on its way, and no longer than anyone wants', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = settingsFor(organization)
    let onWaiting = () => {}
    const waiting = () => new Promise<void>(resolve => (onWaiting = resolve))
    const listening: Logger = {
      ...silentLogger,
      debug(_fields, message) {
        if (message === 'a transaction has not ended yet') onWaiting()
      },
    }
    const journal = await open(t, settings, listening)
    const transaction = await openTransaction(t, [settings.topic])

    const stop = new AbortController()
    const begun = waiting()
    const stopped = assert.rejects(journal.resume(organization, stop.signal), { code: 'STOPPED' })
    await begun
    stop.abort()
    await stopped

    const begunAgain = waiting()
    const resumed = journal.resume(organization, forever)
    await begunAgain
    await transaction.abort()
    assert.equal((await resumed).head, undefined)
  })

  test('counts as what waits to be forwarded, as it is about to be committed', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor(freshOrganization())
    await open(t, settings)
    const source = createKafkaForwardingSource(settings, { log })
    t.after(() => source.close())
    await source.open(forever)
    assert.equal(await source.backlog(), 0)
    await openTransaction(t, [settings.topic])
    assert.equal(await source.backlog(), 1)
  })
})
