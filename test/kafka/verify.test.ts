import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Kafka, type KafkaMessage, type Message } from 'kafkajs'
import { confluentHeader, decodeValue, encodeValue, singleObjectHeader } from '../../src/event/avro.ts'
import { anchorOf, nextChainHash, sha256 } from '../../src/event/chain.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { LedgerEntry } from '../../src/event/records.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { createKafkaScanner } from '../../src/kafka/scan.ts'
import { type KafkaSettings, transactionalId } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { Journal } from '../../src/ports.ts'
import { createFileSpool } from '../../src/spool/file-spool.ts'
import type { OrganizationResult } from '../../src/verify/conclusion.ts'
import { type VerifyOptions, verifyJournal } from '../../src/verify/verify.ts'
import { openJournal, resumed } from '../contract/under-test.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { startRegistry } from '../support/stack/registry.ts'
import { missingFor, requireStack } from '../support/stack/requirements.ts'
import { events, publish, told } from '../verify/published.ts'
import { testSettings } from './broker.ts'
import { readCommitted } from './read-committed.ts'
import { settledEnds } from './settled.ts'

/** What somebody can do to topics who may write to them or delete from them, and what `verify` says of it. */

const missing = await missingFor('kafka')
if (missing !== undefined && process.env.CI) throw new Error(`a real kafka ${missing}`)
const { signal } = new AbortController()
const endpoint = 'https://hub.example'

describe('verify on a real Kafka', { skip: missing }, () => {
  let kafka: KafkaServer
  let client: Kafka

  before(async () => {
    kafka = await startKafka()
    client = new kafkajs.Kafka({ brokers: [kafka.brokers], logLevel: kafkajs.logLevel.NOTHING })
  })
  after(() => kafka?.stop())

  interface Published {
    readonly settings: KafkaSettings
    readonly organization: Organization
    readonly partition: number
    readonly ledger: readonly LedgerEntry[]
    verify(options?: Partial<VerifyOptions>): Promise<OrganizationResult[]>
    /** Of the events' topic. */
    records(): Promise<KafkaMessage[]>
    append(message: Partial<Message>, topic?: string): Promise<void>
  }

  async function published(
    t: TestContext,
    polls: readonly (readonly (string | Buffer)[])[],
    changes: Partial<KafkaSettings> = {},
  ): Promise<Published> {
    const name = `org-${randomUUID().slice(0, 8)}`
    const organization = { name, identity: name, endpoint }
    const settings = testSettings(kafka.brokers, [organization], { compression: 'zstd', ...changes })
    const store = { createJournal: () => createKafkaJournal(settings, { log: silentLogger }) }
    const journal: Journal = await openJournal(t, store as never, [organization])
    // The topics are new, and their leaders may not be known everywhere yet.
    await resumed(journal, organization)
    const ledger = await publish(journal, organization, polls, { directory: tmpdir() })
    await journal.close()
    const partition = partitionOf(name, settings.partitions)
    return {
      settings,
      organization,
      partition,
      ledger,
      verify: options => verify(settings, options),
      records: () => readCommitted(kafka.brokers, settings.topic),
      async append(message, topic = settings.topic) {
        const producer = client.producer({ allowAutoTopicCreation: false })
        await producer.connect()
        await producer.send({ topic, messages: [{ key: name, partition, value: null, ...message }] })
        await producer.disconnect()
      },
    }
  }

  async function verify(
    settings: KafkaSettings,
    options: Partial<VerifyOptions> = {},
  ): Promise<OrganizationResult[]> {
    const scanner = createKafkaScanner(settings, { log: silentLogger })
    const spool = createFileSpool({ directory: tmpdir(), memoryBytes: 4096 })
    await scanner.open(signal)
    try {
      return await verifyJournal({ endpoint, problemLimit: 20, ...options }, { scanner, spool }, signal)
    } finally {
      spool.dispose()
      await scanner.close()
    }
  }

  test('a topic that nobody touched has no problem; aborted transactions are not seen', async t => {
    const { settings, organization, partition, ledger, verify } = await published(t, [
      [...events(1, 300), '"poison"'],
      events(1, 300),
      events(1, 400),
    ])
    const producer = client.producer({
      transactionalId: transactionalId(settings.topic, partition),
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({
      topic: settings.topic,
      messages: [{ key: organization.identity, partition, value: 'never committed' }],
    })
    await transaction.abort()
    await producer.disconnect()

    const [result, ...others] = await verify()
    assert.deepEqual(others, [])
    assert.deepEqual([result!.problems, result!.notes], [[], []])
    assert.deepEqual(
      [result!.organization, result!.records, result!.firstSequence, result!.lastSequence],
      [organization.identity, 400, 1, 400],
    )
    assert.equal(anchorOf(400, result!.chainHash!), ledger.at(-1)!.anchor)
    assert.deepEqual([result!.ledgerEntries, result!.anchorsAgreeing], [3, 3])
    assert.deepEqual(await verify({ organization: organization.identity }), [result])
  })

  test('a record that is there again, and one that was added with a chain hash that fits', async t => {
    const { verify, records, append } = await published(t, [events(1, 20)])
    const all = await records()
    const [copy, last] = [all[4]!, decodeValue('events', all.at(-1)!.value!)]
    await append({ value: copy.value, headers: copy.headers!, timestamp: copy.timestamp })
    const [result] = await verify()
    assert.deepEqual(told(result), ['sequence 5', 'duplicate 5'])
    assert.match(result!.problems[1]!.message, /sequence 5 \(.*\[\d\]@4\) and again at 5/)
    assert.match(result!.problems[1]!.position!, /\[\d\]@2\d$/)
    assert.equal(result!.lastSequence, 20)

    const rawLog = last.rawLog.replaceAll('Invented', 'Forged')
    const chainHash = nextChainHash(last.chainHash, sha256(Buffer.from(rawLog)))
    const forged = {
      ...last,
      message: last.message.replace('Invented', 'Forged'),
      rawLog,
      chainHash,
      sequence: 21,
    }
    const value = encodeValue('events', singleObjectHeader('events'), forged)
    await append({ value, timestamp: String(forged.receivedAt) })
    const [again] = await verify()
    // Doubles come in the order of their hashes.
    assert.deepEqual(told(again).slice(0, 3), ['sequence 5', 'headers 21', 'end 21'])
    assert.deepEqual(told(again).slice(3).sort(), ['duplicate 21', 'duplicate 5'])
    assert.match(again!.problems[1]!.message, /ce_specversion, ce_id, ce_source/)
  })

  test('a record put in between while the connector goes on: told with its place, the real trail is followed', async t => {
    const name = `org-${randomUUID().slice(0, 8)}`
    const organization = { name, identity: name, endpoint }
    const settings = testSettings(kafka.brokers, [organization])
    const store = { createJournal: () => createKafkaJournal(settings, { log: silentLogger }) }
    const journal = await openJournal(t, store as never, [organization])
    await resumed(journal, organization)
    await publish(journal, organization, [events(1, 10)], { directory: tmpdir() })
    await settledEnds(kafka.brokers, [settings.topic], partitionOf(name, 2))
    const last = decodeValue('events', (await readCommitted(kafka.brokers, settings.topic)).at(-1)!.value!)
    const rawLog = last.rawLog.replaceAll('Invented', 'Forged')
    const chainHash = nextChainHash(last.chainHash, sha256(Buffer.from(rawLog)))
    const forged = {
      ...last,
      message: last.message.replace('Invented', 'Forged'),
      rawLog,
      chainHash,
      sequence: 11,
    }
    const producer = client.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const value = encodeValue('events', singleObjectHeader('events'), forged)
    const partition = partitionOf(name, 2)
    await producer.send({
      topic: settings.topic,
      messages: [{ key: name, partition, value, timestamp: String(forged.receivedAt) }],
    })
    await producer.disconnect()
    await resumed(journal, organization)
    await publish(journal, organization, [events(1, 15)], { directory: tmpdir() })
    await journal.close()
    const [result] = await verify(settings)
    assert.deepEqual(told(result), ['headers 11', 'sequence 11', 'duplicate 11'])
    assert.equal(result!.lastSequence, 15)
  })

  test('garbage, foreign framing, no value, no key, a foreign key, another partition', async t => {
    const { settings, organization, partition, verify, records, append } = await published(t, [events(1, 5)])
    const [first] = await records()
    const value = first!.value!
    await append({ value: Buffer.from('garbage') })
    await append({ value: Buffer.concat([confluentHeader(7), value.subarray(10)]) })
    await append({ value: Buffer.concat([Buffer.from('c301ffffffffffffffff', 'hex'), value.subarray(10)]) })
    await append({ value: value.subarray(0, 60) })
    await append({ value: null })
    await append({ value: Buffer.from('garbage') }, `${settings.topic}.ledger`)
    const [result, ...others] = await verify()
    assert.deepEqual(others, [])
    assert.deepEqual(
      result!.problems.map(({ kind }) => kind),
      Array.from({ length: 6 }, () => 'unreadable'),
    )
    assert.match(result!.problems.map(({ message }) => message).join('\n'), /SCHEMA_REGISTRY_URL is not set/)
    assert.match(result!.problems[0]!.position!, /\.ledger\[\d\]@\d+$/)

    await append({ key: null, value })
    await append({ key: 'nobody\u0007', value })
    await append({ value, partition: 1 - partition })
    const [ours, nobody] = await verify()
    assert.equal(ours!.problemCounts.get('key'), 1)
    assert.match(ours!.problems.find(({ kind }) => kind === 'key')!.message, /readers look for .* in/)
    assert.deepEqual([nobody!.organization, nobody!.problemCounts.get('key')], [undefined, 2])
    assert.match(nobody!.problems[1]!.message, /under the key "nobody\\u0007"/)
    assert.equal(ours!.organization, organization.identity)
  })

  test('retention that removed the beginning, or everything, is no problem; a topic made anew with less is', async t => {
    const { settings, organization, partition, ledger, verify, records } = await published(t, [
      events(1, 10),
      events(1, 30),
    ])
    const copies = await records()
    const admin = client.admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    // kafkajs deletes only in topics that this client asked about before.
    await admin.fetchTopicOffsets(settings.topic)
    const deleteBefore = (offset: string) =>
      admin.deleteTopicRecords({ topic: settings.topic, partitions: [{ partition, offset }] })
    await deleteBefore(copies[10]!.offset)
    const [result] = await verify()
    assert.deepEqual(result!.problems, [])
    assert.deepEqual([result!.firstSequence, result!.records], [11, 20])
    assert.match(result!.notes.join(), /follows from the anchor of 10/, 'the ledger is still whole')
    const end = (await settledEnds(kafka.brokers, [settings.topic], partition)).get(settings.topic)!
    await deleteBefore(String(end))
    const [empty] = await verify()
    assert.deepEqual([empty!.problems, empty!.records], [[], 0])

    await admin.deleteTopics({ topics: [settings.topic] })
    while ((await admin.listTopics()).includes(settings.topic)) await sleep(50)
    await admin.createTopics({
      topics: [{ topic: settings.topic, numPartitions: settings.partitions }],
      waitForLeaders: false,
    })
    const producer = client.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const messages = copies.slice(3, 25).map(({ value, headers, timestamp }) => ({
      key: organization.identity,
      partition,
      value,
      headers: headers!,
      timestamp,
    }))
    await producer.send({ topic: settings.topic, messages })
    await producer.disconnect()
    const [cut] = await verify()
    assert.deepEqual(told(cut).toSorted(), ['beginning 4', 'end 30', 'end 30'])
    assert.equal(ledger.at(-1)!.sequence, 30)
  })

  test('without a checkpoint the end cannot be held against anything', async t => {
    const { settings, verify } = await published(t, [events(1, 5)])
    const admin = client.admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [`${settings.topic}.checkpoint`] })
    while ((await admin.listTopics()).includes(`${settings.topic}.checkpoint`)) await sleep(50)
    await admin.disconnect()
    assert.deepEqual(told((await verify())[0]), ['checkpoint -'])
  })

  test('a transaction that is open is waited for', async t => {
    const { settings, organization, partition, verify } = await published(t, [events(1, 5)])
    const producer = client.producer({ transactionalId: `other-${settings.topic}`, maxInFlightRequests: 1 })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({
      topic: settings.topic,
      messages: [{ key: organization.identity, partition, value: 'never committed' }],
    })
    let ended = false
    const verified = verify().then(results => {
      assert.ok(ended, 'what may yet be committed was left out')
      return results
    })
    await sleep(1_500)
    ended = true
    await transaction.abort()
    await producer.disconnect()
    assert.deepEqual((await verified)[0]!.problems, [])
  })

  test('values framed for a registry are read with it, and without it that is said', async t => {
    if (!(await requireStack(t, 'registry'))) return
    const server = await startRegistry()
    t.after(() => server.stop())
    const registry = { url: server.url, autoRegister: true }
    const { settings, append, records } = await published(t, [events(1, 50)], { registry })
    assert.deepEqual((await verify(settings))[0]!.problems, [])
    const [first] = await records()
    await append({ value: Buffer.concat([confluentHeader(4_711), first!.value!.subarray(5)]) })
    const [result] = await verify(settings)
    assert.deepEqual(told(result), ['unreadable -'])
    assert.match(result!.problems[0]!.message, /no schema with the id 4711/)
    await assert.rejects(verify({ ...settings, registry: undefined }), {
      code: 'CONFIG_INVALID',
      message: /SCHEMA_REGISTRY_URL is not set/,
    })
  })
})
