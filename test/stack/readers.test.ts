import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import avsc from 'avsc'
import { Kafka, logLevel, type Message } from 'kafkajs'
import { v5 } from 'uuid'
import { dumpRecords, readRecords } from '../support/readers/python.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'

// Made here from the documentation, not by the connector's own code: the reader must find fault with both.
const schemaText = await readFile(new URL('../../schemas/audit-record.avsc', import.meta.url), 'utf8')
const type = avsc.Type.forSchema(JSON.parse(schemaText))
const organization = 'acme'
const source = `https://huggingface.co/organizations/${organization}`
const receivedAt = 1_767_000_000_000
const sha256 = (...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

interface Made {
  readonly message: Message
  readonly chainHash: Buffer
}

function auditRecord(sequence: number, previous: Buffer, framing: Buffer, change: object = {}): Made {
  const eventID = `event-${sequence}`
  const rawLog = JSON.stringify({ _id: eventID, note: 'é' })
  const chainHash = sha256(previous, sha256(rawLog))
  const sourceID = v5(source, v5.URL)
  const id = v5(eventID, sourceID)
  const eventTime = Date.parse('2026-01-02T03:04:05.678Z')
  const own = { organization, sequence, chainHash, eventID, rawLog, sourceID, id, eventTime, receivedAt }
  const value = { ...emptyRecord(), ...own, eventType: 'repo.create', ...change }
  const headers = {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: source,
    ce_type: 'co.huggingface.audit.repo.create',
    ce_time: '2026-01-02T05:04:05.678901+02:00',
    'content-type': 'application/avro',
  }
  const bytes = Buffer.concat([framing, type.toBuffer(value)])
  return { message: { key: organization, value: bytes, headers, timestamp: String(receivedAt) }, chainHash }
}

/** A value for every column: the emptiest its type allows. */
function emptyRecord(): Record<string, unknown> {
  const empty: Record<string, unknown> = { string: '', map: {}, array: [], boolean: false, int: 0, long: 0 }
  return Object.fromEntries(
    (type as avsc.types.RecordType).fields.map(({ name, type: column }) => [
      name,
      empty[column.typeName] ?? null,
    ]),
  )
}

async function topic(t: TestContext) {
  const kafka = await startKafka()
  t.after(() => kafka.stop())
  const client = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 8 }], waitForLeaders: true })
  await admin.disconnect()
  const producer = client.producer({ transactionalId: 'writer', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  t.after(() => producer.disconnect())
  const write = async (messages: readonly Message[], end: 'commit' | 'abort' = 'commit') => {
    const transaction = await producer.transaction()
    await transaction.send({ topic: 'events', messages: [...messages] })
    await transaction[end]()
  }
  return { read: { brokers: kafka.brokers, topic: 'events' }, write }
}

test('a reader with a registry counts and checks records; aborted ones do not count', {
  timeout: 300_000,
}, async t => {
  if (!(await requireStack(t, 'kafka', 'registry', 'python'))) return
  const registry = await startRegistry()
  t.after(() => registry.stop())
  const response = await fetch(`${registry.url}/subjects/events-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: schemaText }),
  })
  const { id } = (await response.json()) as { id: number }
  const framing = Buffer.alloc(5)
  framing.writeInt32BE(id, 1)

  const { read, write } = await topic(t)
  const first = auditRecord(1, sha256(source), framing)
  const digest = {
    rawLog: '',
    tags: { rawLogSHA256: sha256(JSON.stringify({ _id: 'event-2', note: 'é' })).toString('hex') },
  }
  const second = auditRecord(2, first.chainHash, framing, digest)
  await write([first.message])
  await write([second.message], 'abort')
  await write([second.message])
  const summary = await readRecords({ ...read, registryUrl: registry.url })
  assert.deepEqual(summary, {
    records: 2,
    undecoded: 0,
    distinctIds: 2,
    schemas: { 'co.huggingface.audit.AuditRecord': 2 },
    keys: {
      acme: {
        count: 2,
        minSequence: 1,
        maxSequence: 2,
        holes: 0,
        inOrder: true,
        chainFromStart: true,
        chainUnbroken: true,
        lastChainHash: second.chainHash.toString('hex'),
      },
    },
    timestamps: { oldest: receivedAt, newest: receivedAt },
    problems: [],
    problemCount: 0,
  })
})

test('a reader without a registry finds doubles, holes, a broken chain and what is not Avro', {
  timeout: 300_000,
}, async t => {
  if (!(await requireStack(t, 'kafka', 'python'))) return
  const { read, write } = await topic(t)
  const framing = Buffer.concat([
    Buffer.from('c301', 'hex'),
    crc64Avro(avsc.Type.forSchema(JSON.parse(schemaText)).schema()),
  ])
  const first = auditRecord(1, sha256(source), framing)
  const double = auditRecord(1, sha256(source), framing)
  const afterHole = auditRecord(3, sha256('another history'), framing)
  const misplaced = { ...auditRecord(4, afterHole.chainHash, framing).message, partition: 0 }
  await write([first.message, double.message, afterHole.message, { key: organization, value: 'not Avro' }])
  const summary = await readRecords(read)
  assert.equal(summary.records, 4)
  assert.equal(summary.undecoded, 1)
  assert.equal(summary.distinctIds, 2)
  const { count, holes, inOrder, chainUnbroken, maxSequence } = summary.keys.acme!
  assert.deepEqual(
    { count, holes, inOrder, chainUnbroken, maxSequence },
    {
      count: 3,
      holes: 1,
      inOrder: false,
      chainUnbroken: false,
      maxSequence: 3,
    },
  )
  assert.match(summary.problems.join('\n'), /not decoded: framed as neither kind/)

  const before = summary.problemCount
  await write([misplaced])
  const problems = (await readRecords(read)).problems
  assert.match(problems.join('\n'), /partition 0 is not the key's/)
  assert.ok(problems.length > before)
  await assert.rejects(Array.fromAsync(dumpRecords(read)), /framed as neither kind/)
})

test('records are dumped as they are', { timeout: 300_000 }, async t => {
  if (!(await requireStack(t, 'kafka', 'python'))) return
  const { read, write } = await topic(t)
  const framing = Buffer.concat([
    Buffer.from('c301', 'hex'),
    crc64Avro(avsc.Type.forSchema(JSON.parse(schemaText)).schema()),
  ])
  const { message, chainHash } = auditRecord(1, sha256(source), framing)
  await write([message, { key: organization, value: null }])
  const [record, tombstone] = await Array.fromAsync(dumpRecords(read))
  assert.equal(record!.value.chainHash, chainHash.toString('hex'))
  assert.equal(record!.value.eventTime, Date.parse('2026-01-02T03:04:05.678Z'))
  assert.equal(record!.headers.ce_source, source)
  assert.deepEqual([tombstone!.key, tombstone!.value], [organization, undefined])
})

/** Avro's own fingerprint, CRC-64-AVRO of the canonical form, as it stands on the wire. */
function crc64Avro(schema: avsc.Schema): Buffer {
  const empty = 0xc15d213aa4d7a795n
  let crc = empty
  for (const byte of Buffer.from(JSON.stringify(schema))) {
    let low = (crc ^ BigInt(byte)) & 0xffn
    for (let bit = 0; bit < 8; bit += 1) low = (low >> 1n) ^ (empty & -(low & 1n))
    crc = (crc >> 8n) ^ low
  }
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, crc))
  return bytes
}
