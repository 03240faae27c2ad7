import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, Kafka } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { createGroupSigns } from './group-signs.ts'
import { disconnectQuietly } from './partition-reader.ts'
import { type Dealing, stickyAssigner } from './sticky-assigner.ts'

/** How often the group is asked: a worker that left is replaced after about this long. */
const HEARTBEAT_INTERVAL_MS = 400
/** kafkajs sleeps this long between two looks while every partition is paused, as ours are. */
const IDLE_WAIT_MS = 200
const REBUILD_WAIT_MS = 1_000

/** The topic's partitions are the shards; its records are never read here. */
export interface AssignmentOptions extends Dealing {
  readonly groupId: string
  readonly sessionTimeoutMs: number
}

/** Which shards this worker owns: its membership in the group of all workers. */
export interface Assignment {
  owns(shard: number): boolean
  /** Resolves when the shards are known for the first time. Throws `STOPPED` with the signal. */
  joined(signal: AbortSignal): Promise<void>
  /** The owned shards, each time they change, the first as soon as they are known. Ends with the signal. */
  changes(signal: AbortSignal): AsyncIterable<ReadonlySet<number>>
  /**
   * False when the group has not answered for longer than the session time-out: others may have been given our shards,
   * and whoever takes a transactional id now may take it from its owner.
   */
  heardLately(): boolean
  /** The shards that are ours, in order; undefined before the group has said. */
  shards(): readonly number[] | undefined
  /**
   * After a sign that another worker may have the shard: true when the group is asked later than now and tells that it
   * is still ours, false when it is not, or when the group does not answer within the session time-out.
   */
  confirm(shard: number, signal: AbortSignal): Promise<boolean>
  /** Leaves the group, so that others take over at once. */
  close(): Promise<void>
}

/** Every shard, asked of nobody. */
export function standAlone(shards: number): Assignment {
  const all: ReadonlySet<number> = new Set(Array(shards).keys())
  return {
    owns: shard => all.has(shard),
    joined: async () => {},
    async *changes() {
      yield all
    },
    heardLately: () => true,
    shards: () => [...all],
    confirm: async () => true,
    close: async () => {},
  }
}

/**
 * Joins the group and stays in it. `onLost` is told which shards went away, before anyone else hears of the change.
 */
export function joinGroup(
  kafka: Kafka,
  options: AssignmentOptions,
  onLost: (shard: number) => void,
  log: Logger,
): Assignment {
  let owned: ReadonlySet<number> = new Set()
  let known = false
  let closed = false
  let consumer: Consumer | undefined
  let member: string | undefined
  /** Since the last join something failed. */
  let isOut = false
  const signs = createGroupSigns()
  const unheardMs = () => performance.now() - signs.lastSentAtMs()

  /** An outage is told when it begins and when it is over, not each of the ten tries a second. */
  function tellOutage(message: string): void {
    if (isOut) log.debug({}, message)
    else log.warn({}, message)
    isOut = true
  }

  /**
   * A shard that stays ours is left alone, also when we were no member for a while: if another had it meanwhile and
   * wrote there, our producer is fenced, and the next commit tells.
   */
  function onJoin(memberId: string, shards: readonly number[]): void {
    if (isOut) log.info({}, 'back in the group of workers')
    isOut = false
    const before = owned
    owned = new Set(shards)
    const lost = [...before].filter(shard => !owned.has(shard))
    for (const shard of lost) onLost(shard)
    if (memberId !== member || lost.length > 0 || owned.size !== before.size) {
      log.info(
        { shards: [...owned].sort((left, right) => left - right) },
        'this worker owns these shards now',
      )
    }
    member = memberId
    known = true
  }

  async function run(): Promise<void> {
    const current = kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [stickyAssigner(options, () => ({ unheardMs: unheardMs(), shards: [...owned] }))],
      allowAutoTopicCreation: false,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: Math.max(options.sessionTimeoutMs, 10_000),
      heartbeatInterval: Math.min(HEARTBEAT_INTERVAL_MS, options.sessionTimeoutMs / 4),
      maxWaitTimeInMs: IDLE_WAIT_MS,
      retry: { retries: 5, initialRetryTime: 100 },
    })
    consumer = current
    const { GROUP_JOIN, CRASH } = current.events
    current.on(GROUP_JOIN, ({ payload: { memberId, memberAssignment } }) => {
      // Membership is all that is wanted: nothing is fetched.
      current.pause([{ topic: options.topic }])
      if (consumer === current) onJoin(memberId, memberAssignment[options.topic] ?? [])
    })
    signs.watch(current)
    current.on(CRASH, ({ payload }) => {
      if (closed || consumer !== current) return
      tellOutage(`left the group of workers: ${payload.error.message}; joining again`)
      if (!payload.restart) rebuild(current)
    })
    await current.connect()
    await current.subscribe({ topic: options.topic, fromBeginning: false })
    await current.run({ autoCommit: false, eachBatch: async () => undefined })
  }

  function rebuild(broken: Consumer | undefined): void {
    consumer = undefined
    void (async () => {
      if (broken !== undefined) await disconnectQuietly(broken)
      await sleep(REBUILD_WAIT_MS)
      if (!closed) await start()
    })()
  }

  async function start(): Promise<void> {
    try {
      await run()
    } catch (error) {
      if (closed) return
      tellOutage(`cannot join the group of workers: ${(error as Error).message}; trying again`)
      rebuild(consumer)
    }
    if (closed && consumer !== undefined) await disconnectQuietly(consumer)
  }
  const started = start()

  return {
    owns: shard => owned.has(shard),

    async joined(signal) {
      while (!known) {
        if (signal.aborted || closed)
          throw new ConnectorError('STOPPED', 'stopped while joining the group of workers')
        await signs.next(signal)
      }
    },

    async *changes(signal) {
      let told: ReadonlySet<number> | undefined
      while (!signal.aborted && !closed) {
        if (known && told !== owned) {
          told = owned
          yield owned
        } else {
          await signs.next(signal)
        }
      }
    },

    heardLately: () => unheardMs() < options.sessionTimeoutMs,
    shards: () => (known ? [...owned].sort((left, right) => left - right) : undefined),

    async confirm(shard, signal) {
      const askedAtMs = performance.now()
      const limit = AbortSignal.any([signal, AbortSignal.timeout(options.sessionTimeoutMs)])
      while (!limit.aborted && signs.lastSentAtMs() < askedAtMs) await signs.next(limit)
      return !limit.aborted && owned.has(shard)
    },

    async close() {
      closed = true
      signs.wake()
      await Promise.race([started, sleep(5_000, undefined, { ref: false })])
      if (consumer !== undefined) await disconnectQuietly(consumer)
      owned = new Set()
    },
  }
}
