import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Producer } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { ALL_STREAMS, encodeValue } from '../event/avro.ts'
import type { Organization } from '../event/organization.ts'
import type { Finding } from '../event/records.ts'
import type { Logger } from '../log.ts'
import type { ForwardingSource } from '../ports.ts'
import { plainMessage } from './batch-messages.ts'
import { createClient, createPlainProducer, type OffsetRange, offsetRanges } from './client.ts'
import { journalError } from './client-errors.ts'
import { untilReachable, withAdmin } from './connect.ts'
import { consumeAsMember, forwardedTopics, placeKey } from './forwarding-member.ts'
import { createForwardingTroubles, GROUP_TROUBLE } from './forwarding-troubles.ts'
import { fetchHighWatermarks } from './high-watermarks.ts'
import { partitionOf } from './murmur2.ts'
import { createSchemaRegistry } from './schema-registry.ts'
import { type KafkaSettings, kafkaNames } from './settings.ts'
import { existingTopics } from './topics.ts'
import { isReplaced, type LostPlace, unforwardedFinding } from './unforwarded.ts'
import { createValueDecoder, type Framings, resolveFramings } from './values.ts'

const REBUILD_WAIT_MS = 1_000
const CLOSE_WAIT_MS = 5_000

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
  const topics = forwardedTopics(names)
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

  /** Whose records lie in the partition. */
  function organizationsIn(partition: number): Organization[] {
    const { partitions } = open()
    return settings.organizations.filter(({ identity }) => partitionOf(identity, partitions) === partition)
  }

  /** The cursor fell behind the start of the log: what lay between never reached the collector. */
  async function tellUnforwarded(lost: LostPlace): Promise<void> {
    const { framings } = open()
    const here = organizationsIn(lost.partition)
    const words = isReplaced(lost)
      ? 'the topic was replaced: it is forwarded from its beginning'
      : 'records were deleted from the topic before they were forwarded'
    log.error({ ...lost }, words)
    for (const organization of here) {
      const finding = unforwardedFinding(lost, organization, here.length === 1, Date.now())
      const { organization: identity, foundAt } = finding
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
      const framings = await resolveFramings(registry, names, ALL_STREAMS, log, signal)
      opened = { framings, partitions }
    },

    async run(deliver, options, signal) {
      open()
      const ended = AbortSignal.any([signal, closing.signal])
      const troubles = createForwardingTroubles(log, options.onTrouble)
      const parts = {
        kafka,
        settings,
        log,
        decode,
        troubles,
        committedOffsets,
        organizationsIn,
        tellUnforwarded,
      }
      running = (async () => {
        while (!ended.aborted) {
          try {
            await consumeAsMember(parts, deliver, options, ended)
          } catch (error) {
            if (ended.aborted) return
            troubles.tell(GROUP_TROUBLE, journalError(error, 'forwarding from Kafka'))
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
}
