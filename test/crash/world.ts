import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import type { Brokers } from './brokers.ts'
import { countLine, type Figures } from './figures.ts'
import { type GrowingHub, startGrowingHub } from './growing-hub.ts'
import { createPolls, type Polls } from './polls.ts'
import { createWorker, type Worker } from './worker.ts'

/** The broker does not know of a transaction any more that its partitions still hold open. */
export class HangingTransaction extends Error {}

/** A Hub, brokers and workers, with topics of their own. */
export interface World {
  readonly topic: string
  readonly organizations: readonly string[]
  readonly brokers: Brokers
  readonly hub: GrowingHub
  readonly workers: readonly Worker[]
  readonly polls: Polls
  readonly figures: Figures
  /** By how many events a log jumps when a backfill is wanted: several transactions. */
  readonly backfillEvents: number
  /** Where the topic of the events ends, over all partitions; 0 while nobody answers. */
  publishedRecords(): Promise<number>
  /** Something happened that must not. */
  fail(what: string): void
  /** Throws with all that must not have happened. */
  check(): void
  /** Ends every fault: all processes run, all connections pass. */
  heal(): void
  /** Resolves when every organization was polled once more. */
  polledAgain(): Promise<void>
  /** Ends every worker in good order, when all that the Hub has is published. */
  rest(): Promise<void>
  /** Goes on after `rest`. */
  go(): void
  stop(): Promise<void>
}

export interface WorldOptions {
  readonly seed: number
  readonly name: string
  readonly brokers: Brokers
  readonly figures: Figures
  readonly sessionTimeoutMs: number
  /** Logs of the workers and their data directories. */
  readonly folder: string
}

/** On each of the four shards one, and on one of them two: a worker has several shards, a shard has several of them. */
export const ORGANIZATIONS = [
  'alpha-example',
  'bravo-example',
  'charlie-example',
  'india-example',
  'lima-example',
]
const PARTITIONS = 4
const FIRST_EVENTS = 1_500
/** A transaction takes about 1,500 of them. */
const EVENT_BYTES = 1_500
const BACKFILL_EVENTS = 4_000
/** Far beyond the transaction time-out of a worker, after which its transaction is ended by the coordinator. */
const HANGING_TIMEOUT_MS = 120_000
const POLLED_TIMEOUT_MS = 300_000

export async function startWorld(options: WorldOptions): Promise<World> {
  const { brokers, figures, folder, name } = options
  mkdirSync(folder, { recursive: true })
  const hub = await startGrowingHub({
    seed: options.seed,
    organizations: ORGANIZATIONS,
    events: FIRST_EVENTS,
    eventBytes: EVENT_BYTES,
  })
  const polls = createPolls(ORGANIZATIONS)
  const failures: string[] = []
  const lastTroubles = new Map<string, string>()
  const workers = brokers.networks.map((network, index) => {
    const workerName = `worker-${index + 1}`
    return createWorker({
      name: workerName,
      logFile: join(folder, `${workerName}.log`),
      environment: {
        HF_ENDPOINT: hub.url,
        HF_TOKEN: 'hf_simulated',
        HF_AUDIT_ORGANIZATIONS: ORGANIZATIONS.join(','),
        HF_AUDIT_DATA_DIR: join(folder, `${workerName}-data`),
        HF_AUDIT_POLL_INTERVAL: '1s',
        HF_AUDIT_LOG_LEVEL: 'debug',
        KAFKA_BROKERS: network.brokers,
        KAFKA_TOPIC: name,
        KAFKA_PARTITIONS: String(PARTITIONS),
        KAFKA_SESSION_TIMEOUT: `${options.sessionTimeoutMs}ms`,
      },
      onLine(worker, line) {
        countLine(figures, line)
        polls.note(worker, line)
        if (line.code !== undefined && line.organization !== undefined)
          lastTroubles.set(String(line.organization), `${worker.name} at ${line.time}: ${line.msg}`)
      },
      onUnexpectedEnd: (worker, code) => failures.push(`${worker.name} ended by itself with ${code}`),
    })
  })
  const client = new kafkajs.Kafka({
    brokers: brokers.direct.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  })
  const admin = client.admin()

  const world: World = {
    topic: name,
    organizations: ORGANIZATIONS,
    brokers,
    hub,
    workers,
    polls,
    figures,
    backfillEvents: BACKFILL_EVENTS,
    async publishedRecords() {
      try {
        await admin.connect()
        const offsets = await admin.fetchTopicOffsets(name)
        return offsets.reduce((sum, { high }) => sum + Number(high), 0)
      } catch {
        return 0
      }
    },
    fail: what => failures.push(what),
    check() {
      if (failures.length > 0) throw new Error(failures.join('; '))
    },
    heal() {
      for (const proxy of brokers.networks.flatMap(({ proxies }) => proxies)) {
        proxy.heal()
        proxy.disarm()
      }
      for (const node of brokers.nodes) node.resume()
      for (const worker of workers) {
        worker.thaw()
        worker.start()
      }
    },
    async polledAgain() {
      const since = Date.now()
      for (;;) {
        world.check()
        const waiting = polls.unpolledSince(since)
        if (waiting.length === 0) return
        const troubles = waiting.map(organization => lastTroubles.get(organization) ?? '')
        const isHanging = troubles.some(trouble => trouble.includes('has not ended a transaction'))
        if (isHanging && Date.now() > since + HANGING_TIMEOUT_MS)
          throw new HangingTransaction(troubles.join('; '))
        if (Date.now() > since + POLLED_TIMEOUT_MS)
          throw new Error(
            `not polled for ${POLLED_TIMEOUT_MS / 1000} s: ${waiting.map(name => `${name} (last trouble: ${lastTroubles.get(name) ?? 'none'})`).join('; ')}`,
          )
        await sleep(50)
      }
    },
    async rest() {
      await hub.rest()
      await world.polledAgain()
      polls.end()
      const codes = await Promise.all(workers.map(worker => worker.terminate()))
      for (const [index, code] of codes.entries())
        if (code !== 0) world.fail(`${workers[index]!.name} ended with ${code} after SIGTERM`)
      world.check()
    },
    go() {
      polls.begin(Date.now())
      for (const worker of workers) worker.start()
      hub.grow()
    },
    async stop() {
      await Promise.all(workers.map(worker => worker.kill()))
      await admin.disconnect().catch(() => undefined)
      await hub.stop()
    },
  }
  return world
}
