import type { KafkaMessage } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { StreamName } from '../event/records.ts'
import type { ReplayRecord, ReplaySource, ReplaySpan } from '../replay-ports.ts'
import { createClient, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { decodeMessages, warnOfForeign } from './decode-messages.ts'
import type { KafkaDependencies } from './journal.ts'
import { partitionOf } from './murmur2.ts'
import { openPartitionReader, type PartitionReader, type TopicPartition } from './partition-reader.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import { findSequence, type SequencePlace } from './sequence-search.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import { existingTopics } from './topics.ts'
import { createValueDecoder } from './values.ts'

/** Fetched before anything is handed on: with the fetch that reaches this it is enough. */
const BUFFER_BYTES = 4 * 1024 * 1024
/** The cursor is kept with each page. */
const PAGE_RECORDS = 2_000

/**
 * Reads the topics again in a group that nobody else is in and that commits nothing. A range of times begins at the
 * first record received since, which the broker knows; one of sequences is found by halving.
 */
export function createKafkaReplaySource(settings: KafkaSettings, { log }: KafkaDependencies): ReplaySource {
  const names = kafkaNames(settings.topic)
  const kafka = createClient(settings, log)
  const registry = settings.registry === undefined ? undefined : createSchemaRegistry(settings.registry)
  const decode = createValueDecoder(registry)
  let reader: { readonly topic: string; readonly opened: Promise<PartitionReader> } | undefined

  /** One for all partitions of the topic: joining a group takes its time. */
  function readerOf(topic: string, signal: AbortSignal): Promise<PartitionReader> {
    if (reader?.topic !== topic) {
      closeReader()
      const opened = withAdmin(kafka, admin => existingTopics(admin, [topic])).then(present => {
        const places = Array.from({ length: present.get(topic) ?? 0 }, (_, partition) => ({
          topic,
          partition,
        }))
        return openPartitionReader(kafka, settings.topic, places, signal)
      })
      opened.catch(() => undefined)
      reader = { topic, opened }
    }
    return reader!.opened
  }

  function closeReader(): void {
    void reader?.opened.then(opened => opened.close()).catch(() => undefined)
    reader = undefined
  }

  /** A reader that failed does not read again: the next one is a new one. */
  async function reading<T>(
    topic: string,
    signal: AbortSignal,
    work: (reader: PartitionReader) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(await readerOf(topic, signal))
    } catch (error) {
      closeReader()
      throw journalError(error, `reading ${topic}`)
    }
  }

  async function timeSpans(topic: string, fromMs: number | undefined): Promise<ReplaySpan[]> {
    return withAdmin(kafka, async admin => {
      const ranges = await offsetRanges(admin, topic)
      const starts = new Map<number, number>()
      // A negative time would mean something else to the broker; no record is that old.
      if (fromMs !== undefined && fromMs > 0) {
        for (const { partition, offset } of await admin.fetchTopicOffsetsByTimestamp(topic, fromMs)) {
          starts.set(partition, Number(offset))
        }
      }
      return ranges.map(({ low, high }, partition) => ({
        partition,
        from: Math.max(low, starts.get(partition) ?? low),
        to: high,
      }))
    })
  }

  /** Retention may have deleted what was there when the range was looked for. */
  async function firstKept(topic: string, { partition, from, to }: ReplaySpan): Promise<number> {
    try {
      const ranges = await withAdmin(kafka, admin => offsetRanges(admin, topic))
      const low = ranges[partition]?.low ?? to
      if (low <= from) return from
      log.warn(
        { topic, partition, from, to: Math.min(low, to) },
        'these offsets were deleted before they were replayed',
      )
      return Math.min(low, to)
    } catch (error) {
      throw journalError(error, `looking at ${topic}`)
    }
  }

  async function narrowedToSequences(
    span: ReplaySpan,
    organization: string,
    { from, to }: { readonly from: number; readonly to: number | undefined },
    signal: AbortSignal,
  ): Promise<ReplaySpan> {
    const topic = names.topics.events
    return reading(topic, signal, async opened => {
      const firstSequence = (low: number, high: number) =>
        firstAt(opened, span.partition, organization, low, high)
      const start = await findSequence(from, span.from, span.to, firstSequence)
      if (to === undefined) return { ...span, from: start.notBefore }
      const end = await findSequence(to + 1, start.notBefore, span.to, firstSequence)
      return { ...span, from: start.notBefore, to: end.notAfter }
    })
  }

  /** The organization's first event in these offsets. */
  async function firstAt(
    opened: PartitionReader,
    partition: number,
    organization: string,
    from: number,
    to: number,
  ): Promise<SequencePlace | undefined> {
    const topic = names.topics.events
    let first: SequencePlace | undefined
    await opened.read({ topic, partition, from, to }, async messages => {
      for (const message of messages) {
        if (message.value === null || message.key?.toString('utf8') !== organization) continue
        const [record] = await recordsOf('events', { topic, partition }, [message])
        if (record?.entry.stream !== 'events') continue
        first = { offset: Number(message.offset), sequence: record.entry.record.sequence }
        return 'enough'
      }
      return undefined
    })
    return first
  }

  async function recordsOf(
    stream: StreamName,
    place: TopicPartition,
    messages: readonly KafkaMessage[],
  ): Promise<ReplayRecord[]> {
    const { entries, ours, foreign, unreadable } = await decodeMessages(decode, stream, place, messages)
    if (unreadable !== undefined) throw unreadable.error
    warnOfForeign(log, place, foreign)
    return entries.map((entry, index): ReplayRecord => {
      const { key, value, headers, timestamp } = ours[index]!
      return {
        entry,
        stored: { key, value: value!, headers: headers ?? {}, timestampMs: Number(timestamp) },
      }
    })
  }

  return {
    origin: `the topic ${names.topics.events}`,

    async open(signal) {
      const doing = `connecting to Kafka at ${settings.brokers.join(', ')}`
      const topics = Object.values(names.topics)
      const present = await untilReachable(
        doing,
        () => withAdmin(kafka, admin => existingTopics(admin, topics)),
        log,
        signal,
      )
      const missing = topics.filter(topic => !present.has(topic))
      if (missing.length === 0) return
      throw new ConnectorError(
        'JOURNAL_MISMATCH',
        `there are no topics ${missing.join(', ')} at ${settings.brokers[0]}: "hf-audit run" creates them; check KAFKA_TOPIC`,
      )
    },

    async spans({ stream, organization, range }, signal) {
      const topic = names.topics[stream]
      try {
        const all = await timeSpans(topic, range.by === 'received-time' ? range.fromMs : undefined)
        const only = organization === undefined ? undefined : partitionOf(organization, all.length)
        const wanted = all.filter(
          ({ partition, from, to }) => from < to && (only === undefined || partition === only),
        )
        if (range.by !== 'sequence' || organization === undefined) return wanted
        const narrowed = wanted.map(span => narrowedToSequences(span, organization, range, signal))
        return (await Promise.all(narrowed)).filter(({ from, to }) => from < to)
      } catch (error) {
        throw journalError(error, `looking for the range in ${topic}`)
      }
    },

    async *read(span, { stream, organization }, signal) {
      const topic = names.topics[stream]
      const { partition, to } = span
      let next = await firstKept(topic, span)
      if (next >= to) yield { records: [], next: to }
      while (next < to) {
        const fetched: KafkaMessage[] = []
        let bytes = 0
        const isFull = () => fetched.length >= PAGE_RECORDS || bytes >= BUFFER_BYTES
        await reading(topic, signal, opened =>
          opened.read({ topic, partition, from: next, to }, messages => {
            fetched.push(...messages)
            for (const { value } of messages) bytes += value?.length ?? 0
            return isFull() ? 'enough' : undefined
          }),
        )
        next = isFull() ? Number(fetched.at(-1)!.offset) + 1 : to
        const wanted = fetched.filter(
          ({ key, value }) =>
            value !== null && (organization === undefined || key?.toString('utf8') === organization),
        )
        for (let start = 0; start < wanted.length; start += PAGE_RECORDS) {
          const part = wanted.slice(start, start + PAGE_RECORDS)
          const isLast = start + PAGE_RECORDS >= wanted.length
          const records = await recordsOf(stream, { topic, partition }, part)
          yield { records, next: isLast ? next : Number(part.at(-1)!.offset) + 1 }
        }
        if (wanted.length === 0) yield { records: [], next }
      }
    },

    async close() {
      const closing = reader
      reader = undefined
      await closing?.opened.then(opened => opened.close()).catch(() => undefined)
      await registry?.close().catch(() => undefined)
    },
  }
}
