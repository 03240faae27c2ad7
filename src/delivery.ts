import { asConnectorError } from './errors.ts'
import {
  type Decision,
  decide,
  freshMemory,
  type Refusal,
  type Trouble,
  type Work,
  withNextRequest,
  workOf,
} from './forwarding-decision.ts'
import type { Logger } from './log.ts'
import type { DeliveryResult, JournalEntry, LogSink } from './ports.ts'

export interface DeliveryDependencies {
  readonly sink: LogSink
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Settles what becomes of a record that the endpoint refused alone; it is not sent again. */
  readonly onRefused: (entry: JournalEntry, refusal: Refusal, signal: AbortSignal) => Promise<void>
}

export interface Delivery {
  /**
   * Resolves when every entry was accepted, rejected for good in a partial success, or refused and settled. An endpoint
   * that is not available or blocked is tried again without end. Throws when the signal is aborted.
   */
  deliver(entries: readonly JournalEntry[], signal: AbortSignal): Promise<void>
  /** Records since the start that the endpoint accepted. */
  delivered(): number
  /** Records since the start that it rejected for good in a partial success. */
  rejected(): number
  trouble(): Trouble | undefined
  /** The last thing that went wrong, also when it is over. */
  lastError(): LastError | undefined
  noteError(message: string): void
}

export interface LastError {
  readonly message: string
  readonly atMs: number
}

/**
 * One hand-over: with events of usual size one request of about 1.3 MB. With more, records outlive the young generation
 * while they wait for the answer, and the heap grows by tens of megabytes.
 */
export const MAX_ENTRIES = 500
/** Beside its texts of more than a few words a log record takes about this much. */
const RECORD_OVERHEAD_BYTES = 1_700

/** Hands entries to the collector, tells what becomes of them, and remembers how the endpoint is from one to the next. */
export function createDelivery(dependencies: DeliveryDependencies): Delivery {
  const { sink, log, now, random, sleep, onRefused } = dependencies
  let memory = freshMemory
  let troubleSinceMs = 0
  let [delivered, rejected] = [0, 0]
  let lastError: LastError | undefined
  /** The last record that was accepted. Sent again it is the same event to whoever deduplicates, as he must. */
  let probe: JournalEntry | undefined

  async function deliver(entries: readonly JournalEntry[], signal: AbortSignal): Promise<void> {
    // Behind the entries, should it be needed, one that the endpoint is known to take.
    const sendable = probe === undefined ? entries : [...entries, probe]
    const sizes = sendable.map(sizeOf)
    let work = workOf(entries.length, probe === undefined ? undefined : entries.length)
    for (;;) {
      work = withNextRequest(work, memory, sizes, now())
      const { from, to } = nextRequest(work)
      if (from === to && work.asking === undefined) return
      const result = await send(sendable.slice(from, to), signal)
      if (result.kind === 'accepted' && result.rejected === 0 && to > from) probe = sendable[to - 1]
      const requestBytes = sizes.slice(from, to).reduce((sum, size) => sum + size, 0)
      const decision = decide(work, memory, result, { nowMs: now(), random: random(), requestBytes })
      tell(memory.trouble, decision, result)
      memory = decision.memory
      for (const refusal of decision.deadLetters) await onRefused(sendable[refusal.index]!, refusal, signal)
      work = decision.work
      if (decision.waitMs > 0) await sleep(decision.waitMs, signal)
    }
  }

  /** What the sink throws is our own mistake: it must neither lose records nor go unseen. */
  async function send(entries: readonly JournalEntry[], signal: AbortSignal): Promise<DeliveryResult> {
    try {
      return await sink.deliver(entries, signal)
    } catch (error) {
      const known = asConnectorError(error)
      if (known.code === 'STOPPED' || signal.aborted) throw error
      return { kind: 'unavailable', retryAfterMs: undefined, message: known.message }
    }
  }

  function tell(before: Trouble | undefined, decision: Decision, result: DeliveryResult): void {
    const { trouble } = decision.memory
    delivered += decision.accepted - decision.rejected
    rejected += decision.rejected
    if (trouble !== undefined && decision.waitMs > 0) lastError = { message: trouble.message, atMs: now() }
    if (trouble !== undefined && trouble.cause !== before?.cause) {
      if (before === undefined) troubleSinceMs = now()
      if (trouble.kind === 'blocked') {
        log.error(
          { destination: sink.destination },
          `OTLP is blocked: ${trouble.message.replace(/\.$/, '')}. Nothing is skipped; it is tried again.`,
        )
      } else {
        log.warn(
          { destination: sink.destination },
          `OTLP is not available and is tried again: ${trouble.message}`,
        )
      }
    } else if (trouble === undefined && before !== undefined) {
      const afterMs = now() - troubleSinceMs
      log.info({ destination: sink.destination, afterMs }, 'OTLP accepts records again')
    }
    if (decision.rejected > 0 && result.kind === 'accepted') {
      const { accepted } = decision
      lastError = {
        message: `${decision.rejected} of ${accepted} records were rejected: ${result.message}`,
        atMs: now(),
      }
      log.warn(
        {
          destination: sink.destination,
          rejected: decision.rejected,
          accepted: accepted - decision.rejected,
        },
        `OTLP rejected records for good, which the protocol forbids to send again: ${result.message}`,
      )
    } else if (result.kind === 'accepted' && result.message !== '') {
      log.warn({ destination: sink.destination }, `OTLP accepted with a warning: ${result.message}`)
    }
  }

  return {
    deliver,
    delivered: () => delivered,
    rejected: () => rejected,
    trouble: () => memory.trouble,
    lastError: () => lastError,
    noteError(message) {
      lastError = { message, atMs: now() }
    },
  }
}

/** Empty when the next request is, and when there is none. */
function nextRequest({ queue, asking }: Work): { readonly from: number; readonly to: number } {
  return (asking === undefined ? queue[0] : undefined) ?? { from: 0, to: 0 }
}

/** About how many bytes the entry's log record takes: its long texts, and a lump for all else. */
function sizeOf({ record }: JournalEntry): number {
  let bytes = RECORD_OVERHEAD_BYTES
  if ('rawLog' in record) bytes += Buffer.byteLength(record.rawLog) + Buffer.byteLength(record.message)
  if ('resources' in record) for (const resource of record.resources) bytes += resource.length
  if ('ids' in record) for (const id of record.ids) bytes += id.length
  return bytes
}
