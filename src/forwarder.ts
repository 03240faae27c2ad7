import { asConnectorError, ConnectorError } from './errors.ts'
import { refusedRecord } from './event/refused-record.ts'
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
import type { DeliveryResult, ForwardingSource, JournalEntry, LogSink } from './ports.ts'
import { retryDelayMs, sleep as sleepFor } from './retry.ts'

export interface ForwarderDependencies {
  readonly source: ForwardingSource
  readonly sink: LogSink
  readonly log: Logger
  /** Epoch milliseconds. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  /** Default: real time. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  /** Of the Hub, for dead letters of events: they do not hold it themselves. */
  readonly endpoint?: string
}

export interface ForwarderState {
  /** Records since the start that the endpoint accepted, and of those … */
  readonly delivered: number
  /** … not these, which it rejected for good in a partial success. */
  readonly rejected: number
  /** Records since the start that it refused alone and that are in the dead letters. */
  readonly deadLettered: number
  /** Committed values that wait; undefined when the journal cannot say. */
  readonly backlog: number | undefined
  /** Why nothing goes out until a person acts; undefined when it does. */
  readonly blocked: string | undefined
  /** The last thing that went wrong, also when it is over. */
  readonly lastError: { readonly message: string; readonly atMs: number } | undefined
}

export interface Forwarder {
  /**
   * Forwards what the journal holds and will hold, until the signal is aborted. The source is open. Throws what the
   * source throws: what no retry can mend.
   */
  run(signal: AbortSignal): Promise<void>
  /**
   * Resolves when nothing waits any more; beside `run`. Throws `OTLP_NOT_DRAINED` when the signal is aborted before, and
   * what `run` failed with.
   */
  drained(signal: AbortSignal): Promise<void>
  state(): Promise<ForwarderState>
}

/**
 * One hand-over: with events of usual size one request of about 1.3 MB. With more, records outlive the young generation
 * while they wait for the answer, and the heap grows by tens of megabytes.
 */
const MAX_ENTRIES = 500
const DRAIN_LOOK_INTERVAL_MS = 100
const STORE_RETRY = { baseMs: 200, capMs: 10_000 }
/** Beside its texts of more than a few words a log record takes about this much. */
const RECORD_OVERHEAD_BYTES = 1_700

/**
 * Takes from the journal, hands to the collector, and lets the cursor move when every record has been accepted, or
 * refused for good and put among the dead letters. Works one hand-over at a time: what waits stays in the journal.
 */
export function createForwarder(dependencies: ForwarderDependencies): Forwarder {
  const { source, sink, log, now, random, sleep = sleepFor, endpoint = '' } = dependencies
  let memory = freshMemory
  let troubleSinceMs = 0
  let [delivered, rejected, deadLettered] = [0, 0, 0]
  let lastError: ForwarderState['lastError']
  let failure: ConnectorError | undefined

  async function deliver(entries: readonly JournalEntry[], signal: AbortSignal): Promise<void> {
    const sizes = entries.map(sizeOf)
    let work = workOf(entries.length)
    for (;;) {
      work = withNextRequest(work, memory, sizes, now())
      const { from, to } = nextRequest(work)
      if (from === to && work.asking === undefined) return
      const result = await send(entries.slice(from, to), signal)
      const requestBytes = sizes.slice(from, to).reduce((sum, size) => sum + size, 0)
      const decision = decide(work, memory, result, { nowMs: now(), random: random(), requestBytes })
      tell(memory.trouble, decision, result)
      memory = decision.memory
      for (const refusal of decision.deadLetters)
        await storeDeadLetter(entries[refusal.index]!, refusal, signal)
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
          `OTLP is blocked: ${trouble.message}. Nothing is skipped; it is tried again.`,
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

  async function storeDeadLetter(entry: JournalEntry, refusal: Refusal, signal: AbortSignal): Promise<void> {
    const { organization, position } = entry
    const letter = refusedRecord(entry, organization, endpoint, refusal)
    for (let attempt = 1; ; attempt++) {
      try {
        await source.storeDeadLetter(organization, letter)
        break
      } catch (error) {
        const known = asConnectorError(error)
        if (!known.retryable || signal.aborted) throw error
        lastError = { message: known.message, atMs: now() }
        await sleep(retryDelayMs({ ...STORE_RETRY, attempt, random: random() }), signal)
      }
    }
    deadLettered++
    lastError = { message: `a record was refused (${refusal.status}: ${refusal.message})`, atMs: now() }
    log.warn(
      { organization, position, reason: letter.reason, sha256: letter.sha256.toString('hex') },
      `OTLP refused a record, which is now among the dead letters: ${refusal.message}`,
    )
  }

  async function backlog(): Promise<number | undefined> {
    try {
      return await source.backlog()
    } catch {
      // Asked for again soon; what is wrong with the journal shows where it is written.
      return undefined
    }
  }

  function notDrained(waiting: number | undefined): ConnectorError {
    const records = waiting === undefined ? 'Records' : `${waiting} records`
    const reason = memory.trouble?.message ?? lastError?.message
    return new ConnectorError(
      'OTLP_NOT_DRAINED',
      `${records} still wait to go to ${sink.destination}${reason === undefined ? '' : ` (${reason})`}. They stay in ` +
        'the journal and go out with the next run; a longer --timeout gives this one more time.',
      { retryable: true },
    )
  }

  return {
    async run(signal) {
      failure = undefined
      try {
        await source.run(deliver, { maxEntries: MAX_ENTRIES }, signal)
      } catch (error) {
        if (signal.aborted) return
        failure = asConnectorError(error)
        throw failure
      }
    },

    async drained(signal) {
      let waiting: number | undefined
      while (!signal.aborted) {
        if (failure !== undefined) throw failure
        waiting = await backlog()
        if (waiting === 0) return
        await sleep(DRAIN_LOOK_INTERVAL_MS, signal).catch(() => {})
      }
      throw notDrained(waiting)
    },

    async state() {
      const { trouble } = memory
      return {
        delivered,
        rejected,
        deadLettered,
        backlog: await backlog(),
        blocked: trouble?.kind === 'blocked' ? trouble.message : undefined,
        lastError,
      }
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
