import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Consumer, EachBatchPayload, Producer } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { encodeValue } from '../event/avro.ts'
import type { Finding, StreamName } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { ForwardingSource, JournalEntry } from '../ports.ts'
import { plainMessage } from './batch-messages.ts'
import { createClient, createPlainProducer, type OffsetRange, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { type Deliver, deliverUntilDone } from './delivery.ts'
import { fetchHighWatermarks } from './high-watermarks.ts'
import { partitionOf } from './murmur2.ts'
import { disconnectQuietly, type TopicPartition } from './partition-reader.ts'
import { decodeMessages, streamOf } from './reader.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import { existingTopics } from './topics.ts'
import { createValueDecoder, type Framings, resolveFramings } from './values.ts'

const FORWARDED: readonly StreamName[] = ['events', 'findings', 'ledger']
const MAX_WAIT_MS = 250
/**
 * Compressed: what comes out of it may be ten times as much. A megabyte was not faster, and took 15 MB more beside a
 * backfill.
 */
const FORWARDING_FETCH_BYTES = 256 * 1024
/** An offset is committed when this long went by since the last, and at the end of what one fetch brought. */
const COMMIT_INTERVAL_MS = 500
const REBUILD_WAIT_MS = 1_000
const CLOSE_WAIT_MS = 5_000
/** What kafkajs commits where an offset was out of range: "from the beginning". */
const RESET_OFFSET = -2

export interface KafkaForwardingDependencies {
  readonly log: Logger
  /** Hears of each finding that was stored here. */
  readonly onFinding?: (finding: Finding) => void
}

/** Forwarding from Kafka: a consumer group over three topics; its committed offsets are the cursor. */
export function createKafkaForwardingSource(
  settings: KafkaSettings,
  { log, onFinding }: KafkaForwardingDependencies,
): ForwardingSource {
  const names = kafkaNames(settings.topic)
  const topics = FORWARDED.map(stream => names.topics[stream])
  const groupId = names.forwarderGroup
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const decode = createValueDecoder(registry)
  const closing = new AbortController()
  let opened: { readonly framings: Framings; readonly partitions: number } | undefined
  let admin: Promise<Admin> | undefined
  let producer: Promise<Producer> | undefined
  let running: Promise<void> | undefined

  function open(): { readonly framings: Framings; readonly partitions: number } {
    if (opened === undefined) throw new ConnectorError('JOURNAL_UNAVAILABLE', 'the journal is not open')
    return opened
  }

  /** A client that is kept, and thrown away when anything fails. */
  async function asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    admin ??= (async () => {
      const made = kafka.admin()
      await made.connect()
      return made
    })()
    const mine = admin
    try {
      return await work(await mine)
    } catch (error) {
      if (admin === mine) admin = undefined
      void mine.then(made => made.disconnect()).catch(() => undefined)
      throw error
    }
  }

  /** Outside of the poller's transactions: a plain idempotent producer leaves nothing aborted behind. */
  async function append(
    stream: 'findings' | 'dead-letters',
    identity: string,
    value: Buffer,
    timestampMs: number,
  ) {
    const partition = partitionOf(identity, open().partitions)
    producer ??= (async () => {
      const made = createPlainProducer(kafka)
      await made.connect()
      return made
    })()
    const mine = producer
    try {
      const message = plainMessage(Buffer.from(identity, 'utf8'), value, partition, timestampMs)
      const [result] = await (await mine).send({ topic: names.topics[stream], acks: -1, messages: [message] })
      if (result?.partition !== partition || result.errorCode !== 0)
        throw new Error('the broker kept nothing')
    } catch (error) {
      // What became of it is not known, and its next record could be taken for a repetition of this one.
      if (producer === mine) producer = undefined
      void mine.then(made => made.disconnect()).catch(() => undefined)
      throw journalError(error, `storing in ${names.topics[stream]}`)
    }
  }

  /** Offsets from which the group goes on, by topic and partition; -1 where it never was. */
  async function committedOffsets(): Promise<Map<string, number>> {
    const fetched = await asAdmin(client => client.fetchOffsets({ groupId, topics }))
    return new Map(
      fetched.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }): [string, number] => [
          placeKey({ topic, partition }),
          Number(offset),
        ]),
      ),
    )
  }

  /** A commit is answered before its records can be read: what is about to be committed waits too. */
  async function countUnended(stable: ReadonlyMap<string, readonly OffsetRange[]>): Promise<number> {
    const partitions = Array.from({ length: open().partitions }, (_, partition) => partition)
    let unended = 0
    for (const [topic, ends] of await fetchHighWatermarks(kafka, topics, partitions)) {
      for (const [partition, { high }] of stable.get(topic)!.entries()) {
        unended += Math.max(0, (ends[partition] ?? 0) - high)
      }
    }
    return unended
  }

  /** The cursor fell behind the start of the log: what lay between never reached the collector. */
  async function tellUnforwarded(place: TopicPartition, from: number | undefined, to: number): Promise<void> {
    const { framings, partitions } = open()
    const here = settings.organizations.filter(
      ({ identity }) => partitionOf(identity, partitions) === place.partition,
    )
    const lost = from === undefined || from > to ? 0 : to - from
    log.error(
      { topic: place.topic, partition: place.partition, from, to },
      'records were deleted from the topic before they were forwarded',
    )
    for (const { identity, endpoint } of here) {
      // How many were whose cannot be told where several organizations share the partition.
      const count = here.length === 1 ? lost : 0
      const foundAt = Date.now()
      const finding: Finding = {
        organization: identity,
        endpoint,
        kind: 'UNFORWARDED',
        foundAt,
        severity: 'ERROR',
        message:
          `The forwarder's place in ${place.topic}[${place.partition}] was offset ${from ?? 'unknown'}, and the topic ` +
          `now begins at ${to}: ${count === 0 ? 'records' : `up to ${count} records`} never reached OTLP. ` +
          'They were deleted by retention, or the topic was replaced.',
        count,
        ids: [],
        newestPublishedAt: null,
        oldestReceivedAt: null,
        sequence: 0,
      }
      await append('findings', identity, encodeValue('findings', framings.findings, finding), foundAt)
      onFinding?.(finding)
    }
  }

  return {
    async open(signal) {
      const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
      const present = await untilReachable(
        doing,
        () => withAdmin(kafka, client => existingTopics(client, Object.values(names.topics))),
        log,
        signal,
      )
      const partitions = present.get(names.topics.events)
      if (partitions === undefined || present.size < Object.keys(names.topics).length) {
        throw new ConnectorError(
          'JOURNAL_MISMATCH',
          `the topics of ${settings.topic} are not all there at ${settings.brokers[0]}: "hf-audit run" creates them`,
        )
      }
      const framings = await resolveFramings(registry, names, ['findings', 'dead-letters'], log, signal)
      opened = { framings, partitions }
    },

    async run(deliver, { maxEntries }, signal) {
      open()
      const ended = AbortSignal.any([signal, closing.signal])
      running = (async () => {
        while (!ended.aborted) {
          try {
            await consume(deliver, maxEntries, ended)
          } catch (error) {
            if (ended.aborted) return
            const { message, code, retryable } = journalError(error, 'forwarding from Kafka')
            if (code === 'JOURNAL_MISMATCH') throw journalError(error, 'forwarding from Kafka')
            log.warn({ code, retryable }, `${message}; trying again`)
            await sleep(REBUILD_WAIT_MS, undefined, { signal: ended }).catch(() => undefined)
          }
        }
      })()
      await running
    },

    async backlog() {
      try {
        const committed = await committedOffsets()
        let waiting = 0
        const stable = new Map<string, OffsetRange[]>()
        for (const topic of topics) {
          const ranges = await asAdmin(client => offsetRanges(client, topic))
          stable.set(topic, ranges)
          for (const [partition, { low, high }] of ranges.entries()) {
            const cursor = committed.get(placeKey({ topic, partition })) ?? -1
            waiting += Math.max(0, high - Math.max(cursor, low))
          }
        }
        return waiting > 0 ? waiting : await countUnended(stable)
      } catch (error) {
        throw journalError(error, `reading the forwarder's backlog`)
      }
    },

    async storeDeadLetter(organization, letter) {
      const value = encodeValue('dead-letters', open().framings['dead-letters'], letter)
      await append('dead-letters', organization, value, letter.receivedAt)
    },

    async close() {
      closing.abort()
      const clients = [admin, producer].map(async client => (await client)?.disconnect())
      const ending = Promise.allSettled([running, ...clients, registry?.close()])
      await Promise.race([ending, sleep(CLOSE_WAIT_MS, undefined, { ref: false })])
    },
  }

  /** One membership in the group, until the signal ends it or it cannot be kept. */
  async function consume(deliver: Deliver, maxEntries: number, signal: AbortSignal): Promise<void> {
    const consumer = kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      sessionTimeout: settings.sessionTimeoutMs,
      rebalanceTimeout: Math.max(settings.sessionTimeoutMs, 30_000),
      heartbeatInterval: Math.min(1_000, settings.sessionTimeoutMs / 4),
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: FORWARDING_FETCH_BYTES,
      maxBytes: 2 * FORWARDING_FETCH_BYTES,
      retry: { retries: 5, initialRetryTime: 100 },
    })
    const { GROUP_JOIN, END_BATCH_PROCESS, CRASH } = consumer.events
    /** Where each partition goes on, as far as this membership knows. */
    let cursors: Promise<Map<string, number>> = Promise.resolve(new Map())
    /** kafkajs goes on while markers are passed: whoever moves a cursor waits for this. */
    let passing: Promise<void> = Promise.resolve()
    try {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => resolve(), { once: true })
        if (signal.aborted) resolve()
        consumer.on(GROUP_JOIN, () => {
          cursors = committedOffsets()
          cursors.catch(() => undefined)
        })
        // A fetch with nothing but transaction markers: they must not stay in the backlog for ever.
        consumer.on(
          END_BATCH_PROCESS,
          ({ payload: { batchSize, topic, partition, firstOffset, lastOffset } }) => {
            if (batchSize > 0) return
            const place = { topic, partition }
            passing = passing.then(() => passMarkers(place, Number(firstOffset), Number(lastOffset) + 1))
          },
        )
        consumer.on(CRASH, ({ payload }) => {
          if (!payload.restart) reject(payload.error)
        })
        void (async () => {
          await consumer.connect()
          await consumer.subscribe({ topics, fromBeginning: true })
          await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch })
        })().catch(reject)
      })
    } finally {
      await disconnectQuietly(consumer)
    }

    async function passMarkers(place: TopicPartition, first: number, next: number): Promise<void> {
      try {
        await noticeLoss(place, first)
        ;(await cursors).set(placeKey(place), next)
        await commitCursor(consumer, place, next)
      } catch (error) {
        // They are passed again with the next commit, or by the next member.
        log.debug({}, `markers were not committed: ${(error as Error).message}`)
      }
    }

    async function noticeLoss(place: TopicPartition, first: number): Promise<void> {
      const cursor = (await cursors).get(placeKey(place)) ?? -1
      if (cursor === -1 || cursor === first) return
      await tellUnforwarded(place, cursor === RESET_OFFSET ? undefined : cursor, first)
      // What was told is not told again by the next member.
      await commitCursor(consumer, place, first)
      ;(await cursors).set(placeKey(place), first)
    }

    async function eachBatch(payload: EachBatchPayload): Promise<void> {
      const { batch, resolveOffset, commitOffsetsIfNecessary } = payload
      const stream = streamOf(names, batch.topic)
      const first = batch.firstOffset()
      if (stream === undefined || first === null) return
      await passing
      await noticeLoss(batch, Number(first))
      const { messages } = batch
      const decoded = (start: number): Promise<JournalEntry[]> =>
        decodeMessages(decode, stream, batch, messages.slice(start, start + maxEntries))
      let ahead = decoded(0)
      let committedAt = performance.now()
      for (let end = 0; end < messages.length; ) {
        const entries = await ahead
        end = Math.min(end + maxEntries, messages.length)
        const isLast = end === messages.length
        const delivering = deliverUntilDone(entries, deliver, payload, log, signal)
        // While the collector works on these the next are decoded; what is wrong with them is told when they have their turn.
        ahead = decoded(end)
        ahead.catch(() => undefined)
        await delivering
        const delivered = messages[end - 1]!.offset
        resolveOffset(delivered)
        // Behind the last message there may be its transaction's marker.
        const next = (isLast ? Number(batch.lastOffset()) : Number(delivered)) + 1
        ;(await cursors).set(placeKey(batch), next)
        if (isLast || performance.now() - committedAt > COMMIT_INTERVAL_MS) {
          const partitions = [{ partition: batch.partition, offset: String(next) }]
          await commitOffsetsIfNecessary({ topics: [{ topic: batch.topic, partitions }] })
          committedAt = performance.now()
        }
      }
    }
  }
}

async function commitCursor(consumer: Consumer, place: TopicPartition, next: number): Promise<void> {
  await consumer.commitOffsets([{ topic: place.topic, partition: place.partition, offset: String(next) }])
}

function placeKey({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
