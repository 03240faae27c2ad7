import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs from 'kafkajs'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { type KafkaSettings, kafkaNames } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { Journal } from '../../src/ports.ts'
import { freshOrganization } from '../contract/batches.ts'
import { type Brokers, startBrokers } from '../crash/brokers.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { PRODUCE } from '../support/tcp-proxy.ts'
import { testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'

const PARTITIONS = 6
const forever = new AbortController().signal

async function open(t: TestContext, settings: KafkaSettings): Promise<Journal> {
  const journal = createKafkaJournal(settings, { log: silentLogger })
  t.after(() => journal.close())
  await journal.open(forever)
  return journal
}

/**
 * An organization whose events are led by another broker than its ledger, and the two brokers, counted from 0. Undefined
 * when the partitions of both topics happen to be dealt alike.
 */
async function apart(
  broker: string,
  topic: string,
): Promise<{ organization: Organization; events: number; ledger: number } | undefined> {
  const names = kafkaNames(topic)
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [names.topics.events, names.topics.ledger] })
  await admin.disconnect()
  const leader = (name: string, partition: number) =>
    topics.find(found => found.name === name)!.partitions.find(found => found.partitionId === partition)!
      .leader - 1
  for (let attempt = 0; attempt < 100; attempt++) {
    const organization = freshOrganization()
    const partition = partitionOf(organization.identity, PARTITIONS)
    const [events, ledger] = [leader(names.topics.events, partition), leader(names.topics.ledger, partition)]
    if (events !== ledger) return { organization, events, ledger }
  }
  return undefined
}

describe('three brokers', async () => {
  let brokers: Brokers | undefined
  before(async t => {
    if (await requireStack(t as TestContext, 'kafka')) brokers = await startBrokers(3, 1)
  })
  after(() => brokers?.stop())

  test('what fails at one of them is not repeated at another', async t => {
    if (brokers === undefined) return t.skip('needs Kafka')
    const [direct = ''] = brokers.direct.split(',')
    const network = brokers.networks[0]!
    let settings: KafkaSettings
    let found: Awaited<ReturnType<typeof apart>>
    do {
      settings = testSettings(direct, [freshOrganization()], { partitions: PARTITIONS })
      await (await open(t, settings)).close()
      found = await apart(direct, settings.topic)
    } while (found === undefined)
    const { organization, events, ledger } = found

    const proxied = { ...settings, brokers: network.brokers.split(','), organizations: [organization] }
    const journal = await open(t, proxied)
    // The events are still on their way when the ledger entry has failed already.
    network.proxies[events]!.delay(20)
    const ids = exportOf(60)
    let lost = 0
    await publishAll(journal, organization, {
      ids,
      batchSize: 10,
      beforeCommit(index) {
        const proxy = network.proxies[ledger]!
        const next = index % 2 === 0 ? proxy.loseRequest(PRODUCE) : proxy.loseResponseTo(PRODUCE)
        void next.then(() => lost++)
      },
    })
    assert.ok(lost >= 4, `only ${lost} requests and responses were lost`)
    await assertExactlyOnce(direct, settings.topic, organization, ids)
  })

  test('one is killed, one ends in good order: what is published meanwhile is there once', async t => {
    if (brokers === undefined) return t.skip('needs Kafka')
    const [direct = ''] = brokers.direct.split(',')
    const organization = freshOrganization()
    const settings = {
      ...testSettings(direct, [organization]),
      brokers: brokers.direct.split(','),
      replicationFactor: 3,
    }
    const journal = await open(t, settings)
    const bounced = new AbortController()
    const bounce = async () => {
      const [first, second] = brokers!.nodes
      await first!.kill()
      await first!.restart()
      await brokers!.ready()
      await second!.restart()
      await brokers!.ready()
      bounced.abort()
    }
    const ids: string[] = []
    const publishing = async () => {
      while (!bounced.signal.aborted) {
        ids.push(...exportOf(10).map(id => `${ids.length}-${id}`))
        await publishAll(journal, organization, { ids, batchSize: 10 })
      }
    }
    await Promise.all([bounce().finally(() => bounced.abort()), publishing()])
    assert.ok(ids.length > 20, 'nothing was published meanwhile')
    await assertExactlyOnce(direct, settings.topic, organization, ids)
  })
})
