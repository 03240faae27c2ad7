import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka, Producer, Transaction } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { StreamName } from '../event/records.ts'
import type { ReplayCursor, ReplayState, SpanProgress } from '../replay-ports.ts'
import { createClient, takeOver } from './client.ts'
import { isFenced, journalError } from './client-errors.ts'
import { withAdmin } from './connect.ts'
import { whenCoordinatorReady } from './coordinator.ts'
import type { KafkaDependencies } from './journal.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'

/** Below the transaction time-out: whoever waits longer finds out what became of it. */
const TRANSACTION_DEADLINE_MS = 45_000
const CLOSE_WAIT_MS = 5_000
/** While the markers of the transaction before are on their way. */
const FIRST_WAIT_MS = 5
const MAX_WAIT_MS = 500
const FORMAT_VERSION = 1

/** What stands in the metadata of a committed offset, beside the offset, which is the next to read. */
interface StoredSpan {
  readonly version: number
  readonly request: string
  readonly run: number
  readonly from: number
  readonly to: number
  readonly sent: number
  readonly refused: number
}

export interface ReplayTransactions extends ReplayCursor {
  /** One transaction: what `send` does with it, and the state. All of it is kept, or nothing. */
  commit(
    state: ReplayState,
    changed: number | undefined,
    send: (transaction: Transaction) => Promise<void>,
  ): Promise<void>
}

/** For a replay from Kafka to somewhere else. */
export function createKafkaReplayCursor(
  settings: KafkaSettings,
  { id, stream }: { readonly id: string; readonly stream: StreamName },
  { log }: KafkaDependencies,
): ReplayCursor {
  const topic = kafkaNames(settings.topic).topics[stream]
  return createReplayTransactions(createClient(settings, log), { id, topic })
}

export interface ReplayPlace {
  /** Consumer group and transactional id. */
  readonly id: string
  /** To whose partitions the group's offsets belong. */
  readonly topic: string
}

/**
 * The cursor of a replay as committed offsets of a consumer group that has no members. They are written in transactions
 * under an id of the replay's own: together with the records where those go to Kafka too, and so that a second process
 * that runs the same replay shuts the first one out. One partition has what concerns its span, so that no number of
 * partitions is too large for the metadata of one offset.
 */
export function createReplayTransactions(kafka: Kafka, { id, topic }: ReplayPlace): ReplayTransactions {
  let producer: Producer | undefined

  function discard(): void {
    void producer?.disconnect().catch(() => undefined)
    producer = undefined
  }

  async function committed(): Promise<ReplayState | undefined> {
    const [fetched] = await withAdmin(kafka, admin =>
      whenCoordinatorReady(() => admin.fetchOffsets({ groupId: id, topics: [topic] })),
    )
    const stored = (fetched?.partitions ?? [])
      .filter(({ offset, metadata }) => Number(offset) >= 0 && metadata !== null && metadata !== '')
      .map(({ partition, offset, metadata }) => ({
        partition,
        next: Number(offset),
        ...storedSpan(metadata!, id),
      }))
    const run = Math.max(...stored.map(span => span.run))
    const spans = stored.filter(span => span.run === run).sort((a, b) => a.partition - b.partition)
    if (spans.length === 0) return undefined
    return {
      request: spans[0]!.request,
      run,
      spans: spans.map(({ partition, from, to, next, sent, refused }) => ({
        partition,
        from,
        to,
        next,
        sent,
        refused,
      })),
    }
  }

  const cursor: ReplayTransactions = {
    async resume() {
      discard()
      try {
        producer = await takeOver(kafka, id)
        // What the predecessor committed is visible by now: the coordinator takes nobody over before the markers are out.
        return await committed()
      } catch (error) {
        discard()
        throw journalError(error, `taking over the replay ${id}`)
      }
    },

    save: (state, changed) => cursor.commit(state, changed, async () => undefined),

    async commit(state, changed, send) {
      if (producer === undefined) throw notTakenOver(id)
      const mine = producer
      try {
        await inTime(async late => {
          const transaction = await mine.transaction()
          await send(transaction)
          const spans = changed === undefined ? state.spans : [state.spans[changed]!]
          if (spans.length > 0) {
            const partitions = spans.map(span => committedOffset(state, span))
            await sendOffsets(transaction, { consumerGroupId: id, topics: [{ topic, partitions }] }, late)
          }
          late.throwIfAborted()
          await transaction.commit()
        })
      } catch (error) {
        discard()
        if (isFenced(error)) throw fenced(id, error)
        throw journalError(error, `storing what the replay ${id} has sent`)
      }
    },

    async close() {
      const closing = producer?.disconnect().catch(() => undefined)
      producer = undefined
      await Promise.race([closing, sleep(CLOSE_WAIT_MS, undefined, { ref: false })])
    },
  }
  return cursor
}

/**
 * A transaction whose first act this is may come before the markers of the last one are out; kafkajs waits for them
 * where it sends records, and not here.
 */
async function sendOffsets(
  transaction: Transaction,
  offsets: Parameters<Transaction['sendOffsets']>[0],
  late: AbortSignal,
): Promise<void> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, MAX_WAIT_MS)) {
    try {
      return await transaction.sendOffsets(offsets)
    } catch (error) {
      if ((error as { type?: string }).type !== 'CONCURRENT_TRANSACTIONS') throw error
    }
    await sleep(waitMs, undefined, { signal: late })
  }
}

/** kafkajs passes the metadata on, though its types do not have it. */
function committedOffset(
  { request, run }: ReplayState,
  { partition, from, to, next, sent, refused }: SpanProgress,
): { partition: number; offset: string; metadata: string } {
  const stored: StoredSpan = { version: FORMAT_VERSION, request, run, from, to, sent, refused }
  return { partition, offset: String(next), metadata: JSON.stringify(stored) }
}

function storedSpan(metadata: string, id: string): StoredSpan {
  try {
    const stored = JSON.parse(metadata) as StoredSpan
    if (stored.version === FORMAT_VERSION) return stored
  } catch {
    // Not ours, then.
  }
  throw new ConnectorError(
    'JOURNAL_MISMATCH',
    `the offsets of the consumer group ${id} were not written by a replay of this release: give the replay another --name`,
  )
}

/** The producer is thrown away afterwards, and with the next one's taking over this one can commit nothing any more. */
async function inTime(work: (late: AbortSignal) => Promise<void>): Promise<void> {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late.abort()
      reject(new Error(`the transaction was not at its end after ${TRANSACTION_DEADLINE_MS / 1000} s`))
    }, TRANSACTION_DEADLINE_MS)
  })
  try {
    await Promise.race([work(late.signal), tooLate])
  } finally {
    clearTimeout(timer)
  }
}

function notTakenOver(id: string): ConnectorError {
  return new ConnectorError('JOURNAL_UNAVAILABLE', `the replay ${id} has no producer`, { retryable: true })
}

function fenced(id: string, cause: unknown): ConnectorError {
  return new ConnectorError(
    'JOURNAL_NOT_OWNED',
    `another process has taken over the replay ${id}, or this one stood still for too long: nothing of the last ` +
      'transaction was stored. Where no other runs, start it again: it goes on where it stopped.',
    { cause },
  )
}
