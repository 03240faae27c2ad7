import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, suite, type TestContext, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { countUids } from '../support/readers/collector-file.ts'
import { readRecords } from '../support/readers/python.ts'
import { startCollector } from '../support/stack/collector.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { type RegistryServer, startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'

const names = ['acme-example', 'globex-example']

/** From the embedded journal to a real Kafka, and on from there. */
suite('hf-audit migrate, to a real Kafka', async () => {
  const ready = await requireStack({ skip: () => {} }, 'kafka', 'registry', 'collector', 'python')
  const skip = ready ? {} : { skip: 'a real Kafka, registry, collector or Python is missing' }
  let kafka: KafkaServer
  let registry: RegistryServer
  let client: Kafka
  let topics = 0

  before(async () => {
    if (!ready) return
    kafka = await startKafka()
    registry = await startRegistry()
    client = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING })
  })
  after(async () => {
    await registry?.stop()
    await kafka?.stop()
  })

  type Environment = Record<string, string> & { readonly KAFKA_TOPIC: string }
  const onKafka = (environment: Record<string, string>, partitions: number): Environment => {
    topics += 1
    const KAFKA_TOPIC = `migrate-${topics}`
    const KAFKA_PARTITIONS = String(partitions)
    return { ...environment, KAFKA_TOPIC, KAFKA_BROKERS: kafka.brokers, KAFKA_PARTITIONS }
  }

  /** Two organizations whose first events were forwarded, in the embedded journal. */
  async function embedded(t: TestContext, events: number) {
    const hub = createSimulator({ organizations: names, events })
    const { url } = await hub.start()
    t.after(() => hub.stop())
    const { environment } = await simulatedHub(t, { events: 0 })
    const HF_AUDIT_ORGANIZATIONS = names.join(',')
    const own: Record<string, string> = { ...environment, HF_ENDPOINT: url, HF_AUDIT_ORGANIZATIONS }
    return { hub, environment: own }
  }

  /** Each organization's last anchor in the log of a run. */
  function anchorsIn(stderr: string): Record<string, unknown> {
    const lines = stderr.split('\n').filter(line => line.startsWith('{'))
    const polled = lines.map(line => JSON.parse(line)).filter(line => line.msg === 'polled')
    return Object.fromEntries(polled.map(({ organization, anchor }) => [organization, anchor]))
  }

  async function assertWhole(environment: Environment, counts: readonly number[]): Promise<void> {
    const registryUrl = environment.SCHEMA_REGISTRY_URL
    const summary = await readRecords({
      brokers: kafka.brokers,
      topic: environment.KAFKA_TOPIC,
      ...(registryUrl === undefined ? {} : { registryUrl }),
    })
    assert.deepEqual(summary.problems, [])
    for (const [index, name] of names.entries()) {
      const { count, minSequence, maxSequence, holes, chainFromStart, chainUnbroken } = summary.keys[name]!
      assert.deepEqual(
        [count, minSequence, maxSequence, holes, chainFromStart, chainUnbroken],
        [counts[index], 1, counts[index], 0, true, true],
      )
    }
    const total = counts.reduce((sum, count) => sum + count, 0)
    assert.deepEqual([summary.records, summary.distinctIds, summary.undecoded], [total, total, 0])
  }

  function disturb(hub: Simulator): void {
    for (const organization of names) hub.append({ events: 40, organization })
    hub.fault({ kind: 'poison', times: 2 })
  }

  test('two trails in one shard, a part of them forwarded: all goes on, with a registry', skip, async t => {
    const { hub, environment: base } = await embedded(t, 200)
    const collector = await startCollector()
    t.after(() => collector.stop())
    const otlp = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
    const filter = { HF_AUDIT_EXCLUDE: 'repo.create' }
    const first = await pollOnce({ ...base, ...otlp, ...filter })
    assert.equal(first.code, 0, first.stderr)
    const forwarded = (await countUids(collector.outputFile)).records
    // Not forwarded yet: new events, and the ledger entry of each poll.
    disturb(hub)
    const second = await pollOnce({ ...base, ...filter })
    assert.equal(second.code, 0, second.stderr)
    const anchors = anchorsIn(second.stderr)
    const counts = names.map(name => Number(String(anchors[name]).split(':')[0]))

    const environment = { ...onKafka(base, 1), SCHEMA_REGISTRY_URL: registry.url }
    const dry = await runHfAudit(['migrate', '--dry-run'], environment)
    assert.equal(dry.code, 0, dry.stderr)
    for (const name of names) assert.ok(dry.stdout.includes(String(anchors[name])), dry.stdout)
    const moved = await runHfAudit(['migrate', '--yes'], environment)
    assert.equal(moved.code, 0, moved.stderr)
    await assertWhole(environment, counts)
    const again = await runHfAudit(['migrate', '--yes'], environment)
    assert.match(again.stdout, /was moved to .* already: nothing to do/)

    // The filter is gone, and what it left out stays out: the ids went along. The poison too.
    const last = await pollOnce({ ...environment, ...otlp })
    assert.equal(last.code, 0, last.stderr)
    const polled = last.stderr.split('\n').filter(line => line.includes('"msg":"polled"'))
    assert.deepEqual(
      polled
        .map(line => JSON.parse(line))
        .map(({ published, anchor, organization }) => [published, anchor === anchors[organization]]),
      [
        [0, true],
        [0, true],
      ],
    )
    const uids = await countUids(collector.outputFile)
    const unforwarded = names.length * 2 + counts.reduce((sum, count) => sum + count, 0) - (forwarded - 2)
    assert.deepEqual([uids.records, uids.distinctUids], [forwarded + unforwarded, forwarded + unforwarded])

    const closed = await pollOnce(base)
    assert.equal(closed.code, 2, closed.stderr)
    assert.match(closed.stderr, /this journal was moved to Kafka at .*KAFKA_BROKERS/)
    const tailed = await runHfAudit(['tail', '--from-beginning', '--no-follow', '--limit', '3'], base)
    assert.equal(tailed.code, 0, 'it can still be read')
  })

  test('killed at many points: the same command goes on, and nothing is there twice', skip, async t => {
    const { environment: base } = await embedded(t, 10_000)
    assert.equal((await pollOnce(base)).code, 0)
    const environment = onKafka(base, 2)
    const admin = client.admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    const published = async (): Promise<number> => {
      const offsets = await admin.fetchTopicOffsets(environment.KAFKA_TOPIC).catch(() => [])
      return offsets.reduce((sum, { high }) => sum + Number(high), 0)
    }
    for (const killAt of [1, 6_000, 13_000]) {
      const running = startHfAudit(['migrate', '--yes'], environment)
      await until(`${killAt} records`, async () => (await published()) >= killAt, 5)
      running.kill('SIGKILL')
      await running.ended
    }
    const early = await pollOnce(environment)
    assert.equal(early.code, 2, early.stderr)
    assert.match(early.stderr, /move of .* is not finished.*hf-audit migrate/)
    const done = await runHfAudit(['migrate', '--yes'], environment)
    assert.equal(done.code, 0, done.stderr)
    await assertWhole(environment, [10_000, 10_000])
    const polled = await pollOnce(environment)
    assert.deepEqual([polled.code, polled.ledger?.published], [0, 0], polled.stderr)
  })

  test('switching without a move: exit 2 with the mend, and nothing is published', skip, async t => {
    const { environment: base } = await embedded(t, 20)
    assert.equal((await pollOnce(base)).code, 0)
    const environment = onKafka(base, 2)
    for (const parameters of [['run', '--once'], ['run']]) {
      const refused = await runHfAudit(parameters, environment)
      assert.equal(refused.code, 2, refused.stderr)
      assert.match(refused.stderr, /hf-audit migrate.*begin anew, move that directory away/)
    }
    // Another directory says that a new beginning is wanted.
    const { environment: elsewhere } = await simulatedHub(t, { events: 0 })
    const anew = { ...environment, HF_AUDIT_DATA_DIR: elsewhere.HF_AUDIT_DATA_DIR! }
    assert.equal((await pollOnce(anew)).ledger?.published, 20)
    const foreign = await runHfAudit(['migrate', '--yes'], environment)
    assert.equal(foreign.code, 2, foreign.stderr)
    assert.match(foreign.stderr, /Kafka already holds another trail of acme-example/)
    await assertWhole(environment, [20, 20])
    // The embedded journal is as it was.
    assert.equal((await pollOnce(base)).ledger?.published, 0)
    // Kafka knows the organizations: it goes on there.
    assert.equal((await pollOnce(environment)).code, 0)
  })

  test('wrong use: exit codes and words', skip, async t => {
    const { environment: base } = await embedded(t, 20)
    const nothing = await runHfAudit(['migrate', '--yes'], onKafka(base, 2))
    assert.equal(nothing.code, 4)
    assert.match(nothing.stderr, /no journal here yet/)
    assert.deepEqual(readdirSync(base.HF_AUDIT_DATA_DIR!), [])
    assert.equal((await pollOnce(base)).code, 0)
    const noBrokers = await runHfAudit(['migrate', '--yes'], base)
    assert.deepEqual([noBrokers.code, /KAFKA_BROKERS/.test(noBrokers.stderr)], [2, true])
    const unasked = await runHfAudit(['migrate'], onKafka(base, 2))
    assert.deepEqual([unasked.code, /--yes/.test(unasked.stderr)], [2, true])

    const running = startHfAudit(['run'], base)
    t.after(() => running.kill('SIGKILL'))
    await running.logLine(line => line.msg === 'polled')
    const locked = await runHfAudit(['migrate', '--yes'], onKafka(base, 2))
    assert.equal(locked.code, 4)
    assert.match(locked.stderr, /only one may/)
  })
})
