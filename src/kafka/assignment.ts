import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Consumer, type Kafka, type PartitionAssigner } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { balanceShards } from './balance.ts'
import { disconnectQuietly } from './partition-reader.ts'

const { AssignerProtocol } = kafkajs

/** How often the group is asked: a worker that left is replaced after about this long. */
const HEARTBEAT_INTERVAL_MS = 400
/** kafkajs sleeps this long between two looks while every partition is paused, as ours are. */
const IDLE_WAIT_MS = 200
const REBUILD_WAIT_MS = 1_000
const PROTOCOL = 'hf-audit-sticky'

export interface AssignmentOptions {
  readonly groupId: string
  /** Its partitions are the shards; its records are never read here. */
  readonly topic: string
  readonly shards: number
  /** Shards with organizations. */
  readonly busy: ReadonlySet<number>
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
   * After a sign that another worker took the shard: true when the group tells later than now that it is still ours,
   * false when it is not, or when the group does not answer within the session time-out.
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
  /** Woken by every join and heartbeat. */
  const listeners = new Set<() => void>()
  const wake = () => {
    for (const listener of [...listeners]) listener()
  }

  function onJoin(shards: readonly number[]): void {
    const before = owned
    owned = new Set(shards)
    const lost = [...before].filter(shard => !owned.has(shard))
    for (const shard of lost) onLost(shard)
    if (!known || lost.length > 0 || owned.size !== before.size) {
      log.info(
        { shards: [...owned].sort((left, right) => left - right) },
        'this worker owns these shards now',
      )
    }
    known = true
    wake()
  }

  async function run(): Promise<void> {
    const current = kafka.consumer({
      groupId: options.groupId,
      partitionAssigners: [stickyAssigner(options, () => [...owned])],
      allowAutoTopicCreation: false,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: Math.max(options.sessionTimeoutMs, 10_000),
      heartbeatInterval: Math.min(HEARTBEAT_INTERVAL_MS, options.sessionTimeoutMs / 4),
      maxWaitTimeInMs: IDLE_WAIT_MS,
      retry: { retries: 5, initialRetryTime: 100 },
    })
    consumer = current
    const { GROUP_JOIN, HEARTBEAT, CRASH } = current.events
    current.on(GROUP_JOIN, ({ payload }) => {
      // Membership is all that is wanted: nothing is fetched.
      current.pause([{ topic: options.topic }])
      if (consumer === current) onJoin(payload.memberAssignment[options.topic] ?? [])
    })
    current.on(HEARTBEAT, wake)
    current.on(CRASH, ({ payload }) => {
      if (closed || consumer !== current) return
      const text = `left the group of workers: ${payload.error.message}`
      log.warn({ restart: payload.restart }, `${text}; joining again`)
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
      log.warn({}, `cannot join the group of workers: ${(error as Error).message}; trying again`)
      rebuild(consumer)
    }
    if (closed && consumer !== undefined) await disconnectQuietly(consumer)
  }
  const started = start()

  /** Waits for the next join or heartbeat. */
  async function nextSign(signal: AbortSignal): Promise<void> {
    await new Promise<void>(resolve => {
      const done = () => {
        listeners.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      listeners.add(done)
      signal.addEventListener('abort', done, { once: true })
      if (signal.aborted) done()
    })
  }

  return {
    owns: shard => owned.has(shard),

    async joined(signal) {
      while (!known) {
        if (signal.aborted || closed)
          throw new ConnectorError('STOPPED', 'stopped while joining the group of workers')
        await nextSign(signal)
      }
    },

    async *changes(signal) {
      let told: ReadonlySet<number> | undefined
      while (!signal.aborted && !closed) {
        if (known && told !== owned) {
          told = owned
          yield owned
        } else {
          await nextSign(signal)
        }
      }
    },

    async confirm(shard, signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(options.sessionTimeoutMs)])
      await nextSign(limit)
      return !limit.aborted && owned.has(shard)
    },

    async close() {
      closed = true
      wake()
      await Promise.race([started, sleep(5_000, undefined, { ref: false })])
      if (consumer !== undefined) await disconnectQuietly(consumer)
      owned = new Set()
    },
  }
}

/** What each member tells the leader, whichever member that is: the shards it has. */
function stickyAssigner(options: AssignmentOptions, owned: () => readonly number[]): PartitionAssigner {
  return () => ({
    name: PROTOCOL,
    version: 1,
    assign: async ({ members }) => {
      const workers = members.map(({ memberId, memberMetadata }) => ({
        id: memberId,
        owned: ownedIn(memberMetadata, options.shards),
      }))
      const dealt = balanceShards(options.shards, options.busy, workers)
      return [...dealt].map(([memberId, shards]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: 1,
          assignment: { [options.topic]: shards },
          userData: Buffer.alloc(0),
        }),
      }))
    },
    protocol: ({ topics }) => ({
      name: PROTOCOL,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: 1,
        topics,
        userData: Buffer.from(JSON.stringify(owned())),
      }),
    }),
  })
}

function ownedIn(metadata: Buffer, shards: number): number[] {
  try {
    const owned: unknown = JSON.parse(
      AssignerProtocol.MemberMetadata.decode(metadata)!.userData.toString('utf8'),
    )
    if (!Array.isArray(owned)) return []
    return owned.filter(shard => Number.isInteger(shard) && shard >= 0 && shard < shards)
  } catch {
    return []
  }
}
