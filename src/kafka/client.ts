import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Admin, type Kafka, type KafkaConfig, type LogEntry, type Producer } from 'kafkajs'
import type { Logger } from '../log.ts'
import { hasNoLeader } from './client-errors.ts'
import { registerCodecs } from './codecs.ts'
import { installFastRecords } from './fast-records.ts'
import { oauthBearer } from './oauth-bearer.ts'
import type { KafkaSasl, KafkaSettings } from './settings.ts'
import { installWholeResponses } from './whole-responses.ts'

/** A response later than this counts as lost. Below the transaction time-out, so that a frozen broker is noticed first. */
export const REQUEST_TIMEOUT_MS = 15_000
const CONNECTION_TIMEOUT_MS = 5_000
/** The broker's transaction.max.timeout.ms must be at least this. */
export const TRANSACTION_TIMEOUT_MS = 60_000

/**
 * The pace at which kafkajs repeats a request. It also waits this long when the transaction before is still being
 * closed (CONCURRENT_TRANSACTIONS), so the first wait decides how many transactions a second are possible.
 */
export const PRODUCER_RETRY = {
  initialRetryTime: 5,
  multiplier: 2,
  maxRetryTime: 1_000,
  retries: 14,
} as const
const CLIENT_RETRY = { initialRetryTime: 50, multiplier: 2, maxRetryTime: 1_000, retries: 5 } as const

export function createClient(settings: KafkaSettings, log: Logger): Kafka {
  registerCodecs()
  installFastRecords()
  installWholeResponses()
  const config: KafkaConfig = {
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    authenticationTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: CLIENT_RETRY,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: () => entry => bridgeLog(log, entry),
  }
  if (settings.ssl !== undefined) config.ssl = { ...settings.ssl }
  if (settings.sasl !== undefined) config.sasl = saslOptions(settings.sasl)
  return new kafkajs.Kafka(config)
}

function saslOptions(sasl: KafkaSasl): NonNullable<KafkaConfig['sasl']> {
  const { mechanism } = sasl
  switch (mechanism) {
    case 'PLAIN':
      return { mechanism: 'plain', username: sasl.username, password: sasl.password }
    case 'SCRAM-SHA-256':
      return { mechanism: 'scram-sha-256', username: sasl.username, password: sasl.password }
    case 'SCRAM-SHA-512':
      return { mechanism: 'scram-sha-512', username: sasl.username, password: sasl.password }
    case 'OAUTHBEARER':
      return oauthBearer(sasl.tokenFile)
  }
}

/**
 * kafkajs tells every retry; what matters of it is thrown and told by our own words. Only named fields pass: nothing
 * that could hold a secret or a record.
 */
function bridgeLog(log: Logger, { namespace, log: content }: LogEntry): void {
  const { message, broker, groupId, error } = content
  const fields = { part: `kafkajs ${namespace}`, broker, groupId, error: text(error) }
  log.debug(fields, message)
}

function text(error: unknown): string | undefined {
  if (typeof error === 'string') return error
  return error instanceof Error ? error.message : undefined
}

/** Every record says where it belongs; a default partitioner would place a keyless one anew on each retry. */
export function explicitPartitioner(): (args: { message: { partition?: number } }) => number {
  return ({ message }) => {
    if (message.partition === undefined) throw new TypeError('a record without a partition')
    return message.partition
  }
}

/** The one writer of a shard, or of a replay. Not `idempotent`: that would only fetch a second producer id for sends outside of transactions. */
function createTransactionalProducer(kafka: Kafka, transactionalId: string): Producer {
  return kafka.producer({
    transactionalId,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: explicitPartitioner,
    retry: PRODUCER_RETRY,
  })
}

/**
 * A new producer under this transactional id. Whoever had the id before can write nothing any more. `requireRight` is
 * called when the broker is reached, which may take long: what it throws ends the matter, and nobody was disturbed.
 */
export async function takeOver(
  kafka: Kafka,
  transactionalId: string,
  requireRight: () => Promise<void> = async () => undefined,
): Promise<Producer> {
  const producer = createTransactionalProducer(kafka, transactionalId)
  try {
    await producer.connect()
    await requireRight()
    // Only a transaction makes kafkajs ask for a producer id, and with that the broker ends the predecessor's.
    const transaction = await producer.transaction()
    await transaction.abort()
    return producer
  } catch (error) {
    void producer.disconnect().catch(() => undefined)
    throw error
  }
}

/** For records outside of the poller's transactions: it can leave nothing aborted in a partition. */
export function createPlainProducer(kafka: Kafka): Producer {
  return kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: explicitPartitioner,
    retry: PRODUCER_RETRY,
  })
}

export interface OffsetRange {
  /** First offset that is still kept. */
  readonly low: number
  /** The last stable offset: everything below is committed or aborted. */
  readonly high: number
}

/** Of a topic that was just made, brokers learn late that they lead its partitions; kafkajs does not ask again then. */
const LEADER_TRIES = 40
const LEADER_WAIT_MS = 250

/** By partition. */
export async function offsetRanges(
  admin: Pick<Admin, 'fetchTopicOffsets'>,
  topic: string,
  waitMs = LEADER_WAIT_MS,
): Promise<OffsetRange[]> {
  for (let tries = 1; ; tries++) {
    try {
      const ranges: OffsetRange[] = []
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        ranges[partition] = { low: Number(low), high: Number(high) }
      }
      return ranges
    } catch (error) {
      if (!hasNoLeader(error) || tries === LEADER_TRIES) throw error
      await sleep(waitMs)
    }
  }
}
