import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { exists } from '../support/stack/cache.ts'
import { type KafkaOptions, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'

async function kafkaWithTopic(t: TestContext, options: KafkaOptions = {}) {
  const server = await startKafka(options)
  t.after(() => server.stop())
  const client = new Kafka({ brokers: [server.brokers], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 1 }], waitForLeaders: true })
  return { server, client, admin }
}

async function commitRecords(
  client: Kafka,
  values: readonly string[],
  afterwards: () => Promise<void> = async () => {},
): Promise<void> {
  const producer = client.producer({
    transactionalId: 'stack-test',
    idempotent: true,
    maxInFlightRequests: 1,
  })
  await producer.connect()
  const transaction = await producer.transaction()
  const messages = values.map(value => ({ key: 'k', value, partition: 0 }))
  await transaction.send({ topic: 'events', messages })
  await transaction.commit()
  await afterwards()
  await producer.disconnect()
}

async function readCommitted(client: Kafka, wanted: number): Promise<string[]> {
  const consumer = client.consumer({ groupId: `reader-${Math.random()}` })
  await consumer.connect()
  await consumer.subscribe({ topic: 'events', fromBeginning: true })
  const values: string[] = []
  try {
    await new Promise<void>((resolve, reject) => {
      const tooLate = setTimeout(
        () => reject(new Error(`read ${values.length} of ${wanted} in 30 s`)),
        30_000,
      )
      const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
        values.push(String(message.value))
        if (values.length < wanted) return
        clearTimeout(tooLate)
        resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return values
}

test('Kafka commits a transaction and keeps it over a restart and a SIGKILL', {
  timeout: 600_000,
}, async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const { server, client } = await kafkaWithTopic(t)
  await commitRecords(client, ['a', 'b'])
  await server.restart()
  assert.deepEqual(await readCommitted(client, 2), ['a', 'b'])
  const values = ['a', 'b']
  for (const value of ['c', 'd', 'e']) {
    // At once: the coordinator may not have ended the transaction in the topic yet, though it said it is committed.
    await commitRecords(client, [value], () => server.kill())
    await server.restart()
    values.push(value)
    assert.deepEqual(await readCommitted(client, values.length), values)
  }
})

test('properties reach the node, and a folder given for its data outlives it', {
  timeout: 600_000,
}, async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const folder = await mkdtemp(join(tmpdir(), 'hf-audit-data-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const dataDir = join(folder, 'data')
  const { server, client } = await kafkaWithTopic(t, { dataDir, properties: { 'message.max.bytes': '1000' } })
  const producer = client.producer({ retry: { retries: 0 } })
  await producer.connect()
  const tooLarge = { topic: 'events', messages: [{ value: 'x'.repeat(2_000) }] }
  await assert.rejects(producer.send(tooLarge), { type: 'MESSAGE_TOO_LARGE' })
  await producer.disconnect()
  await commitRecords(client, ['kept'])
  await server.stop()
  assert.equal(await exists(server.logFile), false)

  const again = await startKafka({ dataDir })
  t.after(() => again.stop())
  const onSameData = new Kafka({ brokers: [again.brokers], logLevel: logLevel.NOTHING })
  assert.deepEqual(await readCommitted(onSameData, 1), ['kept'])
})

test('a paused Kafka takes connections and answers nothing until it is resumed', {
  timeout: 600_000,
}, async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const { server, admin } = await kafkaWithTopic(t)
  server.pause()
  const socket = connect(server.port, '127.0.0.1')
  t.after(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const topics = admin.listTopics()
  assert.equal(await Promise.race([topics.then(() => 'answered'), sleep(700, 'silent')]), 'silent')
  server.resume()
  assert.deepEqual(await topics, ['events'])
})

test('a node that cannot start says why', { timeout: 600_000 }, async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const start = startKafka({ properties: { 'log.cleaner.threads': 'many' } })
  await assert.rejects(start, /Apache Kafka did not come up.*log\.cleaner\.threads/s)
})
