import assert from 'node:assert/strict'
import { test } from 'node:test'
import kafkajs from 'kafkajs'
import { compressFrame } from 'lz4-napi'
import { compress } from 'snappy'
import { registerCodecs } from '../../src/kafka/codecs.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReader } from '../../src/kafka/reader.ts'
import { silentLogger } from '../../src/log.ts'
import { freshOrganization } from '../contract/batches.ts'
import { sequencesOf } from '../contract/under-test.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { exportOf, publishAll } from './publishing.ts'

const log = silentLogger
const { CompressionCodecs, CompressionTypes } = kafkajs
const forever = new AbortController().signal

interface Codec {
  decompress(buffer: Buffer): Promise<Buffer>
}

test('snappy as librdkafka writes it, and as Java does, in blocks behind a header', async () => {
  registerCodecs()
  const codec = CompressionCodecs[CompressionTypes.Snappy]!() as Codec
  const parts = [Buffer.alloc(40_000, 'one'), Buffer.alloc(300, 'two')]
  assert.deepEqual(await codec.decompress(await compress(parts[0]!)), parts[0])
  const blocks = await Promise.all(parts.map(part => compress(part)))
  const framed = blocks.flatMap(block => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    return [length, block]
  })
  const header = Buffer.from('82534e41505059000000000100000001', 'hex')
  assert.deepEqual(await codec.decompress(Buffer.concat([header, ...framed])), Buffer.concat(parts))
  await assert.rejects(codec.decompress(Buffer.from('no snappy')))
})

test('lz4 frames', async () => {
  registerCodecs()
  const codec = CompressionCodecs[CompressionTypes.LZ4]!() as Codec
  const whole = Buffer.alloc(400_000, 'audit')
  assert.deepEqual(await codec.decompress(await compressFrame(whole)), whole)
})

test('whatever the broker makes of the batches: a trail in every compression is gone on with, and read', async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const broker = await startKafka()
  t.after(() => broker.stop())
  const organization = freshOrganization()
  const settings = testSettings(broker.brokers, [organization], { partitions: 1 })
  const admin = new kafkajs.Kafka({
    brokers: [broker.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  let published = 0
  for (const compression of ['producer', 'snappy', 'lz4', 'zstd', 'gzip', 'uncompressed']) {
    if (published > 0) {
      const entry = { name: 'compression.type', value: compression }
      const type = kafkajs.ConfigResourceTypes.TOPIC
      // What is not named goes back to the default.
      const compacted = { name: 'cleanup.policy', value: 'compact' }
      const resources = [
        { type, name: settings.topic, configEntries: [entry] },
        { type, name: `${settings.topic}.checkpoint`, configEntries: [entry, compacted] },
      ]
      await admin.alterConfigs({ validateOnly: false, resources })
    }
    published += 20
    // Each start reads the checkpoint and the last event.
    const journal = createKafkaJournal(settings, { log, membership: 'alone' })
    await journal.open(forever)
    const { failures } = await publishAll(journal, organization, { ids: exportOf(published), batchSize: 20 })
    await journal.close()
    assert.deepEqual(failures, [], compression)
  }
  const reader = createKafkaReader(settings, { log })
  t.after(() => reader.close())
  await reader.open(forever)
  const options = { streams: ['events' as const], fromBeginning: true, follow: false }
  assert.deepEqual(
    sequencesOf(await Array.fromAsync(reader.tail(options, forever))),
    Array.from({ length: published }, (_, index) => index + 1),
  )
})
