import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { pollOnce, until } from '../support/main-job.ts'
import { countUids } from '../support/readers/collector-file.ts'
import { readContainer } from '../support/readers/container.ts'
import { readRecords } from '../support/readers/python.ts'
import { killedTwice, range, replayed, sequencesInLines, sequencesOf } from '../support/replay-check.ts'
import { type CollectorServer, startCollector } from '../support/stack/collector.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { temporaryFolder } from '../support/stack/temporary-folder.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/**
 * `hf-audit replay` from Kafka, as a process beside the pipeline. What arrived is counted by librdkafka, fastavro and
 * the collector, which share no code with this project.
 */
const NAMES = ['example-org', 'second-example', 'third-example']
const EVENTS = 6_000
const ALL = NAMES.length * EVENTS
const PREFIX = 'live'
const EVERYTHING = ['--from', '2020-01-01', '--to', '2100-01-01']
const whole = Object.fromEntries(NAMES.map(name => [name, range(1, EVENTS)]))

suite('replay, from a real Kafka', async () => {
  const ready = await requireStack({ skip: () => {} }, 'kafka', 'collector', 'python')
  const skip = ready ? {} : { skip: 'a real Kafka, collector or Python is missing' }
  let kafka: KafkaServer
  let hub: Simulator
  let live: CollectorServer
  let folder: { readonly path: string; remove(): Promise<void> }
  let admin: ReturnType<Kafka['admin']>
  let environment: Record<string, string>

  before(async () => {
    if (!ready) return
    kafka = await startKafka()
    live = await startCollector()
    folder = await temporaryFolder('replay')
    hub = createSimulator({ organizations: NAMES, events: EVENTS })
    const { url } = await hub.start()
    admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    environment = {
      HF_ENDPOINT: url,
      HF_TOKEN: 'hf_simulated',
      HF_AUDIT_ORGANIZATIONS: NAMES.join(','),
      HF_AUDIT_DATA_DIR: join(folder.path, 'data'),
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC: PREFIX,
      OTEL_EXPORTER_OTLP_ENDPOINT: live.endpoint,
    }
    const { code, stderr } = await pollOnce(environment)
    assert.equal(code, 0, stderr)
  })
  after(async () => {
    await admin?.disconnect()
    await hub?.stop()
    await live?.stop()
    await kafka?.stop()
    await folder?.remove()
  })

  const liveTopics = [
    PREFIX,
    ...['.checkpoint', '.dead-letter', '.findings', '.ledger'].map(name => PREFIX + name),
  ]
  /** All that a replay could disturb. */
  async function liveState(): Promise<unknown> {
    const cursor = await admin.fetchOffsets({
      groupId: `${PREFIX}.forwarder`,
      topics: [PREFIX, `${PREFIX}.ledger`],
    })
    const ends = await Promise.all(liveTopics.map(topic => admin.fetchTopicOffsets(topic)))
    return { cursor, ends }
  }
  async function written(topic: string): Promise<number> {
    const offsets = await admin.fetchTopicOffsets(topic).catch(() => [])
    return offsets.reduce((sum, { high }) => sum + Number(high), 0)
  }
  async function assertWholeTopic(topic: string): Promise<void> {
    const summary = await readRecords({ brokers: kafka.brokers, topic })
    assert.deepEqual([summary.problems, summary.records, summary.distinctIds], [[], ALL, ALL])
    for (const name of NAMES) {
      const { inOrder, holes, chainFromStart, chainUnbroken } = summary.keys[name]!
      assert.deepEqual([inOrder, holes, chainFromStart, chainUnbroken], [true, 0, true, true])
    }
  }

  test(
    'into another topic with other partitions: SIGKILL twice, each record once; finished; once more',
    skip,
    async () => {
      const before = await liveState()
      await admin.createTopics({ topics: [{ topic: 'copy', numPartitions: 3 }], waitForLeaders: true })
      const parameters = [...EVERYTHING, '--to-topic', 'copy']
      await killedTwice(environment, parameters, { arrived: () => written('copy'), step: 2_500, count: ALL })
      await assertWholeTopic('copy')

      const again = await replayed(environment, ...parameters)
      assert.deepEqual([again.result, again.records], ['finished before', ALL])
      await assertWholeTopic('copy')
      assert.deepEqual(await liveState(), before, 'cursor and topics of the pipeline')

      const another = await runHfAudit(['replay', ...parameters, '--name', 'other'], environment)
      assert.equal(another.code, 2)
      assert.match(another.stderr, /holds something already[\s\S]*--again/)
      const one = [
        '--organization',
        NAMES[0]!,
        '--from-sequence',
        '11',
        '--to-sequence',
        '20',
        '--to-topic',
        'copy',
      ]
      const appended = await replayed(environment, ...one, '--again')
      assert.deepEqual([appended.records, appended.run], [10, 1])
      assert.equal((await replayed(environment, ...one, '--again')).run, 2)
      const summary = await readRecords({ brokers: kafka.brokers, topic: 'copy' })
      assert.deepEqual([summary.records, summary.distinctIds, summary.undecoded], [ALL + 20, ALL, 0])
    },
  )

  test(
    'to a collector: SIGKILL twice, all of it at least once, the cursor is kept in Kafka',
    skip,
    async t => {
      const collector = await startCollector()
      t.after(() => collector.stop())
      // Slow enough that the collector's file tells of the first records before the last ones are sent.
      const proxy = await startTcpProxy(await freePort(), collector.port)
      t.after(() => proxy.close())
      proxy.delay(50)
      const to = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${proxy.port}` }
      const before = await liveState()
      const arrived = async () =>
        (await countUids(collector.outputFile).catch(() => ({ records: 0 }))).records
      await killedTwice(to, [...EVERYTHING, '--to-otlp', '--name', 'siem'], {
        arrived,
        step: 2_500,
        count: ALL,
      })
      await until('the last ones', async () => (await countUids(collector.outputFile)).distinctUids >= ALL)
      const { records, distinctUids } = await countUids(collector.outputFile)
      assert.equal(distinctUids, ALL)
      assert.ok(records < ALL + 20_000, `${records}: it went on, it did not begin again`)
      assert.deepEqual(await liveState(), before)

      // From another machine the same name goes on with the same cursor.
      const elsewhere = { ...to, HF_AUDIT_DATA_DIR: join(folder.path, 'elsewhere') }
      assert.equal(
        (await replayed(elsewhere, ...EVERYTHING, '--to-otlp', '--name', 'siem')).result,
        'finished before',
      )
      const { code, stderr } = await runHfAudit(
        ['replay', '--from', '2021-01-01', '--to-otlp', '--name', 'siem'],
        to,
      )
      assert.equal(code, 2)
      assert.match(stderr, /A replay named siem has finished with other arguments:\n {2}before: --from 2020/)
    },
  )

  test('to files: SIGKILL twice, whole records only, each once', skip, async () => {
    const before = await liveState()
    const size = (path: string) => async () => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    const json = join(folder.path, 'all.json')
    await killedTwice(environment, [...EVERYTHING, '--to-json', json], {
      arrived: size(json),
      step: 8_000_000,
      count: ALL,
    })
    assert.deepEqual(await sequencesInLines(json), whole)
    const avro = join(folder.path, 'all.avro')
    await killedTwice(environment, [...EVERYTHING, '--to-avro', avro], {
      arrived: size(avro),
      step: 1_000_000,
      count: ALL,
    })
    const { codec, schema, records } = await readContainer(avro)
    assert.deepEqual([codec, schema.name.split('.').at(-1)], ['deflate', 'AuditRecord'])
    assert.deepEqual(sequencesOf(records), whole)
    assert.deepEqual(await liveState(), before)
  })

  test(
    'the broker is killed in the middle and comes back: it waits, and each record is there once',
    skip,
    async t => {
      await admin.createTopics({ topics: [{ topic: 'bounced', numPartitions: 2 }], waitForLeaders: true })
      const running = startHfAudit(['replay', ...EVERYTHING, '--to-topic', 'bounced'], environment)
      t.after(() => running.kill('SIGKILL'))
      await until('the first records', async () => (await written('bounced')) >= 2_500, 2)
      await kafka.kill()
      await running.logLine(({ msg }) => /trying again/.test(String(msg)))
      await kafka.restart()
      assert.equal(await running.ended, 0, running.stderr())
      await assertWholeTopic('bounced')
    },
  )

  test(
    'beside a running worker: nothing is fenced, no record is doubled, all is forwarded',
    skip,
    async t => {
      const running = startHfAudit(['run'], { ...environment, HF_AUDIT_POLL_INTERVAL: '3s' })
      t.after(() => running.kill('SIGKILL'))
      await running.logLine(line => line.msg === 'polled')
      const collector = await startCollector()
      t.after(() => collector.stop())
      const to = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
      for (const target of [
        ['--to-topic', 'beside'],
        ['--to-otlp'],
        ['--to-avro', join(folder.path, 'beside.avro')],
      ]) {
        for (const organization of NAMES) hub.append({ events: 5, organization })
        // Everything before 2100 would take what comes meanwhile too.
        await replayed(to, '--from', '2020-01-01', '--to', new Date().toISOString(), ...target)
      }
      const published = () => running.logLines().reduce((sum, line) => sum + Number(line.published ?? 0), 0)
      await until('the new events', () => published() >= 45)
      running.kill('SIGTERM')
      assert.equal(await running.ended, 0)
      const told = running.logLines().filter(({ level }) => level !== 'info')
      assert.deepEqual(told, [], 'no warning, no error')
      const summary = await readRecords({ brokers: kafka.brokers, topic: PREFIX })
      assert.deepEqual([summary.problems, summary.records, summary.distinctIds], [[], ALL + 45, ALL + 45])
      assert.equal((await pollOnce(environment)).code, 0)
      // Beside the events the ledger entries.
      await until(
        'all at the live collector',
        async () => (await countUids(live.outputFile)).distinctUids > ALL + 45,
      )
    },
  )

  test('a live topic is refused; a dry run tells what would go and makes nothing', skip, async () => {
    const refused = await runHfAudit(['replay', ...EVERYTHING, '--to-topic', `${PREFIX}.ledger`], environment)
    assert.equal(refused.code, 2)
    assert.match(refused.stderr, /"live\.ledger", a topic of the running pipeline live/)
    const parameters = ['--organization', NAMES[1]!, '--from-sequence', '5990', '--to-sequence', '6000']
    const { code, stdout, stderr } = await runHfAudit(
      ['replay', ...parameters, '--to-topic', 'never-made', '--dry-run'],
      environment,
    )
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^11 records would be sent to the topic never-made by the replay [0-9a-f]{12}:\n/)
    assert.match(
      stdout,
      /second-example: 11 records, sequences 5990 to 6000, created .*Z, received .*Z\nNothing was sent/,
    )
    assert.ok(!(await admin.listTopics()).includes('never-made'))
  })
})
