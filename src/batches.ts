import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { ConnectorError } from './errors.ts'
import { encodeValue } from './event/avro.ts'
import { nextChainHash, sha256 } from './event/chain.ts'
import { type Head, poisonKey, type SeenEntry } from './event/checkpoint.ts'
import { contentDigest } from './event/digest.ts'
import { EncodingArena } from './event/encoding-arena.ts'
import { encodeWithin } from './event/fit.ts'
import { parseElement } from './event/hub-event.ts'
import { newHead } from './event/new-head.ts'
import type { createNormalizer } from './event/normalize.ts'
import type { DeadLetter, Finding, LedgerEntry, StreamName } from './event/records.ts'
import type { PoisonElement } from './event/select.ts'
import { finishedHead, ledgerEntry, type Poll } from './ledger.ts'
import type { Batch, EncodedEvent, EncodedValue, Spool } from './ports.ts'

/** A transaction holds no more than this: a backfill takes tens of them, and two fit in memory beside each other. */
export interface BatchLimits {
  readonly maxEvents: number
  readonly maxBytes: number
  /** A record larger than this is published without its raw text. */
  readonly maxRecordBytes: number
}

export const DEFAULT_BATCH_LIMITS: BatchLimits = {
  maxEvents: 10_000,
  maxBytes: 3 * 1024 * 1024,
  maxRecordBytes: 900_000,
}

export interface BatchTools {
  readonly normalize: ReturnType<typeof createNormalizer>
  readonly framing: (stream: StreamName) => Buffer
  readonly limits: BatchLimits
  readonly now: () => number
  /** Called at each turn: the batch before this one is being committed. */
  readonly freeYoungBuffers?: () => void
}

/** A batch, and in the last one of a poll the ledger entry that it carries. */
export interface PollBatch {
  readonly batch: Batch
  readonly ledger: LedgerEntry | undefined
}

/**
 * How many events are prepared before other work has its turn: the batch before this one needs some thirty turns to be
 * committed, and the longer each takes, the longer this one waits for it. A turn of 200 made a backfill into Kafka take
 * a quarter more time.
 */
const EVENTS_PER_TURN = 20

/**
 * Cuts a poll into batches: first the new events, oldest first, then the dead letters; the first batch carries the gaps,
 * the last one the other findings, the checkpoint's other changes and the ledger entry. There is always a last batch, so every poll leaves
 * its entry. A batch's values are good until the next but one is asked for. Between two batches the head says that the poll is open, and how far it came.
 */
export async function* batches(
  poll: Poll,
  spool: Pick<Spool, 'read'>,
  tools: BatchTools,
): AsyncGenerator<PollBatch, void, undefined> {
  const builder = new BatchBuilder(poll, spool, tools)
  const { fresh, poison } = poll.selection
  for (let rank = 0; rank < fresh.count; rank++) {
    builder.addEvent(fresh.ranked(rank))
    const next = rank + 1
    if (builder.isFull() && next < fresh.count) yield builder.cut(fresh.createdAtMsAt(fresh.ranked(next)))
    if (next % EVENTS_PER_TURN === 0) {
      tools.freeYoungBuffers?.()
      await yieldToEventLoop()
    }
  }
  for (const element of poison) {
    if (builder.isFull()) yield builder.cut(null)
    builder.addDeadLetter(element)
  }
  yield builder.last()
}

class BatchBuilder {
  readonly #poll: Poll
  readonly #spool: Pick<Spool, 'read'>
  readonly #tools: BatchTools
  readonly #eventFraming: Buffer
  /** As of the last batch that was cut. */
  #head: Head
  #sequence: number
  #chainHash: Buffer
  #newestCreatedAtMs: number
  #transactions = 0
  #events: EncodedEvent[] = []
  #deadLetters: EncodedValue[] = []
  #put: SeenEntry[] = []
  /** Entries of published events of which this export holds other elements too, as they are when that has been told. */
  readonly #pairs: SeenEntry[] = []
  #bytes = 0
  /** While one batch is being committed the next is prepared: with that the values of the one before are done with. */
  #arena = new EncodingArena()
  #otherArena = new EncodingArena()

  constructor(poll: Poll, spool: Pick<Spool, 'read'>, tools: BatchTools) {
    this.#poll = poll
    this.#spool = spool
    this.#tools = tools
    this.#eventFraming = tools.framing('events')
    this.#head = poll.checkpoint.head ?? newHead(poll.organization)
    this.#sequence = this.#head.sequence
    this.#chainHash = this.#head.chainHash
    this.#newestCreatedAtMs = this.#head.newestCreatedAtMs ?? Number.NEGATIVE_INFINITY
  }

  isFull(): boolean {
    const { limits } = this.#tools
    return (
      this.#events.length + this.#deadLetters.length >= limits.maxEvents || this.#bytes >= limits.maxBytes
    )
  }

  addEvent(index: number): void {
    const { selection, ownUserId } = this.#poll
    const { fresh, receivedAtMs } = selection
    const bytes = this.#spool.read(fresh.offsetAt(index), fresh.lengthAt(index))
    const parsed = parseElement({ bytes, id: fresh.idAt(index) })
    if (parsed.kind !== 'event') {
      throw new ConnectorError(
        'UNEXPECTED',
        `an element changed between selection and publication: ${parsed.reason}`,
      )
    }
    const elementSha256 = sha256(bytes)
    this.#sequence += 1
    this.#chainHash = nextChainHash(this.#chainHash, elementSha256)
    const at = { receivedAtMs, sequence: this.#sequence, chainHash: this.#chainHash, ownUserId }
    const record = this.#tools.normalize(parsed, at)
    const value = encodeWithin(
      record,
      this.#eventFraming,
      this.#tools.limits.maxRecordBytes,
      elementSha256,
      bytes.length,
      this.#arena,
    )
    this.#events.push({
      value,
      timestampMs: receivedAtMs,
      sequence: this.#sequence,
      id: record.id,
      type: record.eventType,
      createdAtMs: parsed.createdAtMs,
    })
    const entry: SeenEntry = {
      // The text that is kept already: as many ids again, each a text of its own, would take 5 MB.
      key: fresh.idAt(index),
      crc: fresh.crcAt(index),
      digest: contentDigest(parsed.event, parsed.text),
      createdAtMs: parsed.createdAtMs,
      firstSeenSeconds: Math.floor(receivedAtMs / 1000),
      state: 'published',
      missed: 0,
      pairTold: false,
      absentSinceSeconds: 0,
    }
    this.#put.push(entry)
    if (fresh.pairTold.has(parsed.id)) this.#pairs.push({ ...entry, pairTold: true })
    this.#newestCreatedAtMs = Math.max(this.#newestCreatedAtMs, parsed.createdAtMs)
    this.#bytes += value.length
  }

  addDeadLetter(element: PoisonElement): void {
    const { organization, selection } = this.#poll
    const deadLetter: DeadLetter = {
      organization: organization.identity,
      endpoint: organization.endpoint,
      receivedAt: selection.receivedAtMs,
      destination: 'JOURNAL',
      reason: element.reason,
      detail: element.detail,
      length: element.length,
      sha256: element.sha256,
      bytes: this.#spool.read(element.spoolOffset, element.spoolLength),
    }
    const value = encodeValue('dead-letters', this.#tools.framing('dead-letters'), deadLetter)
    this.#deadLetters.push({ value, timestampMs: selection.receivedAtMs })
    this.#put.push({
      key: poisonKey(element.sha256),
      crc: element.crc,
      digest: 0,
      createdAtMs: selection.receivedAtMs,
      firstSeenSeconds: Math.floor(selection.receivedAtMs / 1000),
      state: 'dead-lettered',
      missed: 0,
      pairTold: false,
      absentSinceSeconds: 0,
    })
    this.#bytes += value.length
  }

  /** The batch so far; the poll goes on. `nextCreatedAtMs` is of the oldest event that is still to come. */
  cut(nextCreatedAtMs: number | null): PollBatch {
    const { kind, startedAtMs, judgement } = this.#poll
    const earlier = judgement.openPoll
    // An import that is cut off lost nothing: its file is still there.
    const openPoll =
      kind === 'IMPORT' || nextCreatedAtMs === null
        ? earlier
        : {
            startedAtMs,
            oldestUnpublishedCreatedAtMs: Math.min(
              nextCreatedAtMs,
              earlier?.oldestUnpublishedCreatedAtMs ?? Number.POSITIVE_INFINITY,
            ),
          }
    return { batch: this.#take({ ...this.#nextHead(), openPoll }), ledger: undefined }
  }

  last(): PollBatch {
    const { judgement, selection } = this.#poll
    const head = finishedHead(this.#poll, this.#nextHead())
    const ledger = ledgerEntry(this.#poll, head, {
      transactions: this.#transactions + 1,
      finishedAtMs: this.#tools.now(),
    })
    // What was judged knows what was selected: of one key the judgement's entry holds.
    const changes = new Map(selection.put.map(entry => [entry.key, entry]))
    for (const entry of judgement.put) changes.set(entry.key, entry)
    for (const entry of changes.values()) this.#put.push(entry)
    this.#put.push(...this.#pairs)
    const { framing } = this.#tools
    const batch = this.#take(head)
    return {
      batch: {
        ...batch,
        findings: [...batch.findings, ...this.#encoded(judgement.others)],
        ledger: { value: encodeValue('ledger', framing('ledger'), ledger), timestampMs: ledger.finishedAt },
        remove: judgement.remove,
      },
      ledger,
    }
  }

  #take(head: Head): Batch {
    const batch: Batch = {
      organization: this.#poll.organization,
      term: this.#poll.checkpoint.term,
      previous: { sequence: this.#head.sequence, chainHash: this.#head.chainHash },
      events: this.#events,
      deadLetters: this.#deadLetters,
      findings: this.#transactions === 0 ? this.#encoded(this.#poll.judgement.gaps) : [],
      ledger: undefined,
      head,
      put: this.#put,
      remove: [],
    }
    this.#head = head
    this.#transactions += 1
    this.#events = []
    this.#deadLetters = []
    this.#put = []
    this.#bytes = 0
    ;[this.#arena, this.#otherArena] = [this.#otherArena, this.#arena]
    this.#arena.reset()
    return batch
  }

  #encoded(findings: readonly Finding[]): EncodedValue[] {
    const framing = this.#tools.framing('findings')
    return findings.map(finding => ({
      value: encodeValue('findings', framing, finding),
      timestampMs: finding.foundAt,
    }))
  }

  #nextHead(): Head {
    const published = this.#events.length
    const totals = { ...this.#head.totals, published: this.#head.totals.published + published }
    return {
      ...this.#head,
      sequence: this.#sequence,
      chainHash: this.#chainHash,
      newestCreatedAtMs: Number.isFinite(this.#newestCreatedAtMs) ? this.#newestCreatedAtMs : null,
      totals,
    }
  }
}
