import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { after, before, suite, type TestContext, test } from 'node:test'
import kafkajs, { Kafka, logLevel } from 'kafkajs'
import { decodeValue } from '../../src/event/avro.ts'
import type { Finding, LedgerEntry } from '../../src/event/records.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { readCommitted } from '../kafka/read-committed.ts'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { readRecords } from '../support/readers/python.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'

/** State that is lost or foreign, met by the whole program on a real Kafka, and mended with `hf-audit recover`. */
suite('hf-audit recover, on a real Kafka', async () => {
  const ready = await requireStack({ skip: () => {} }, 'kafka', 'python')
  const skip = ready ? {} : { skip: 'a real Kafka or Python is missing' }
  let kafka: KafkaServer
  let client: Kafka
  let admin: ReturnType<Kafka['admin']>
  let topics = 0

  before(async () => {
    if (!ready) return
    kafka = await startKafka()
    client = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING })
    admin = client.admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })

  type Environment = Record<string, string> & { readonly KAFKA_TOPIC: string }
  const onKafka = (environment: Record<string, string>): Environment => {
    topics += 1
    const KAFKA_TOPIC = `recover-${topics}`
    return { ...environment, KAFKA_TOPIC, KAFKA_BROKERS: kafka.brokers, KAFKA_PARTITIONS: '2' }
  }

  const recover = (environment: Environment, ...parameters: string[]) =>
    runHfAudit(['recover', '--organization', organization, ...parameters], environment)

  async function deleteTopic(topic: string): Promise<void> {
    await admin.deleteTopics({ topics: [topic] })
    await until(`${topic} to be gone`, async () => !(await admin.listTopics()).includes(topic))
  }

  async function put(environment: Environment, key: string, value: string): Promise<void> {
    const producer = client.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    const partition = partitionOf(organization, 2)
    await producer.send({
      topic: `${environment.KAFKA_TOPIC}.checkpoint`,
      messages: [{ key, value, partition }],
    })
    await producer.disconnect()
  }

  async function ledgerOf(environment: Environment): Promise<LedgerEntry[]> {
    const values = await readCommitted(kafka.brokers, `${environment.KAFKA_TOPIC}.ledger`)
    return values.map(({ value }) => decodeValue('ledger', value!))
  }

  async function findingsOf(environment: Environment): Promise<Finding[]> {
    const values = await readCommitted(kafka.brokers, `${environment.KAFKA_TOPIC}.findings`)
    return values.map(({ value }) => decodeValue('findings', value!))
  }

  /** By librdkafka and fastavro. */
  async function assertWhole(environment: Environment, count: number): Promise<void> {
    const summary = await readRecords({ brokers: kafka.brokers, topic: environment.KAFKA_TOPIC })
    assert.deepEqual([summary.records, summary.distinctIds, summary.undecoded], [count, count, 0])
    const { minSequence, maxSequence, holes } = summary.keys[organization]!
    assert.deepEqual([minSequence, maxSequence, holes], [1, count, 0])
    assert.deepEqual(summary.problems, [])
  }

  test(
    'a topic that was deleted: exit 4, then recovered, and what the Hub holds is published again',
    skip,
    async t => {
      const { hub, environment: base } = await simulatedHub(t, { events: 300, prepared: false })
      const collector = await countingCollector(t)
      const environment = { ...onKafka(base), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
      assert.equal((await pollOnce(environment)).code, 0)
      hub.append({ events: 50 })
      const before = await pollOnce(environment)
      assert.equal(before.ledger?.sequence, 350)
      const { requests } = collector
      await deleteTopic(environment.KAFKA_TOPIC)

      const refused = await pollOnce(environment)
      assert.equal(refused.code, 4, refused.stderr)
      assert.match(refused.stderr, /hf-audit recover --organization example-org/)
      const unasked = await recover(environment)
      assert.deepEqual([unasked.code, unasked.stdout], [2, ''])
      assert.match(unasked.stderr, /--yes/)
      const dry = await recover(environment, '--dry-run')
      assert.equal(dry.code, 0, dry.stderr)
      assert.match(dry.stdout, /LOST: 350 published records, sequence 1 to 350/)
      assert.match(dry.stdout, /Nothing was changed/)
      assert.equal((await pollOnce(environment)).code, 4, 'a dry run changes nothing')

      const done = await recover(environment, '--yes', '--json')
      assert.equal(done.code, 0, done.stderr)
      const plan = JSON.parse(done.stdout)
      assert.deepEqual([plan.done, plan.loss.count, plan.knownAnchor], [true, 350, before.ledger?.anchor])
      const again = await pollOnce(environment)
      assert.equal(again.code, 0, again.stderr)
      assert.deepEqual([again.ledger?.published, again.ledger?.sequence], [350, 350])
      await assertWhole(environment, 350)
      const [finding] = await findingsOf(environment)
      assert.deepEqual([finding?.kind, finding?.count], ['GAP', 350])
      assert.deepEqual(
        (await ledgerOf(environment)).map(({ kind, sequence }) => [kind, sequence]),
        [
          ['POLL', 300],
          ['POLL', 350],
          ['REBUILD', 0],
          ['POLL', 350],
        ],
      )
      assert.ok(collector.requests > requests, 'what was published again is forwarded again')
      assert.match(again.stderr, /"published":350/)
      assert.equal((await recover(environment, '--yes')).stdout.includes('nothing to recover'), true)
    },
  )

  test('checkpoint and events gone, the ledger still there: not taken for a first start', skip, async t => {
    const { environment: base } = await simulatedHub(t, { events: 40 })
    const environment = onKafka(base)
    assert.equal((await pollOnce(environment)).code, 0)
    await deleteTopic(environment.KAFKA_TOPIC)
    await deleteTopic(`${environment.KAFKA_TOPIC}.checkpoint`)
    const refused = await pollOnce(environment)
    assert.equal(refused.code, 4, refused.stderr)
    assert.match(refused.stderr, /the ledger of example-org says that 40 records were published/)
    assert.equal((await recover(environment, '--yes')).code, 0)
    assert.equal((await pollOnce(environment)).ledger?.published, 40)
    await assertWhole(environment, 40)
  })

  test('a checkpoint topic that was deleted is rebuilt by itself, and the ledger says so', skip, async t => {
    const { environment: base } = await simulatedHub(t, { events: 40 })
    const environment = onKafka(base)
    const first = await pollOnce(environment)
    await deleteTopic(`${environment.KAFKA_TOPIC}.checkpoint`)
    const second = await pollOnce(environment)
    assert.deepEqual([second.code, second.ledger?.published], [0, 0], second.stderr)
    const ledger = await ledgerOf(environment)
    assert.deepEqual(
      ledger.map(({ kind }) => kind),
      ['POLL', 'REBUILD', 'POLL'],
    )
    assert.equal(ledger[1]?.anchor, first.ledger?.anchor)
  })

  test('a checkpoint that cannot be read: exit 4, then rebuilt with nothing lost', skip, async t => {
    const { environment: base } = await simulatedHub(t, { events: 40 })
    const environment = onKafka(base)
    assert.equal((await pollOnce(environment)).code, 0)
    await put(environment, organization, '{"head":7}')
    const refused = await pollOnce(environment)
    assert.equal(refused.code, 4, refused.stderr)
    assert.match(refused.stderr, /hf-audit recover/)
    const done = await recover(environment, '--yes')
    assert.equal(done.code, 0, done.stderr)
    assert.match(done.stdout, /rebuilt from what is published: records 1 to 40/)
    assert.deepEqual((await pollOnce(environment)).ledger?.published, 0)
    assert.deepEqual(await findingsOf(environment), [])
  })

  test('a checkpoint of a newer release: exit 4, and recover leaves it alone', skip, async t => {
    const { environment: base } = await simulatedHub(t, { events: 40 })
    const environment = onKafka(base)
    assert.equal((await pollOnce(environment)).code, 0)
    await put(environment, organization, JSON.stringify({ head: { formatVersion: 2 }, segments: {} }))
    for (const { code, stderr } of [await pollOnce(environment), await recover(environment, '--yes')]) {
      assert.equal(code, 4, stderr)
      assert.match(stderr, /a newer release wrote it/)
    }
  })

  test(
    'the same Hub at another address: blocked until confirmed, then the running worker goes on',
    skip,
    async t => {
      const { hub, environment: base } = await simulatedHub(t, { events: 40, prepared: false })
      const environment = onKafka(base)
      const first = await pollOnce(environment)
      const address = new URL(environment.HF_ENDPOINT!)
      const moved = { ...environment, HF_ENDPOINT: `http://localhost:${address.port}` }
      const running = startHfAudit(['run'], {
        ...moved,
        HF_AUDIT_POLL_INTERVAL: '1s',
        HF_AUDIT_BLOCKED_RETRY: '1s',
      })
      t.after(() => running.kill('SIGKILL'))
      const blocked = await running.logLine(line => line.code === 'HUB_ENDPOINT_CHANGED')
      assert.match(String(blocked.msg), /hf-audit recover --organization example-org --confirm-endpoint/)

      const unconfirmed = await recover(moved, '--yes')
      assert.match(unconfirmed.stdout, /stays blocked until/)
      hub.append({ events: 10 })
      const confirmed = await recover(moved, '--confirm-endpoint', '--yes')
      assert.equal(confirmed.code, 0, confirmed.stderr)
      const polled = await running.logLine(line => line.msg === 'polled')
      assert.deepEqual([polled.published, polled.alreadySeen, polled.sequence], [10, 40, 50])
      hub.append({ events: 5 })
      await running.logLine(line => line.msg === 'polled' && line.published === 5)
      running.kill('SIGTERM')
      assert.equal(await running.ended, 0)
      const records = await readCommitted(kafka.brokers, environment.KAFKA_TOPIC)
      const sequences = records.map(({ value }) => decodeValue('events', value!).sequence)
      assert.deepEqual(
        sequences,
        Array.from({ length: 55 }, (_, index) => index + 1),
      )
      const ledger = await ledgerOf(environment)
      const rebuilt = ledger.filter(({ kind }) => kind === 'REBUILD')
      assert.deepEqual(
        rebuilt.map(({ anchor, endpoint }) => [anchor, endpoint]),
        [[first.ledger?.anchor, moved.HF_ENDPOINT]],
      )
      assert.equal((await pollOnce(environment)).code, 3, 'the former address is the changed one now')
    },
  )
})

/** Accepts every request and counts them. */
async function countingCollector(t: TestContext): Promise<{ url: string; requests: number }> {
  const counter = { url: '', requests: 0 }
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      counter.requests += 1
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  if (typeof address === 'object' && address !== null) counter.url = `http://127.0.0.1:${address.port}`
  return counter
}
