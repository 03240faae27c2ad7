import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { on, once } from 'node:events'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { createLogger, silentLogger } from '../../src/log.ts'
import type { Journal } from '../../src/ports.ts'
import { batchFrom, freshOrganization } from '../contract/batches.ts'
import { until } from '../support/main-job.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { END_TXN, PRODUCE } from '../support/tcp-proxy.ts'
import { type ProxiedKafka, startProxiedKafka, testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'

const log = process.env.TEST_LOG ? createLogger({ level: 'debug', format: 'json' }) : silentLogger
const forever = new AbortController().signal

describe('exactly once', async () => {
  let broker: ProxiedKafka | undefined
  before(async t => {
    if (await requireStack(t as TestContext, 'kafka')) broker = await startProxiedKafka()
  })
  after(() => broker?.stop())

  async function open(
    t: TestContext,
    settings: KafkaSettings,
    membership: 'group' | 'alone' = 'group',
  ): Promise<Journal> {
    const journal = createKafkaJournal(settings, { log, membership })
    t.after(() => journal.close())
    await journal.open(forever)
    return journal
  }

  test('a lost response to records or to a commit doubles and loses nothing', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = testSettings(broker.proxied, [organization], { compression: 'zstd' })
    const journal = await open(t, settings)
    const ids = exportOf(800)
    let lost = 0
    const { failures } = await publishAll(journal, organization, {
      ids,
      batchSize: 50,
      beforeCommit(index) {
        if (index % 3 !== 1) return
        void broker!.proxy.loseResponseTo(index % 2 === 0 ? PRODUCE : END_TXN).then(() => lost++)
      },
    })
    assert.ok(lost >= 5, `only ${lost} responses were lost`)
    assert.ok(failures.length > 0, 'no commit noticed a lost response')
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
    // What memory says is what the topic says.
    assert.equal((await journal.resume(organization, forever)).head?.sequence, ids.length)
  })

  test('a second producer of a shard fences the first, whose batch is refused', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = testSettings(broker.direct, [organization])
    const ids = exportOf(30)
    const first = await open(t, settings)
    await publishAll(first, organization, { ids: ids.slice(0, 10), batchSize: 5 })
    const stale = await first.resume(organization, forever)
    // The same transactional id, as a worker has it whom the group already gave the shard.
    const zombie = await fencingClient(t, settings, organization)
    await zombie.fence()
    await assert.rejects(
      first.commit(batchFrom(first, organization, stale, { events: ids.slice(10, 20) })),
      /epoch|fenced/i,
    )
    // The group says that the shard is still ours: it goes on, with a checkpoint read again.
    await publishAll(first, organization, { ids, batchSize: 10 })
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })

  test('whoever reads the checkpoint has fenced the writer before: what that commits afterwards is refused', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = testSettings(broker.direct, [organization])
    const ids = exportOf(30)
    const first = await open(t, settings, 'alone')
    await publishAll(first, organization, { ids: ids.slice(0, 10), batchSize: 10 })
    const stale = await first.resume(organization, forever)
    const second = await open(t, settings, 'alone')
    const read = await second.resume(organization, forever)
    await assert.rejects(
      first.commit(batchFrom(first, organization, stale, { events: ids.slice(10, 20) })),
      /epoch|fenced/i,
    )
    await second.commit(batchFrom(second, organization, read, { events: ids.slice(10, 20) }))
    await publishAll(second, organization, { ids, batchSize: 10 })
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })

  test('two organizations of one shard take turns; a stale batch of one does not hurt the other', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const [one, two] = [freshOrganization(), freshOrganization()]
    const settings = testSettings(broker.direct, [one, two], { partitions: 1 })
    const journal = await open(t, settings)
    const ids = exportOf(300)
    await Promise.all([
      publishAll(journal, one, { ids, batchSize: 20 }),
      publishAll(journal, two, { ids, batchSize: 30 }),
    ])
    await assertExactlyOnce(broker.direct, settings.topic, one, ids)
    await assertExactlyOnce(broker.direct, settings.topic, two, ids)
  })

  test('SIGKILL of the worker at any moment', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = testSettings(broker.direct, [organization], {
      sessionTimeoutMs: 1_200,
      compression: 'zstd',
    })
    const ids = exportOf(6_000)
    for (const round of [1, 2, 3, 4]) {
      const child = fork(new URL('./publishing-child.ts', import.meta.url), [
        JSON.stringify(settings),
        '20',
        String(1_200 * round),
      ])
      t.after(() => child.kill('SIGKILL'))
      for await (const [index] of on(child, 'message')) if (index >= 10 * round) break
      // Not always at the same point of a transaction.
      await sleep(3 * round)
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    const journal = await open(t, settings)
    const signal = AbortSignal.timeout(300_000)
    await owned(journal, organization, signal)
    const before = (await journal.resume(organization, signal)).head?.sequence ?? 0
    assert.ok(before > 0 && before < ids.length, `killed at ${before}: not in the middle`)
    await publishAll(journal, organization, { ids, batchSize: 1_000 })
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })

  test('SIGKILL and freeze of the broker at any moment', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const organization = freshOrganization()
    const settings = testSettings(broker.direct, [organization])
    const journal = await open(t, settings)
    const ids = exportOf(2_000)
    let batches = 0
    const published = publishAll(journal, organization, {
      ids,
      batchSize: 10,
      beforeCommit() {
        batches += 1
      },
    })
    // Should it fail meanwhile: told at the end.
    published.catch(() => undefined)
    const more = async (count: number) => {
      const enough = batches + count
      await until(`${count} batches`, () => batches >= enough, 1)
    }
    await more(40)
    await broker.kafka.kill()
    await broker.kafka.restart()
    await more(20)
    broker.kafka.pause()
    await sleep(1_500)
    broker.kafka.resume()
    await published
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  })
})

async function owned(journal: Journal, organization: Organization, signal: AbortSignal): Promise<void> {
  for await (const identities of journal.ownership(signal)) if (identities.has(organization.identity)) return
}

/** Takes the transactional id of the organization's shard over, with nothing but kafkajs. */
async function fencingClient(
  t: TestContext,
  settings: KafkaSettings,
  organization: Organization,
): Promise<{ fence(): Promise<void> }> {
  const { default: kafkajs } = await import('kafkajs')
  const { partitionOf } = await import('../../src/kafka/murmur2.ts')
  const client = new kafkajs.Kafka({ brokers: [...settings.brokers], logLevel: kafkajs.logLevel.NOTHING })
  const producer = client.producer({
    transactionalId: `${settings.topic}.${partitionOf(organization.identity, settings.partitions)}`,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  })
  t.after(() => producer.disconnect())
  await producer.connect()
  return {
    async fence() {
      const transaction = await producer.transaction()
      await transaction.abort()
    },
  }
}
