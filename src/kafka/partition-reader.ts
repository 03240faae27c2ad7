import { randomUUID } from 'node:crypto'
import kafkajs, { type Consumer, type Kafka, type KafkaMessage, type PartitionAssigner } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { journalError } from './client-errors.ts'
import { whenCoordinatorReady } from './coordinator.ts'

const { AssignerProtocol } = kafkajs

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface OffsetSpan extends TopicPartition {
  readonly from: number
  /** Exclusive: the last stable offset at most, or this never ends. */
  readonly to: number
}

/** The next records come when it has resolved; `enough` ends the reading behind these. */
type OnMessages = (messages: readonly KafkaMessage[]) => MaybeEnough | Promise<MaybeEnough>
// biome-ignore lint/suspicious/noConfusingVoidType: whoever wants all returns nothing
type MaybeEnough = 'enough' | void

/** Reads spans of the given partitions, one after the other, read-committed. */
export interface PartitionReader {
  /**
   * `onMessages` gets the committed records of the span in order. Resolves when the span was read to its end, or
   * `onMessages` has had enough.
   */
  read(span: OffsetSpan, onMessages: OnMessages): Promise<void>
  close(): Promise<void>
}

/** A fetch that brings nothing waits this long on the broker, and so does kafkajs while every partition is paused. */
const MAX_WAIT_MS = 50
/** Of one fetch from one partition, compressed: several times that when it is not. */
export const FETCH_BYTES = 1024 * 1024
const NO_PROGRESS_TIMEOUT_MS = 30_000
const JOIN_TIMEOUT_MS = 60_000
/** Fetches that brought bytes but no record, until compaction is taken for the reason. */
const EMPTY_FETCHES = 3
/** A fetch response for one partition without its topic's name, and the header of one batch of records. */
const FETCH_RESPONSE_BYTES = 66
const BATCH_HEADER_BYTES = 61

interface Reading {
  readonly span: OffsetSpan
  readonly onMessages: OnMessages
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
  next: number
  emptyFetches: number
  isEnough: boolean
}

/**
 * kafkajs reads only as a member of a group, so this joins one of its own, with a name nobody else has, and gets
 * exactly the partitions asked for. Nothing is committed to that group. Waits for a coordinator that has just started.
 */
export function openPartitionReader(
  kafka: Kafka,
  prefix: string,
  partitions: readonly TopicPartition[],
  signal?: AbortSignal,
): Promise<PartitionReader> {
  return whenCoordinatorReady(() => openOnce(kafka, prefix, partitions, signal), { signal })
}

async function openOnce(
  kafka: Kafka,
  prefix: string,
  partitions: readonly TopicPartition[],
  signal: AbortSignal | undefined,
): Promise<PartitionReader> {
  const topics = [...new Set(partitions.map(({ topic }) => topic))]
  const consumer = kafka.consumer({
    groupId: `${prefix}.reader.${randomUUID()}`,
    partitionAssigners: [fixedAssigner(partitions)],
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: MAX_WAIT_MS,
    maxBytesPerPartition: FETCH_BYTES,
    retry: { retries: 5, restartOnFailure: async () => false },
  })
  let reading: Reading | undefined
  let failure: unknown
  let tellFailure: (error: unknown) => void
  const failed = new Promise<never>((_, reject) => {
    tellFailure = reject
  })
  failed.catch(() => undefined)

  const pauseAll = () => consumer.pause(topics.map(topic => ({ topic })))
  const start = ({ span, next }: Reading) => {
    consumer.seek({ topic: span.topic, partition: span.partition, offset: String(next) })
    consumer.resume([{ topic: span.topic, partitions: [span.partition] }])
  }
  const advance = (next: number) => {
    if (reading === undefined || next <= reading.next) return
    reading.next = next
    reading.emptyFetches = 0
    if (next < reading.span.to && !reading.isEnough) return
    const { resolve } = reading
    reading = undefined
    pauseAll()
    resolve()
  }
  const fail = (error: unknown) => {
    failure ??= error
    reading?.reject(failure)
    reading = undefined
    tellFailure(failure)
  }

  const { GROUP_JOIN, END_BATCH_PROCESS, REQUEST, CRASH } = consumer.events
  const joined = new Promise<void>(resolve => {
    consumer.on(GROUP_JOIN, () => {
      // Every join forgets the positions.
      pauseAll()
      if (reading !== undefined) start(reading)
      resolve()
    })
  })
  consumer.on(END_BATCH_PROCESS, ({ payload }) => {
    if (reading === undefined || !isIn(reading.span, payload)) return
    advance(Number(payload.lastOffset) + 1)
  })
  consumer.on(REQUEST, ({ payload }) => {
    if (reading === undefined || payload.apiName !== 'Fetch') return
    // Compaction leaves empty batches behind, over which kafkajs does not step by itself. An error or an empty answer
    // is smaller than that. Whoever reads a compacted topic must still check that nothing is missing.
    const least = FETCH_RESPONSE_BYTES + reading.span.topic.length + BATCH_HEADER_BYTES
    if (payload.size < least || ++reading.emptyFetches <= EMPTY_FETCHES) return
    advance(reading.next + 1)
    if (reading !== undefined) start(reading)
  })
  consumer.on(CRASH, ({ payload }) => fail(payload.error))
  const onAbort = () => fail(new ConnectorError('STOPPED', 'reading was stopped'))
  signal?.addEventListener('abort', onAbort, { once: true })

  const close = async () => {
    signal?.removeEventListener('abort', onAbort)
    fail(new ConnectorError('STOPPED', 'the reader was closed'))
    await disconnectQuietly(consumer)
  }
  const join = async () => {
    await consumer.connect()
    await consumer.subscribe({ topics, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        if (reading === undefined || !isIn(reading.span, batch)) return
        const mine = reading
        const { span, next, onMessages } = mine
        const wanted = batch.messages.filter(
          ({ offset }) => Number(offset) >= next && Number(offset) < span.to,
        )
        try {
          if (wanted.length > 0) mine.isEnough = (await onMessages(wanted)) === 'enough'
        } catch (error) {
          fail(error)
        }
      },
    })
    await joined
  }
  const deadline = setTimeout(
    () => fail(new Error(`the group was not joined within ${JOIN_TIMEOUT_MS / 1000} s`)),
    JOIN_TIMEOUT_MS,
  )
  try {
    // Whoever joins may never hear of it: the consumer crashed, the broker went, or nobody wants to know any more.
    await Promise.race([join(), failed])
  } catch (error) {
    // Not waited for: what could not join may not be able to leave either.
    void close()
    throw journalError(error, `reading ${topics.join(', ')}`)
  } finally {
    clearTimeout(deadline)
  }

  return {
    async read(span, onMessages) {
      if (span.from >= span.to) return
      const watchdog = { next: span.from, since: Date.now() }
      const ended = new Promise<void>((resolve, reject) => {
        if (failure !== undefined) return reject(failure)
        reading = { span, onMessages, resolve, reject, next: span.from, emptyFetches: 0, isEnough: false }
        start(reading)
      })
      const timer = setInterval(() => {
        if (reading !== undefined && reading.next !== watchdog.next) {
          watchdog.next = reading.next
          watchdog.since = Date.now()
        } else if (Date.now() - watchdog.since > NO_PROGRESS_TIMEOUT_MS) {
          fail(new Error(`no progress for ${NO_PROGRESS_TIMEOUT_MS / 1000} s at offset ${watchdog.next}`))
        }
      }, 1_000)
      try {
        await ended
      } catch (error) {
        throw journalError(error, `reading ${span.topic}[${span.partition}] from offset ${span.from}`)
      } finally {
        clearInterval(timer)
      }
    },
    close,
  }
}

function isIn(span: OffsetSpan, place: TopicPartition): boolean {
  return place.topic === span.topic && place.partition === span.partition
}

/** Gives the only member of the group these partitions and no others. */
export function fixedAssigner(partitions: readonly TopicPartition[]): PartitionAssigner {
  const assignment: Record<string, number[]> = {}
  for (const { topic, partition } of partitions) {
    const known = assignment[topic] ?? []
    if (!known.includes(partition)) known.push(partition)
    assignment[topic] = known
  }
  return () => ({
    name: 'fixed',
    version: 1,
    assign: async ({ members }) =>
      members.slice(0, 1).map(({ memberId }) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 1,
          assignment,
          userData: Buffer.alloc(0),
        }),
      })),
    protocol: ({ topics }) => ({
      name: 'fixed',
      metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
    }),
  })
}

/** Leaves the group and closes the connections; what goes wrong then changes nothing any more. */
export async function disconnectQuietly(client: Pick<Consumer, 'disconnect'>): Promise<void> {
  await client.disconnect().catch(() => undefined)
}
