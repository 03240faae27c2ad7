import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, KafkaMessage } from 'kafkajs'
import { asConnectorError, ConnectorError } from '../errors.ts'
import { decodeValue, framingOf } from '../event/avro.ts'
import { headFromStored } from '../event/head-codec.ts'
import type { StreamName } from '../event/records.ts'
import { SeenEvents } from '../event/seen-events.ts'
import type { JournalScanner, StoredTrail, StoredValue } from '../stored-journal.ts'
import { CheckpointPartition, META_KEY, parseJson } from './checkpoint-records.ts'
import { createClient, type OffsetRange, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { fetchHighWatermarks } from './high-watermarks.ts'
import type { KafkaDependencies } from './journal.ts'
import { partitionOf } from './murmur2.ts'
import { type OffsetSpan, openPartitionReader } from './partition-reader.ts'
import { createSchemaRegistry, type SchemaRegistry } from './schema-registry.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import type { ValueDecoder } from './values.ts'

/** A transaction that nobody goes on with is ended by the broker after 60 s. */
const OPEN_TRANSACTION_WAIT_MS = 75_000
const LOOK_AGAIN_MS = 100
const LEADER_TRIES = 20
const LEADER_WAIT_MS = 500
/** What a poll publishes beside its events is read first: the ledger names the Hubs that the events may be of. */
const STREAMS_IN_ORDER: readonly StreamName[] = ['ledger', 'findings', 'dead-letters', 'events']

/** The topics' committed records as they are. */
export function createKafkaScanner(settings: KafkaSettings, { log }: KafkaDependencies): JournalScanner {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const decode = createDecoder(registry)
  /** For which the topics were made: decides where an organization lives. */
  let partitions: number | undefined

  /** Everything that was committed before the call can be read below these ends. */
  async function settledRanges(admin: Admin, topic: string, signal: AbortSignal): Promise<OffsetRange[]> {
    const ends = await endsOf(admin, topic, signal)
    const deadline = performance.now() + OPEN_TRANSACTION_WAIT_MS
    for (;;) {
      const ranges = await offsetRanges(admin, topic)
      const open = ranges.findIndex(({ high }, partition) => high < (ends[partition] ?? 0))
      if (open < 0) return ranges
      if (performance.now() > deadline) throw openTransaction(topic, open, ranges[open]!.high)
      await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => {
        throw new ConnectorError('STOPPED', 'stopped while a transaction was still open')
      })
    }
  }

  /** With what is not committed or aborted yet; asked again while a partition has no leader. */
  async function endsOf(admin: Admin, topic: string, signal: AbortSignal): Promise<readonly number[]> {
    for (let tries = 1; ; tries++) {
      try {
        const numbers = [...(await offsetRanges(admin, topic)).keys()]
        return (await fetchHighWatermarks(kafka, [topic], numbers)).get(topic) ?? []
      } catch (error) {
        if (!journalError(error, topic).retryable || tries === LEADER_TRIES || signal.aborted) throw error
        await sleep(LEADER_WAIT_MS)
      }
    }
  }

  async function readCheckpoint(
    only: number | undefined,
    take: (message: KafkaMessage) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const spans = await withAdmin(kafka, async admin => {
      if (!(await admin.listTopics()).includes(names.checkpoint)) return []
      return spansOf(names.checkpoint, await settledRanges(admin, names.checkpoint, signal), only)
    })
    await readSpans(spans, messages => messages.forEach(take), signal)
  }

  async function readSpans(
    spans: readonly OffsetSpan[],
    onMessages: (messages: readonly KafkaMessage[], span: OffsetSpan) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (spans.length === 0) return
    const reader = await openPartitionReader(kafka, settings.topic, spans, signal)
    try {
      for (const span of spans) await reader.read(span, messages => onMessages(messages, span))
    } finally {
      await reader.close()
    }
  }

  return {
    async open(signal) {
      const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
      const list = () => withAdmin(kafka, admin => admin.listTopics())
      const present = await untilReachable(doing, list, log, signal)
      const missing = Object.values(names.topics).filter(topic => !present.includes(topic))
      if (missing.length === 0) return
      throw new ConnectorError(
        'JOURNAL_MISMATCH',
        `there are no topics ${missing.join(', ')} at ${settings.brokers[0]}: "hf-audit run" creates them; check KAFKA_TOPIC`,
      )
    },

    async state(signal) {
      try {
        const heads = new Map<string, Buffer>()
        let meta: Buffer | undefined
        await readCheckpoint(
          undefined,
          ({ key, value }) => {
            const name = key?.toString('utf8')
            if (name === undefined || name.includes('/ids/')) return
            // A message's bytes are a slice of the whole response: keep a copy, not the response.
            if (name === META_KEY) meta = value === null ? undefined : Buffer.from(value)
            else if (value === null) heads.delete(name)
            else heads.set(name, Buffer.from(value))
          },
          signal,
        )
        const ranges = await withAdmin(kafka, admin => offsetRanges(admin, names.topics.events))
        partitions = partitionsOf(meta) ?? ranges.length
        const trails = [...heads].map(([organization, value]) =>
          trailOf(organization, value, names.checkpoint),
        )
        return { trails, firstOffsets: ranges.map(({ low }) => low) }
      } catch (error) {
        throw journalError(error, `reading ${names.checkpoint}`)
      }
    },

    async scan({ organization }, take, signal) {
      try {
        const only = organization === undefined ? undefined : expectedPartition(organization)
        const spans = await withAdmin(kafka, async admin => {
          const all: OffsetSpan[] = []
          // The events last: what a ledger entry says was published is below their ends, asked for after its own.
          for (const stream of STREAMS_IN_ORDER) {
            const topic = names.topics[stream]
            const ranges =
              stream === 'events'
                ? await settledRanges(admin, topic, signal)
                : await offsetRanges(admin, topic)
            all.push(...spansOf(topic, ranges, only))
          }
          return all
        })
        const streams = new Map(STREAMS_IN_ORDER.map(stream => [names.topics[stream], stream]))
        const total = spans.reduce((sum, { from, to }) => sum + to - from, 0)
        let before = 0
        let current = spans[0]
        await readSpans(
          spans,
          (messages, span) => {
            if (current !== undefined && span !== current) {
              before = spans.slice(0, spans.indexOf(span)).reduce((sum, { from, to }) => sum + to - from, 0)
              current = span
            }
            const stream = streams.get(span.topic)!
            const page = messages.map(message =>
              storedValue(message, stream, span.partition, expectedPartition),
            )
            return take(page, { done: before + Number(messages.at(-1)!.offset) + 1 - span.from, total })
          },
          signal,
        )
      } catch (error) {
        throw journalError(error, `reading ${settings.topic}`)
      }
    },

    decode,

    async seen(organization, signal) {
      try {
        const stored = new CheckpointPartition()
        await readCheckpoint(
          expectedPartition(organization),
          ({ key, value }) => stored.add(key, value),
          signal,
        )
        return stored.checkpointOf(organization, names.checkpoint)?.seen ?? new SeenEvents()
      } catch (error) {
        throw journalError(error, `reading ${names.checkpoint}`)
      }
    },

    positionText(stream, partition, offset) {
      return `${stream === undefined ? settings.topic : names.topics[stream]}[${partition}]@${offset}`
    },

    async close() {
      await registry?.close().catch(() => undefined)
    },
  }

  function expectedPartition(key: string): number {
    return partitionOf(key, partitions ?? settings.partitions)
  }
}

function spansOf(topic: string, ranges: readonly OffsetRange[], only: number | undefined): OffsetSpan[] {
  return [...ranges.entries()]
    .filter(([partition, { low, high }]) => low < high && (only === undefined || partition === only))
    .map(([partition, { low, high }]) => ({ topic, partition, from: low, to: high }))
}

function storedValue(
  message: KafkaMessage,
  stream: StreamName,
  partition: number,
  expectedPartition: (key: string) => number,
): StoredValue {
  const key = message.key?.toString('utf8')
  return {
    stream,
    key,
    partition,
    expectedPartition: key === undefined ? partition : expectedPartition(key),
    offset: Number(message.offset),
    value: message.value,
    timestampMs: isBrokersTime(message) ? undefined : Number(message.timestamp),
    sequence: undefined,
    get headers() {
      return stream === 'events' ? textHeaders(message.headers ?? {}) : undefined
    },
  }
}

/** Only fast-record-decoder.ts gives records their batch; without it the time is taken for the writer's. */
function isBrokersTime(message: KafkaMessage): boolean {
  const { batchContext } = message as { batchContext?: { timestampType?: number } }
  return batchContext?.timestampType === 1
}

function textHeaders(headers: NonNullable<KafkaMessage['headers']>): Record<string, string> {
  const texts: Record<string, string> = Object.create(null)
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    const first = Array.isArray(value) ? value[0] : value
    if (first !== undefined && first !== null) texts[name] = first.toString('utf8')
  }
  return texts
}

/** A schema that the registry does not have is asked for once, not for every record. */
function createDecoder(registry: SchemaRegistry | undefined): ValueDecoder {
  const texts = new Map<number, string>()
  const unknown = new Map<number, ConnectorError>()
  return (stream, value) => {
    const framing = framingOf(value)
    if (framing.kind === 'single-object') return decodeValue(stream, value)
    const { schemaId } = framing
    const text = texts.get(schemaId)
    if (text !== undefined) return decodeValue(stream, value, text)
    const known = unknown.get(schemaId)
    if (known !== undefined) throw known
    if (registry === undefined) throw needsRegistry(schemaId)
    const asked = registry.schemaText(schemaId).then(
      found => {
        texts.set(schemaId, found)
        return found
      },
      (thrown: unknown) => {
        const error = asConnectorError(thrown)
        if (error.code === 'JOURNAL_MISMATCH') unknown.set(schemaId, error)
        throw error
      },
    )
    return asked.then(found => decodeValue(stream, value, found))
  }
}

function needsRegistry(schemaId: number): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `it is framed for a schema registry (schema ${schemaId}), and SCHEMA_REGISTRY_URL is not set`,
  )
}

function partitionsOf(meta: Buffer | undefined): number | undefined {
  if (meta === undefined) return undefined
  const stored = new CheckpointPartition()
  stored.add(Buffer.from(META_KEY), meta)
  return stored.partitions()
}

/** Without its segments: only the head matters here. */
function trailOf(organization: string, value: Buffer, topic: string): StoredTrail {
  const trail = { organization, head: undefined, fault: undefined, firstSequence: undefined }
  const where = `of ${organization} in ${topic}`
  try {
    return { ...trail, head: headFromStored(parseJson(value)?.head, where) }
  } catch (error) {
    return { ...trail, fault: asConnectorError(error).message }
  }
}

function openTransaction(topic: string, partition: number, offset: number): ConnectorError {
  return new ConnectorError(
    'JOURNAL_UNAVAILABLE',
    `a transaction in ${topic}[${partition}] is open from offset ${offset} on, so what follows cannot be read and the ` +
      'end of the trail not be verified: try again when its worker has ended it (kafka-transactions.sh find-hanging ' +
      'shows one that nobody goes on with)',
    { retryable: true },
  )
}
