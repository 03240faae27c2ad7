import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import { encodeValue } from '../event/avro.ts'
import { firstChainHash } from '../event/chain.ts'
import type { Checkpoint, Head } from '../event/checkpoint.ts'
import { type Organization, sourceUri } from '../event/organization.ts'
import { rebuildLedgerEntry } from '../event/rebuild-records.ts'
import type { Assignment } from './assignment.ts'
import { batchQueues, checkpointMessages, plainMessage, type StoredBatch } from './batch-messages.ts'
import { StoredCheckpoint } from './checkpoint-records.ts'
import { isFenced, journalError } from './client-errors.ts'
import { compressionType } from './codecs.ts'
import { fence, type LoadedShard, loadShard, type RebuiltCheckpoints } from './load-shard.ts'
import type { ReadContext } from './read-trails.ts'
import type { Topics } from './topics.ts'
import { runTransactionInTime, type TopicQueue } from './transaction.ts'
import type { Framings } from './values.ts'

const CLOSE_WAIT_MS = 5_000

export interface ShardContext extends ReadContext {
  readonly topics: Topics
  readonly framings: Framings
  shardOf(identity: string): number
  /** Whose word it takes to read a shard. */
  readonly assignment: Pick<Assignment, 'owns' | 'heardLately' | 'confirm'>
  /** Terms are numbered over all shards of the process. */
  nextTerm(): number
}

/**
 * One partition number with all organizations that live on it, and the one transactional producer that writes there.
 * Transactions take turns. After anything goes wrong the producer and all that was read are thrown away: the next
 * `resume` fences whoever wrote before, reads the checkpoint again and so learns what became of the last transaction.
 */
export interface Shard {
  resume(organization: Organization, signal: AbortSignal): Promise<Checkpoint>
  /** `check` throws unless the batch goes on from the stored head; by default as polls do. */
  commit(batch: StoredBatch, check?: (batch: StoredBatch, head: Head | undefined) => void): Promise<void>
  /** Throws away what is known: the shard belongs to another worker. */
  lose(): void
  /** Waits for the transaction under way. */
  close(): Promise<void>
}

interface Term extends LoadedShard {
  readonly number: number
  readonly producer: Producer
}

export function createShard(context: ShardContext, shard: number): Shard {
  const { names, settings, topics, log, assignment } = context
  const place = `shard ${shard} of ${settings.topic}`
  const compression = compressionType(settings.compression)
  const limits = { maxBytes: (topic: string) => topics.maxMessageBytes.get(topic) ?? 1_000_000 }
  const organizations = new Map(
    settings.organizations.map(organization => [organization.identity, organization]),
  )
  const lostBefore = new Set<string>()
  let term: Term | undefined
  /** The broker said that another producer has the transactional id, or that a transaction timed out. */
  let wasFenced = false
  let closed = false
  /** The end of what is under way: transactions and readings take turns. */
  let turn: Promise<unknown> = Promise.resolve()

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work)
    turn = mine.catch(() => undefined)
    return mine
  }

  function discard(): void {
    const producer = term?.producer
    term = undefined
    // May take as long as its requests do; nobody waits for it.
    void producer?.disconnect().catch(() => undefined)
  }

  function isElsewhere({ identity, endpoint }: Organization): boolean {
    const known = term?.checkpoints.get(identity)
    return known instanceof StoredCheckpoint && known.head !== undefined && known.head.endpoint !== endpoint
  }

  /**
   * Reading fences whoever has the shard. Whoever was frozen or cut off may believe for a while that it is still theirs:
   * without the group's fresh word they would fight its owner.
   */
  async function requireWord(signal: AbortSignal): Promise<void> {
    const isOurs = (!wasFenced && assignment.heardLately()) || (await assignment.confirm(shard, signal))
    if (!assignment.owns(shard)) {
      throw new ConnectorError('JOURNAL_NOT_OWNED', `${place} belongs to another worker now`)
    }
    if (!isOurs) {
      const why = wasFenced ? 'another producer took over or the transaction timed out, and ' : ''
      throw new ConnectorError(
        'JOURNAL_UNAVAILABLE',
        `${why}the group of workers does not answer whether ${place} is still ours`,
        { retryable: true },
      )
    }
    wasFenced = false
  }

  async function load(signal: AbortSignal): Promise<Term> {
    if (closed) throw new ConnectorError('STOPPED', 'the journal is closed')
    await requireWord(signal)
    const started = performance.now()
    const startedAtMs = Date.now()
    // Once more when the broker is reached: after a cut connection that may be long after the word was given.
    const producer = await fence(context, shard, () => requireWord(signal))
    try {
      const loaded = await loadShard(context, shard, ofThisShard(), lostBefore, signal)
      const read: Term = { ...loaded, number: context.nextTerm(), producer }
      if (loaded.rebuilt.heads.size > 0) await save(read, loaded.rebuilt, startedAtMs)
      log.debug({ shard, term: read.number, ms: Math.round(performance.now() - started) }, 'checkpoint read')
      return read
    } catch (error) {
      void producer.disconnect().catch(() => undefined)
      throw error
    }
  }

  function ofThisShard(): Organization[] {
    return [...organizations.values()].filter(({ identity }) => context.shardOf(identity) === shard)
  }

  /** A checkpoint that is rebuilt leaves an entry in the ledger. */
  async function save(
    into: Term,
    { records, heads }: RebuiltCheckpoints,
    startedAtMs: number,
  ): Promise<void> {
    const finishedAtMs = Date.now()
    const ledger = [...heads].map(([identity, head]) => {
      const at = { startedAtMs, finishedAtMs, findings: 0 }
      const entry = rebuildLedgerEntry(organizations.get(identity)!, head, at)
      const value = encodeValue('ledger', context.framings.ledger, entry)
      return plainMessage(Buffer.from(identity, 'utf8'), value, shard, finishedAtMs)
    })
    const queues = [
      { topic: names.topics.ledger, messages: ledger },
      { topic: names.checkpoint, messages: checkpointMessages(records, shard) },
    ]
    await transact(into, queues, () => [])
  }

  async function store(into: Term, checkpoint: StoredCheckpoint, batch: StoredBatch): Promise<void> {
    const { identity } = batch.organization
    const before = checkpoint.head?.lastPosition ?? null
    await transact(into, batchQueues(batch, shard, names), lastOffsets => {
      const position = lastOffsets.get(names.topics.events)
      const head = { ...batch.head, lastPosition: position === undefined ? before : String(position) }
      // From here on memory is ahead of the topic; every failure throws it away.
      const records = checkpoint.apply(identity, head, batch.put, batch.remove)
      return [{ topic: names.checkpoint, messages: checkpointMessages(records, shard) }]
    })
  }

  async function transact(
    { producer, expected }: Term,
    queues: readonly TopicQueue[],
    finish: (lastOffsets: ReadonlyMap<string, number>) => readonly TopicQueue[],
  ): Promise<void> {
    await runTransactionInTime({ producer, partition: shard, compression, limits, expected }, queues, finish)
  }

  return {
    async resume(organization, signal) {
      const { identity } = organization
      return inTurn(async () => {
        if (signal.aborted) throw new ConnectorError('STOPPED', 'stopped before the checkpoint was read')
        if (!organizations.has(identity)) {
          organizations.set(identity, organization)
          discard()
        } else if (isElsewhere(organization)) {
          // Blocked until a person confirms the endpoint, which only another reading tells.
          discard()
        }
        try {
          term ??= await load(signal)
        } catch (error) {
          wasFenced ||= isFenced(error)
          throw journalError(error, `reading the checkpoint of ${place}`)
        }
        const found = term.checkpoints.get(identity)
        if (found === undefined)
          throw new ConnectorError('JOURNAL_NOT_OWNED', `${identity} does not live on ${place}`)
        if (found instanceof ConnectorError) {
          // It may be mended meanwhile, so it is looked at anew, unless that would disturb the others of this shard.
          if ([...term.checkpoints.values()].every(other => other instanceof ConnectorError)) discard()
          throw found
        }
        return { term: term.number, head: found.head, seen: found.seen }
      })
    },

    commit(batch, check = checkGoesOn) {
      return inTurn(async () => {
        const current = term
        const { identity } = batch.organization
        const checkpoint = current?.checkpoints.get(identity)
        if (current?.number !== batch.term || !(checkpoint instanceof StoredCheckpoint)) {
          throw new ConnectorError(
            'JOURNAL_STALE',
            `the checkpoint of ${identity} was read again since this poll began (its term ${batch.term}, now ${current?.number ?? 'none'})`,
          )
        }
        try {
          check(batch, checkpoint.head)
          await store(current, checkpoint, batch)
        } catch (error) {
          wasFenced ||= isFenced(error)
          if (term === current) discard()
          throw journalError(error, `storing a batch of ${identity} in ${place}`)
        }
      })
    },

    lose() {
      wasFenced = false
      discard()
    },

    async close() {
      closed = true
      const timer = new AbortController()
      await Promise.race([
        turn,
        sleep(CLOSE_WAIT_MS, undefined, { signal: timer.signal }).catch(() => undefined),
      ])
      timer.abort()
      const producer = term?.producer
      term = undefined
      if (producer === undefined) return
      await Promise.race([
        producer.disconnect().catch(() => undefined),
        sleep(CLOSE_WAIT_MS, undefined, { ref: false }),
      ])
    },
  }
}

/** Throws `JOURNAL_STALE` unless the batch begins where the head ends, and holds what its own head says. */
function checkGoesOn(batch: StoredBatch, head: Head | undefined): void {
  const { identity } = batch.organization
  const sequence = head?.sequence ?? 0
  const chainHash = head?.chainHash ?? firstChainHash(sourceUri(batch.organization))
  const { previous } = batch
  if (previous.sequence !== sequence || !chainHash.equals(previous.chainHash)) {
    throw new ConnectorError(
      'JOURNAL_STALE',
      `a batch of ${identity} goes on from record ${previous.sequence}, and the checkpoint ends with ${sequence} ` +
        `(${chainHash.toString('hex').slice(0, 16)}…)`,
    )
  }
  const isUnbroken = batch.events.every((event, index) => event.sequence === sequence + 1 + index)
  if (!isUnbroken || batch.head.sequence !== sequence + batch.events.length) {
    throw new ConnectorError(
      'JOURNAL_STALE',
      `a batch of ${identity} has a hole in its sequence after ${sequence}`,
    )
  }
}
