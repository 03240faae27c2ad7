import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { createSimulator } from '../../src/simulator/simulator.ts'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { eventText } from '../support/exports.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { countUids } from '../support/readers/collector-file.ts'
import { type ReadSummary, readRecords } from '../support/readers/python.ts'
import { startCollector } from '../support/stack/collector.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { type RegistryServer, startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'

/**
 * The main job on real parts: simulated Hub → hf-audit → Apache Kafka with a schema registry → OpenTelemetry Collector.
 * What is in the topic is counted by librdkafka and fastavro, which share no code with this project.
 */
suite('the main job, on a real Kafka', async () => {
  const ready = await requireStack({ skip: () => {} }, 'kafka', 'registry', 'collector', 'python')
  let kafka: KafkaServer
  let registry: RegistryServer
  let admin: ReturnType<Kafka['admin']>
  let topics = 0

  before(async () => {
    if (!ready) return
    kafka = await startKafka()
    registry = await startRegistry()
    const client = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING })
    admin = client.admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await registry?.stop()
    await kafka?.stop()
  })

  const onKafka = (environment: Record<string, string>): Record<string, string> => {
    topics += 1
    const KAFKA_TOPIC = `main-job-${topics}`
    return { ...environment, KAFKA_TOPIC, KAFKA_BROKERS: kafka.brokers, SCHEMA_REGISTRY_URL: registry.url }
  }
  const read = (environment: Record<string, string>): Promise<ReadSummary> =>
    readRecords({ brokers: kafka.brokers, topic: environment.KAFKA_TOPIC!, registryUrl: registry.url })
  const published = async (environment: Record<string, string>): Promise<number> => {
    const offsets = await admin.fetchTopicOffsets(environment.KAFKA_TOPIC!).catch(() => [])
    return offsets.reduce((sum, { high }) => sum + Number(high), 0)
  }
  const skip = ready ? {} : { skip: 'a real Kafka, registry, collector or Python is missing' }

  function assertWhole(summary: ReadSummary, count: number): void {
    assert.deepEqual(summary.problems, [])
    assert.equal(summary.records, count)
    assert.equal(summary.undecoded, 0)
    assert.equal(summary.distinctIds, count)
    const trail = summary.keys[organization]!
    assert.deepEqual(
      [trail.minSequence, trail.maxSequence, trail.holes, trail.chainFromStart, trail.chainUnbroken],
      [1, count, 0, true, true],
    )
  }

  test(
    '100,000 events: each once in Kafka, decoded by another reader, and at the collector',
    skip,
    async t => {
      const { environment: base } = await simulatedHub(t, { events: 100_000 })
      const collector = await startCollector()
      t.after(() => collector.stop())
      const environment = { ...onKafka(base), OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
      const first = await pollOnce(environment)
      assert.equal(first.code, 0, first.stderr)
      assert.equal(first.ledger?.published, 100_000)
      assertWhole(await read(environment), 100_000)
      const second = await pollOnce(environment)
      assert.equal(second.ledger?.published, 0, 'an unchanged poll publishes nothing')
      // Beside the events the collector has the two polls' ledger entries.
      const uids = await countUids(collector.outputFile)
      assert.equal(uids.distinctUids, 100_002)
    },
  )

  for (const order of ['newest-first', 'oldest-first', 'shuffled'] as const) {
    test(
      `ten new events of which three have an old createdAt: exactly those ten, ${order}`,
      skip,
      async t => {
        const { hub, environment: base } = await simulatedHub(t, { events: 3_000, order, prepared: false })
        const environment = onKafka(base)
        assert.equal((await pollOnce(environment)).ledger?.published, 3_000)
        hub.append({ events: 7 })
        hub.append({ events: 3, createdAt: '2019-05-05T00:00:00Z' })
        assert.equal((await pollOnce(environment)).ledger?.published, 10)
        assertWhole(await read(environment), 3_010)
      },
    )
  }

  test(
    'SIGKILL in the middle of the backfill: after the restart each event once, none missing',
    skip,
    async t => {
      const { environment: base } = await simulatedHub(t, { events: 60_000 })
      const environment = onKafka({ ...base, KAFKA_SESSION_TIMEOUT: '6s' })
      for (const killAt of [5_000, 30_000]) {
        const running = startHfAudit(['run'], environment)
        await until(`${killAt} records`, async () => (await published(environment)) > killAt, 10)
        running.kill('SIGKILL')
        assert.equal(await running.ended, 'SIGKILL')
        assert.ok((await published(environment)) < 60_000, 'killed too late to prove anything')
      }
      const last = await pollOnce(environment)
      assert.equal(last.code, 0, last.stderr)
      assertWhole(await read(environment), 60_000)
    },
  )

  test(
    'the collector is down for the whole backfill: Kafka complete at once, after its start all arrive',
    skip,
    async t => {
      const { environment: base } = await simulatedHub(t, { events: 20_000 })
      const collector = await startCollector()
      t.after(() => collector.stop())
      await collector.kill()
      const environment = { ...onKafka(base), OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
      const running = startHfAudit(['run'], environment)
      t.after(() => running.kill('SIGKILL'))
      const polled = await running.logLine(line => line.msg === 'polled')
      assert.equal(polled.published, 20_000)
      assertWhole(await read(environment), 20_000)
      await collector.restart()
      await until(
        'all records at the collector',
        async () => (await countUids(collector.outputFile)).distinctUids >= 20_001,
        500,
      )
      running.kill('SIGTERM')
      assert.equal(await running.ended, 0)
    },
  )

  test(
    'lost state: the checkpoint topic is deleted, the next start rebuilds it and publishes no double',
    skip,
    async t => {
      const { hub, environment: base } = await simulatedHub(t, { events: 5_000, prepared: false })
      hub.fault({ kind: 'poison', times: 1 })
      const environment = onKafka(base)
      const first = await pollOnce(environment)
      assert.equal(first.code, 0, first.stderr)
      const before = await published(environment)
      await admin.deleteTopics({ topics: [`${environment.KAFKA_TOPIC}.checkpoint`] })
      await until(
        'the topic to be gone',
        async () => !(await admin.listTopics()).includes(`${environment.KAFKA_TOPIC}.checkpoint`),
      )
      const second = await pollOnce(environment)
      assert.equal(second.code, 0, second.stderr)
      assert.equal(second.ledger?.published, 0)
      assert.ok((await published(environment)) >= before)
      assertWhole(await read(environment), 5_000)
    },
  )

  test(
    'a checkpoint topic with another cleanup policy is refused: exit 4 with the command that mends it',
    skip,
    async t => {
      const { environment: base } = await simulatedHub(t, { events: 10 })
      const environment = onKafka(base)
      assert.equal((await pollOnce(environment)).code, 0)
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: 2,
            name: `${environment.KAFKA_TOPIC}.checkpoint`,
            configEntries: [{ name: 'cleanup.policy', value: 'compact,delete' }],
          },
        ],
      })
      const refused = await pollOnce(environment)
      assert.equal(refused.code, 4)
      assert.match(refused.stderr, /kafka-configs.*cleanup\.policy=compact/)
    },
  )

  test('topics with different partition counts are refused: exit 4 with the mend', skip, async t => {
    const { environment: base } = await simulatedHub(t, { events: 10 })
    const environment = onKafka(base)
    assert.equal((await pollOnce(environment)).code, 0)
    await admin.createPartitions({ topicPartitions: [{ topic: environment.KAFKA_TOPIC!, count: 12 }] })
    const refused = await pollOnce(environment)
    assert.equal(refused.code, 4)
    assert.match(refused.stderr, /partition/)
  })

  test('every organization has its own trail on its own partition', skip, async t => {
    const names = ['acme-example', 'globex-example', 'initech-example']
    const hub = createSimulator({ organizations: names, events: 300 })
    const { url } = await hub.start()
    t.after(() => hub.stop())
    const { environment: base } = await simulatedHub(t, { events: 0 })
    const environment = onKafka({ ...base, HF_ENDPOINT: url, HF_AUDIT_ORGANIZATIONS: names.join(',') })
    const { code, stderr } = await pollOnce(environment)
    assert.equal(code, 0, stderr)
    const summary = await read(environment)
    assert.deepEqual(summary.problems, [])
    for (const name of names) {
      const trail = summary.keys[name]!
      assert.deepEqual(
        [trail.count, trail.maxSequence, trail.holes, trail.chainUnbroken],
        [300, 300, 0, true],
      )
    }
  })

  test(
    'an import beside a running worker: what is missing is added once, and the worker goes on',
    skip,
    async t => {
      const { hub, environment: base } = await simulatedHub(t, { events: 500, prepared: false })
      const environment = { ...onKafka(base), HF_AUDIT_POLL_INTERVAL: '1s' }
      const older = [1, 2, 3].map(n => eventText(n, Date.UTC(2020, 0, n)))
      const known = Array.from({ length: 500 }, (_, index) => hub.element(index + 1).toString())
      const file = join(base.HF_AUDIT_DATA_DIR!, 'saved.json')
      writeFileSync(file, `[${[...known, ...older].join(',')}]`)
      const running = startHfAudit(['run'], environment)
      t.after(() => running.kill('SIGKILL'))
      await running.logLine(line => line.msg === 'polled' && line.published === 500)
      const imported = await runHfAudit(['import', file, '--organization', organization], environment)
      assert.equal(imported.code, 0, imported.stderr)
      const { kind, published, alreadySeen } = imported.logLines.find(line => line.msg === 'polled')!
      assert.deepEqual([kind, published, alreadySeen], ['IMPORT', 3, 500])
      hub.append({ events: 20 })
      await running.logLine(line => line.msg === 'polled' && line.published === 20)
      running.kill('SIGTERM')
      assert.equal(await running.ended, 0)
      assertWhole(await read(environment), 523)
    },
  )
})
