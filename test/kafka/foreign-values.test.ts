import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs, { type Message } from 'kafkajs'
import { confluentHeader } from '../../src/event/avro.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { DeadLetter } from '../../src/event/records.ts'
import { lossOf } from '../../src/event/trail-evidence.ts'
import { createForwarder, type ForwarderState } from '../../src/forwarder.ts'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReader } from '../../src/kafka/reader.ts'
import { createKafkaRecovery } from '../../src/kafka/recovery.ts'
import { type KafkaSettings, kafkaNames } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { JournalEntry, LogSink } from '../../src/ports.ts'
import { freshOrganization } from '../contract/batches.ts'
import { eventually, sequencesOf } from '../contract/under-test.ts'
import { runHfAudit } from '../support/child-process.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'
import { readCommitted } from './read-committed.ts'

/** Whoever may write to the topics can write anything: no trail may stop for that, be forgotten or be told as lost. */

const log = silentLogger
const forever = new AbortController().signal

describe('values that something else wrote', async () => {
  let broker: KafkaServer | undefined
  before(async t => {
    if (await requireStack(t as TestContext, 'kafka')) broker = await startKafka()
  })
  after(() => broker?.stop())

  const settingsOf = (changes: Partial<KafkaSettings> = {}) =>
    testSettings(broker!.brokers, [freshOrganization()], { partitions: 1, ...changes })

  async function publish(settings: KafkaSettings, count: number): Promise<void> {
    const journal = createKafkaJournal(settings, { log, membership: 'alone' })
    await journal.open(forever)
    const { failures } = await publishAll(journal, settings.organizations[0]!, {
      ids: exportOf(count),
      batchSize: 10,
    })
    await journal.close()
    assert.deepEqual(failures, [])
  }

  async function append(topic: string, ...messages: Message[]): Promise<void> {
    const client = new kafkajs.Kafka({ brokers: [broker!.brokers], logLevel: kafkajs.logLevel.NOTHING })
    const producer = client.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    await producer.send({ topic, messages })
    await producer.disconnect()
  }

  async function tailed(settings: KafkaSettings, stream: JournalEntry['stream']): Promise<JournalEntry[]> {
    const reader = createKafkaReader(settings, { log })
    await reader.open(forever)
    try {
      return await Array.fromAsync(
        reader.tail({ streams: [stream], fromBeginning: true, follow: false }, forever),
      )
    } finally {
      await reader.close()
    }
  }

  /** Forwards until the state is as wanted. */
  async function forwarded(
    settings: KafkaSettings,
    isEnough: (state: ForwarderState) => boolean,
  ): Promise<{ entries: JournalEntry[]; state: ForwarderState }> {
    const entries: JournalEntry[] = []
    const sink: LogSink = {
      destination: 'a collector',
      async deliver(some) {
        entries.push(...some)
        return { kind: 'accepted', rejected: 0, message: '' }
      },
      close: async () => undefined,
    }
    const source = createKafkaForwardingSource(settings, { log })
    const forwarder = createForwarder({ source, sink, log, now: Date.now, random: Math.random })
    await source.open(forever)
    const end = new AbortController()
    const running = forwarder.run(end.signal)
    let state = await forwarder.state()
    const reached = await eventually(async () => {
      state = await forwarder.state()
      return isEnough(state)
    })
    end.abort()
    await running
    await source.close()
    assert.ok(reached, JSON.stringify(state))
    return { entries, state }
  }

  /** None of them can be ours, though some look like it at their beginning. */
  const garbage = [
    'garbage',
    '',
    '{"a":1}',
    '\u0000\u0000\u0000\u0000\u0007abc',
    Buffer.from('c30100112233445566778899', 'hex'),
  ]

  test('garbage in every topic: what is ours goes out, the rest is a dead letter each, and the trail goes on', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsOf()
    const { topics } = kafkaNames(settings.topic)
    const { identity } = settings.organizations[0]!
    await publish(settings, 20)
    const messages = garbage.flatMap((value): Message[] => [
      { key: identity, value },
      { key: 'somebody', value },
      { key: null, value },
    ])
    for (const topic of [topics.events, topics.ledger, topics.findings]) await append(topic, ...messages)
    await append(topics.events, { key: identity, value: null })
    // The last value of the topic is not ours, nor is what lies behind the checkpoint.
    await publish(settings, 30)

    const { entries, state } = await forwarded(
      settings,
      ({ backlog, deadLettered }) => backlog === 0 && deadLettered >= 45,
    )
    assert.deepEqual(
      sequencesOf(entries),
      [...Array(30).keys()].map(index => index + 1),
    )
    assert.deepEqual([state.deadLettered, state.stalled, state.blocked], [45, undefined, undefined])
    assert.match(state.lastError!.message, /holds a value that is not the connector's/)
    const letters = (await tailed(settings, 'dead-letters')).map(({ record }) => record as DeadLetter)
    assert.equal(letters.length, 45)
    assert.deepEqual(
      new Set(
        letters.map(
          ({ organization, reason, bytes }) => `${organization} ${reason} ${bytes.toString('hex')}`,
        ),
      ),
      new Set(garbage.map(value => `${identity} foreign ${Buffer.from(value).toString('hex')}`)),
    )
    assert.deepEqual(
      sequencesOf(await tailed(settings, 'events')),
      [...Array(30).keys()].map(i => i + 1),
    )
  })

  test('records that stand in the topic once more are no end of the trail, and nothing counts as lost', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsOf()
    const [organization] = settings.organizations
    await publish(settings, 20)
    const copies = (await readCommitted(broker.brokers, settings.topic))
      .filter(({ offset }) => Number(offset) < 8)
      .map(({ key, value, headers }): Message => ({ key, value, headers: headers! }))
    await append(settings.topic, ...copies, { key: organization!.identity, value: null })
    const { checkpoint } = kafkaNames(settings.topic)
    await append(
      checkpoint,
      ...['old', '00', '1e0', ''].map(number => ({
        key: `${organization!.identity}/ids/${number}`,
        value: 'x',
        partition: 0,
      })),
    )
    for (const count of [20, 40]) {
      await publish(settings, count)
      const recovery = createKafkaRecovery(settings, { log })
      await recovery.open(forever)
      const loss = lossOf(await recovery.examine(organization!, forever))
      await recovery.close()
      assert.equal(loss, undefined)
    }
    const ledger = await tailed(settings, 'ledger')
    assert.deepEqual(
      ledger.filter(({ record }) => (record as { kind: string }).kind !== 'POLL'),
      [],
      'a checkpoint that was whole is not rebuilt',
    )
    const sequences = sequencesOf(await tailed(settings, 'events'))
    assert.deepEqual(
      sequences.slice(-20),
      [...Array(20).keys()].map(index => index + 21),
    )
    await append(settings.topic, ...copies)
    await append(kafkaNames(settings.topic).checkpoint, ...(await headsRemoved(settings)))
    await publish(settings, 50)
    assert.deepEqual(
      sequencesOf(await tailed(settings, 'events')).slice(-10),
      [41, 42, 43, 44, 45, 46, 47, 48, 49, 50],
    )
  })

  /** What makes the checkpoint one that must be worked out anew. */
  async function headsRemoved(settings: KafkaSettings): Promise<Message[]> {
    const records = await readCommitted(broker!.brokers, kafkaNames(settings.topic).checkpoint)
    const { identity } = settings.organizations[0]!
    const keys = new Set(records.map(({ key }) => key!.toString()).filter(key => key.includes(identity)))
    return [...keys].map(key => ({ key, value: null, partition: 0 }))
  }

  test('an old checkpoint that was written again is noticed, also where another organization published since', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const [one, other] = [freshOrganization(), freshOrganization()]
    const settings = testSettings(broker.brokers, [one, other], { partitions: 1 })
    const publishOf = async (organization: Organization, count: number): Promise<void> => {
      const journal = createKafkaJournal(settings, { log, membership: 'alone' })
      await journal.open(forever)
      await publishAll(journal, organization, { ids: exportOf(count), batchSize: 10 })
      await journal.close()
    }
    const { checkpoint } = kafkaNames(settings.topic)
    await publishOf(one, 10)
    const old = (await readCommitted(broker.brokers, checkpoint))
      .filter(({ key }) => key!.toString().startsWith(one.identity))
      .map(({ key, value }): Message => ({ key, value, partition: 0 }))
    await publishOf(one, 20)
    await publishOf(other, 10)
    await append(checkpoint, ...old)
    await publishOf(one, 30)
    await publishOf(other, 20)
    await assertExactlyOnce(broker.brokers, settings.topic, one, exportOf(30))
    await assertExactlyOnce(broker.brokers, settings.topic, other, exportOf(20))
  })

  test('a foreign record among the checkpoints hides no organization, and is told where it stands in the place of one', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsOf()
    const { identity } = settings.organizations[0]!
    await publish(settings, 10)
    const { checkpoint } = kafkaNames(settings.topic)
    const status = () =>
      runHfAudit(['status', '--json'], {
        HF_AUDIT_ADMIN_ADDRESS: 'off',
        HF_ENDPOINT: 'http://127.0.0.1:9',
        KAFKA_BROKERS: broker!.brokers,
        KAFKA_TOPIC: settings.topic,
        HF_AUDIT_ORGANIZATIONS: identity,
      })
    await append(checkpoint, { key: 'somebody', value: 'not json', partition: 0 })
    const { code, stdout, stderr } = await status()
    assert.equal(stderr, '')
    const { organizations } = JSON.parse(stdout)
    assert.deepEqual([code, organizations.length, organizations[0].sequence], [0, 1, 10])
    await append(checkpoint, { key: identity, value: 'not json', partition: 0 })
    const broken = await status()
    assert.equal(broken.code, 4)
    assert.match(
      broken.stderr,
      new RegExp(`the checkpoint of ${identity} in ${checkpoint} .*hf-audit recover`, 's'),
    )
  })

  test('a value that may be ours and cannot be read is waited for, and the state says so', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsOf()
    await publish(settings, 10)
    const [ours] = await readCommitted(broker.brokers, settings.topic)
    const value = Buffer.concat([confluentHeader(7), ours!.value!.subarray(10)])
    await append(settings.topic, { key: ours!.key, value, headers: ours!.headers! })
    const { entries, state } = await forwarded(
      settings,
      ({ stalled, backlog }) => stalled !== undefined && backlog !== undefined && backlog <= 2,
    )
    assert.deepEqual(sequencesOf(entries), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.match(state.stalled!, /\[0\]@\d+ cannot be read: .*SCHEMA_REGISTRY_URL/)
    assert.equal(state.deadLettered, 0)
  })
})
