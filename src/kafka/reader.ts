import { randomUUID } from 'node:crypto'
import type { EachBatchPayload } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { StreamName } from '../event/records.ts'
import type { JournalEntry, JournalReader, TailOptions } from '../ports.ts'
import { createClient, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { decodeMessages, warnOfForeign } from './decode-messages.ts'
import type { KafkaDependencies } from './journal.ts'
import { partitionOf } from './murmur2.ts'
import { disconnectQuietly, FETCH_BYTES, fixedAssigner, type TopicPartition } from './partition-reader.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import { type KafkaNames, type KafkaSettings, kafkaNames } from './settings.ts'
import { createValueDecoder } from './values.ts'

const MAX_WAIT_MS = 250
const HEARTBEAT_INTERVAL_MS = 3_000

/** A part of a topic to read; without `to` it has no end. */
interface Span extends TopicPartition {
  readonly stream: StreamName
  next: number
  readonly to: number | undefined
}

/** Reads the topics beside whoever writes them, in a group that nobody else is in and that commits nothing. */
export function createKafkaReader(settings: KafkaSettings, { log }: KafkaDependencies): JournalReader {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const decode = createValueDecoder(registry)
  const closing = new AbortController()

  async function findSpans(options: TailOptions): Promise<Span[]> {
    const { streams, fromBeginning, follow, organization } = options
    return withAdmin(kafka, async admin => {
      const spans: Span[] = []
      for (const stream of streams) {
        const topic = names.topics[stream]
        const ranges = await offsetRanges(admin, topic)
        const only = organization === undefined ? undefined : partitionOf(organization, ranges.length)
        for (const [partition, { low, high }] of ranges.entries()) {
          if (only !== undefined && partition !== only) continue
          const next = fromBeginning ? low : high
          if (follow || next < high)
            spans.push({ topic, partition, stream, next, to: follow ? undefined : high })
        }
      }
      return spans
    })
  }

  return {
    async open(signal) {
      const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
      const present = await untilReachable(
        doing,
        () => withAdmin(kafka, admin => admin.listTopics()),
        log,
        signal,
      )
      const missing = Object.values(names.topics).filter(topic => !present.includes(topic))
      if (missing.length === 0) return
      throw new ConnectorError(
        'JOURNAL_MISMATCH',
        `there are no topics ${missing.join(', ')} at ${settings.brokers[0]}: "hf-audit run" creates them; check KAFKA_TOPIC`,
      )
    },

    async *tail(options, signal) {
      const ended = AbortSignal.any([signal, closing.signal])
      if (ended.aborted) return
      const doing = `reading ${settings.topic}`
      const spans = await findSpans(options).catch(error => {
        throw journalError(error, doing)
      })
      if (spans.length === 0) return
      const hand = createHandOver<JournalEntry[]>(ended)
      const reading = readSpans(spans, options.organization, hand, ended).then(
        () => hand.end(),
        error => hand.end(journalError(error, doing)),
      )
      try {
        for (let entries = await hand.take(); entries !== undefined; entries = await hand.take())
          yield* entries
      } finally {
        hand.cancel()
        await reading
      }
    },

    async close() {
      closing.abort()
      await registry?.close().catch(() => undefined)
    },
  }

  /** Until every span is at its end, or nobody takes any more. */
  async function readSpans(
    spans: readonly Span[],
    organization: string | undefined,
    hand: HandOver<JournalEntry[]>,
    signal: AbortSignal,
  ): Promise<void> {
    const consumer = kafka.consumer({
      groupId: `${settings.topic}.reader.${randomUUID()}`,
      partitionAssigners: [fixedAssigner(spans)],
      allowAutoTopicCreation: false,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: FETCH_BYTES,
      retry: { retries: 8 },
    })
    const byPlace = new Map(spans.map(span => [`${span.topic} ${span.partition}`, span]))
    const open = new Set(spans.filter(({ to }) => to !== undefined))
    const { GROUP_JOIN, END_BATCH_PROCESS, CRASH } = consumer.events
    try {
      await new Promise<void>((resolve, reject) => {
        const stop = () => resolve()
        signal.addEventListener('abort', stop, { once: true })
        hand.onCancel(stop)
        consumer.on(GROUP_JOIN, () => {
          for (const { topic, partition, next } of spans)
            consumer.seek({ topic, partition, offset: String(next) })
        })
        // Also for batches of which nothing is left for a reader, such as a transaction's marker.
        consumer.on(END_BATCH_PROCESS, ({ payload }) => {
          const span = byPlace.get(`${payload.topic} ${payload.partition}`)
          if (span === undefined) return
          span.next = Math.max(span.next, Number(payload.lastOffset) + 1)
          if (span.to === undefined || span.next < span.to) return
          open.delete(span)
          if (open.size === 0) resolve()
        })
        consumer.on(CRASH, ({ payload }) => {
          if (!payload.restart) reject(payload.error)
        })
        const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
          const { batch, heartbeat } = payload
          const span = byPlace.get(`${batch.topic} ${batch.partition}`)
          if (span === undefined) return
          const wanted = batch.messages.filter(
            ({ key, offset }) =>
              Number(offset) >= span.next &&
              (span.to === undefined || Number(offset) < span.to) &&
              (organization === undefined || key?.toString('utf8') === organization),
          )
          if (wanted.length === 0) return
          const { entries, foreign, unreadable } = await decodeMessages(decode, span.stream, batch, wanted)
          warnOfForeign(log, batch, foreign)
          const timer = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_INTERVAL_MS)
          try {
            await hand.give(entries)
          } finally {
            clearInterval(timer)
          }
          if (unreadable === undefined) return
          reject(unreadable.error)
          throw unreadable.error
        }
        void (async () => {
          await consumer.connect()
          await consumer.subscribe({
            topics: [...new Set(spans.map(({ topic }) => topic))],
            fromBeginning: true,
          })
          await consumer.run({ autoCommit: false, eachBatch })
        })().catch(reject)
      })
    } finally {
      await disconnectQuietly(consumer)
    }
  }
}

/** Stream of a topic. */
export function streamOf(names: KafkaNames, topic: string): StreamName | undefined {
  return (Object.keys(names.topics) as StreamName[]).find(stream => names.topics[stream] === topic)
}

/** One value at a time from one side to the other: whoever gives waits until it was taken and the next is asked for. */
interface HandOver<T> {
  give(value: T): Promise<void>
  /** Undefined at the end. Throws what `end` was given. */
  take(): Promise<T | undefined>
  end(error?: unknown): void
  cancel(): void
  onCancel(listener: () => void): void
}

function createHandOver<T>(signal: AbortSignal): HandOver<T> {
  let waiting: { value: T; taken: () => void } | undefined
  let asked: (() => void) | undefined
  let ended = false
  let failure: unknown
  let cancelled = false
  const listeners: (() => void)[] = []
  const finish = (error?: unknown) => {
    ended = true
    failure ??= error
    waiting?.taken()
    asked?.()
  }
  signal.addEventListener('abort', () => finish(), { once: true })
  return {
    give(value) {
      if (ended || cancelled) return Promise.resolve()
      return new Promise(resolve => {
        waiting = { value, taken: resolve }
        asked?.()
      })
    },
    async take() {
      while (waiting === undefined && !ended) {
        await new Promise<void>(resolve => {
          asked = resolve
        })
      }
      asked = undefined
      if (waiting !== undefined && !signal.aborted) {
        const { value, taken } = waiting
        waiting = undefined
        taken()
        return value
      }
      if (failure !== undefined) throw failure
      return undefined
    },
    end: finish,
    cancel() {
      cancelled = true
      waiting?.taken()
      for (const listener of listeners) listener()
    },
    onCancel: listener => listeners.push(listener),
  }
}
