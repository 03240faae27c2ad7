import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs from 'kafkajs'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReader } from '../../src/kafka/reader.ts'
import { type KafkaSettings, kafkaNames, transactionalId } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { JournalEntry } from '../../src/ports.ts'
import { batchFrom, freshOrganization } from '../contract/batches.ts'
import { eventually, sequencesOf } from '../contract/under-test.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { exportOf, publishAll } from './publishing.ts'
import { settledEnds } from './settled.ts'

const log = silentLogger
const forever = new AbortController().signal

describe('aborted records', async () => {
  let broker: KafkaServer | undefined
  before(async t => {
    if (await requireStack(t as TestContext, 'kafka')) broker = await startKafka()
  })
  after(() => broker?.stop())

  test('never reach OTLP or a reader, and are not taken for records that retention deleted', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = testSettings(broker.brokers, [organization], { partitions: 1 })
    const publish = async (count: number): Promise<void> => {
      const journal = createKafkaJournal(settings, { log, membership: 'alone' })
      await journal.open(forever)
      await publishAll(journal, organization, { ids: exportOf(count), batchSize: 10 })
      await journal.close()
    }
    // A cursor that stands right before them, one before them and others, and one that meets nothing but them.
    await abort(settings, await publishOf(settings, 0))
    await publish(20)
    await abort(settings, await publishOf(settings, 20))
    const first = await forwarded(settings, 20)
    await abort(settings, await publishOf(settings, 20))
    const nothing = await forwarded(settings, 0)
    await publish(30)
    await abort(settings, await publishOf(settings, 30))
    await publish(40)
    const second = await forwarded(settings, 20)

    assert.deepEqual(sequencesOf(first), sequences(1, 20))
    assert.deepEqual(sequencesOf(nothing), [])
    assert.deepEqual(sequencesOf(second), sequences(21, 40))
    const findings = [...first, ...nothing, ...second].filter(({ stream }) => stream === 'findings')
    assert.deepEqual(findings, [])

    const reader = createKafkaReader(settings, { log })
    t.after(() => reader.close())
    await reader.open(forever)
    const options = { streams: ['events' as const], fromBeginning: true, follow: false }
    assert.deepEqual(sequencesOf(await Array.fromAsync(reader.tail(options, forever))), sequences(1, 40))
  })

  /** Real values that would go on from that sequence. */
  async function publishOf(settings: KafkaSettings, sequence: number): Promise<Buffer[]> {
    const journal = createKafkaJournal(settings, { log, membership: 'alone' })
    await journal.open(forever)
    const [organization] = settings.organizations
    const checkpoint = await journal.resume(organization!, forever)
    assert.equal(checkpoint.head?.sequence ?? 0, sequence)
    const batch = batchFrom(journal, organization!, checkpoint, { events: 15 })
    await journal.close()
    return batch.events.map(({ value }) => value)
  }
})

function sequences(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

/** What a worker leaves behind whose transaction was not committed. */
async function abort(settings: KafkaSettings, values: readonly Buffer[]): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [...settings.brokers], logLevel: kafkajs.logLevel.NOTHING })
  const producer = client.producer({
    transactionalId: transactionalId(settings.topic, 0),
    maxInFlightRequests: 1,
    idempotent: true,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const transaction = await producer.transaction()
  const key = settings.organizations[0]!.identity
  await transaction.send({
    topic: settings.topic,
    messages: values.map(value => ({ key, value, partition: 0 })),
  })
  await transaction.abort()
  await producer.disconnect()
}

/** What a forwarder hands over until nothing is left, and it has handed over so many events. */
async function forwarded(settings: KafkaSettings, events: number): Promise<JournalEntry[]> {
  await settledEnds(settings.brokers[0]!, Object.values(kafkaNames(settings.topic).topics))
  const source = createKafkaForwardingSource(settings, { log })
  await source.open(forever)
  const delivered: JournalEntry[] = []
  const end = new AbortController()
  const running = source.run(async entries => void delivered.push(...entries), { maxEntries: 7 }, end.signal)
  const isDrained = await eventually(
    async () => sequencesOf(delivered).length >= events && (await source.backlog()) === 0,
  )
  end.abort()
  await running
  await source.close()
  assert.ok(isDrained, `after ${sequencesOf(delivered).length} events`)
  return delivered
}
