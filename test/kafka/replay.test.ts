import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { asConnectorError } from '../../src/errors.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { AuditRecord } from '../../src/event/records.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReplaySource } from '../../src/kafka/replay-source.ts'
import { createTopicTarget } from '../../src/kafka/replay-target.ts'
import { createKafkaReplayCursor } from '../../src/kafka/replay-transactions.ts'
import { type KafkaSettings, kafkaNames } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import { advanced, newState } from '../../src/replay/start.ts'
import type { ReplayRecord, ReplayTarget } from '../../src/replay-ports.ts'
import { batchFrom, freshOrganization } from '../contract/batches.ts'
import { replaySourceContract } from '../contract/replay-source-contract.ts'
import { resumed } from '../contract/under-test.ts'
import { missingFor } from '../support/stack/requirements.ts'
import { END_TXN, PRODUCE } from '../support/tcp-proxy.ts'
import { type ProxiedKafka, startProxiedKafka, testSettings } from './broker.ts'
import { readCommitted } from './read-committed.ts'
import { settledEnds } from './settled.ts'

/** https://kafka.apache.org/protocol#protocol_api_keys */
const TXN_OFFSET_COMMIT = 28
const log = silentLogger
const { signal } = new AbortController()
const missing = await missingFor('kafka')
if (missing !== undefined && process.env.CI) throw new Error(`a real kafka ${missing}`)

if (missing === undefined) {
  let broker: ProxiedKafka
  before(async () => {
    broker = await startProxiedKafka()
  })
  after(() => broker.stop())

  const settingsFor = (topic: string, organizations: readonly Organization[] = []): KafkaSettings =>
    testSettings(broker.direct, organizations, { topic, compression: 'zstd', sessionTimeoutMs: 1_500 })
  const settled = async (topic: string) => {
    const topics = Object.values(kafkaNames(topic).topics)
    for (const partition of [0, 1]) await settledEnds(broker.direct, topics, partition)
  }

  replaySourceContract('Kafka', async () => {
    const topic = `test-${randomUUID()}`
    return {
      createJournal: organizations => createKafkaJournal(settingsFor(topic, organizations), { log }),
      createSource: () => createKafkaReplaySource(settingsFor(topic), { log }),
      settled: () => settled(topic),
    }
  })

  async function journalWith(t: TestContext, organization: Organization, commits: readonly number[]) {
    const topic = `test-${randomUUID()}`
    const settings = settingsFor(topic, [organization])
    const journal = createKafkaJournal(settings, { log })
    await journal.open(signal)
    const committedAtMs: number[] = []
    for (const events of commits) {
      const checkpoint = await resumed(journal, organization)
      // As it is: the broker gives the transaction's marker its own time.
      const timestampMs = Date.now()
      committedAtMs.push(timestampMs)
      await journal.commit(batchFrom(journal, organization, checkpoint, { events, timestampMs }))
    }
    await journal.close()
    await settled(topic)
    const source = createKafkaReplaySource(settings, { log })
    await source.open(signal)
    t.after(() => source.close())
    return { settings, source, committedAtMs }
  }

  test('a range of times does not begin at the beginning, one of sequences neither begins nor ends there', async t => {
    const organization = freshOrganization()
    const { source, committedAtMs } = await journalWith(t, organization, [4_000, 4_000, 4_000])
    const times = { by: 'received-time', fromMs: committedAtMs[2]!, toMs: undefined } as const
    const [span] = await source.spans({ stream: 'events', organization: undefined, range: times }, signal)
    assert.ok(span!.from > 8_000 && span!.from <= 8_010, `from ${span!.from}`)
    const range = { by: 'sequence', from: 6_000, to: 6_100 } as const
    const [found] = await source.spans(
      { stream: 'events', organization: organization.identity, range },
      signal,
    )
    assert.ok(found!.from > 3_000 && found!.to < 9_000, `${found!.from} to ${found!.to}`)
  })

  /** Records that a journal might have. */
  function someRecords(count: number, identities: readonly string[]): ReplayRecord[] {
    return Array.from({ length: count }, (_, index): ReplayRecord => {
      const organization = identities[index % identities.length]!
      const record = { organization } as AuditRecord
      return {
        entry: { stream: 'events', organization, position: String(index), record },
        stored: {
          key: Buffer.from(organization),
          value: Buffer.from(`value ${index}`),
          headers: { ce_id: `id ${index}`, raw: Buffer.from([1, 255]) },
          timestampMs: 1_700_000_000_000 + index,
        },
      }
    })
  }

  async function targetFor(t: TestContext) {
    const topic = `target-${randomUUID()}`
    const id = `test.replay.${randomUUID()}`
    const create = (by = broker.direct): ReplayTarget => {
      const settings = testSettings(by, [], { partitions: 5 })
      const target = createTopicTarget(settings, { topic, id, source: undefined }, { log })
      t.after(() => target.close())
      return target
    }
    const found = async () =>
      (await readCommitted(broker.direct, topic)).map(({ value }) => String(value)).sort()
    return { topic, create, found }
  }

  const fresh = newState('words', 1, [{ partition: 0, from: 0, to: 1_000 }])
  const values = (count: number) => Array.from({ length: count }, (_, index) => `value ${index}`).sort()

  test('records keep key, value, headers and time', async t => {
    const { topic, create } = await targetFor(t)
    const target = create()
    await target.check(signal)
    assert.deepEqual(await taken(target), { state: undefined, occupied: false, lost: false })
    const state = await target.begin(fresh, signal)
    const records = someRecords(40, ['acme', 'globex', 'initech', 'umbrella'])
    const next = await target.write(records, advanced(state, 0, 40, 40), 0, signal)
    await settledEnds(broker.direct, [topic], 0)
    assert.deepEqual(await taken(target), { state: next, occupied: true, lost: false })
    const byValue = new Map(
      (await readCommitted(broker.direct, topic)).map(found => [String(found.value), found]),
    )
    assert.equal(byValue.size, 40)
    for (const { stored } of records) {
      const found = byValue.get(String(stored.value))!
      assert.deepEqual(found.key, stored.key)
      assert.equal(found.timestamp, String(stored.timestampMs))
      assert.deepEqual(found.headers, {
        ce_id: Buffer.from(String(stored.headers.ce_id)),
        raw: Buffer.from([1, 255]),
      })
    }
  })

  test('a second process of the same replay shuts the first one out, and goes on exactly behind it', async t => {
    const { create, found } = await targetFor(t)
    const first = create()
    await taken(first)
    const begun = await first.begin(fresh, signal)
    const records = someRecords(30, ['acme', 'globex'])
    const state = await first.write(records.slice(0, 10), advanced(begun, 0, 10, 10), 0, signal)
    const second = create()
    assert.deepEqual((await taken(second)).state, state)
    await assert.rejects(first.write(records.slice(10, 20), advanced(state, 0, 20, 10), 0, signal), {
      code: 'JOURNAL_NOT_OWNED',
      message: /another process has taken over the replay/,
    })
    await second.write(records.slice(10), advanced(state, 0, 30, 20), 0, signal)
    assert.deepEqual(await found(), values(30))
  })

  test('a lost answer to the commit, or to the records: the cursor says what became of it', async t => {
    for (const apiKey of [END_TXN, PRODUCE, TXN_OFFSET_COMMIT]) {
      let lost = 0
      const { create, found } = await targetFor(t)
      const target = create(broker.proxied)
      await taken(target)
      let state = await target.begin(fresh, signal)
      const records = someRecords(60, ['acme', 'globex'])
      for (let at = 0; at < 60; ) {
        if (at === 20 && lost === 0) void broker.proxy.loseResponseTo(apiKey).then(() => lost++)
        try {
          state = await target.write(records.slice(at, at + 20), advanced(state, 0, at + 20, 20), 0, signal)
        } catch (error) {
          assert.equal((error as { retryable?: boolean }).retryable, true, String(error))
          state = (await taken(target)).state!
        }
        at = state.spans[0]!.next
      }
      assert.equal(lost, 1)
      assert.deepEqual(await found(), values(60), `API ${apiKey}`)
    }
  })

  test('an unused name has no state; the spans of many partitions are all kept', async t => {
    const organization = freshOrganization()
    const { settings } = await journalWith(t, organization, [1])
    const id = `${settings.topic}.replay.many`
    const cursor = createKafkaReplayCursor(settings, { id, stream: 'events' }, { log })
    t.after(() => cursor.close())
    assert.equal(await taken(cursor), undefined)
    const words = 'w'.repeat(2_000)
    const spans = [0, 1].map(partition => ({ partition, from: partition, to: 50 }))
    const state = newState(words, 3, spans)
    await cursor.save(state, undefined)
    const moved = advanced(state, 1, 17, 4)
    await cursor.save(moved, 1)
    assert.deepEqual(await taken(cursor), moved)
    // The next run knows only one of them.
    const next = newState(words, 4, [spans[0]!])
    await cursor.save(next, undefined)
    assert.deepEqual(await taken(cursor), next)
  })

  test('live topics are refused, of this deployment and of others, and so is one that would not keep records', async t => {
    const { settings } = await journalWith(t, freshOrganization(), [1])
    const client = new kafkajs.Kafka({ brokers: [broker.direct], logLevel: kafkajs.logLevel.NOTHING })
    const admin = client.admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    const targetOf = (topic: string, own = settings) =>
      createTopicTarget(own, { topic, id: `replay.${randomUUID()}`, source: 'events' }, { log })
    const { topics, checkpoint } = kafkaNames(settings.topic)
    for (const topic of [...Object.values(topics), checkpoint]) {
      for (const own of [settings, settingsFor('another-prefix')]) {
        const words = { code: 'CONFIG_INVALID', message: /a topic of the running pipeline/ }
        await assert.rejects(targetOf(topic, own).check(signal), words, topic)
      }
    }
    await targetOf(`${settings.topic}.replay`).check(signal)
    const configs = {
      compacted: ['cleanup.policy', 'compact'],
      stamped: ['message.timestamp.type', 'LogAppendTime'],
    }
    for (const [name, [key, value]] of Object.entries(configs)) {
      const topic = `${name}-${randomUUID()}`
      await admin.createTopics({
        topics: [{ topic, numPartitions: 1, configEntries: [{ name: key!, value: value! }] }],
        waitForLeaders: true,
      })
      await assert.rejects(targetOf(topic).check(signal), {
        code: 'JOURNAL_MISMATCH',
        message: new RegExp(key!),
      })
    }
  })
}

/** `resume`, as a replay does it: a broker that has just started may not know yet which of its groups are where. */
async function taken<T>(replaying: { resume(signal: AbortSignal): Promise<T> }): Promise<T> {
  for (const deadline = Date.now() + 300_000; ; ) {
    try {
      return await replaying.resume(signal)
    } catch (error) {
      if (!asConnectorError(error).retryable || Date.now() > deadline) throw error
      await sleep(100)
    }
  }
}
