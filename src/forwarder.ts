import { createDelivery, type LastError, MAX_ENTRIES } from './delivery.ts'
import { asConnectorError, ConnectorError } from './errors.ts'
import type { DeadLetter } from './event/records.ts'
import { foreignValue, refusedRecord } from './event/refused-record.ts'
import type { Refusal } from './forwarding-decision.ts'
import type { Logger } from './log.ts'
import type { ForeignValue, ForwardingSource, JournalEntry, LogSink } from './ports.ts'
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
  /** Records since the start that are in the dead letters: it refused them alone, or they are not the connector's. */
  readonly deadLettered: number
  /** Committed values that wait; undefined when the journal cannot say. */
  readonly backlog: number | undefined
  /** Why nothing goes out until a person acts; undefined when it does. */
  readonly blocked: string | undefined
  /** Why nothing goes out now, and is tried again by itself. */
  readonly unavailable: string | undefined
  /** Why the journal gives nothing to forward, which is tried again by itself. */
  readonly stalled: string | undefined
  /** The last thing that went wrong, also when it is over. */
  readonly lastError: LastError | undefined
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

const DRAIN_LOOK_INTERVAL_MS = 100
const STORE_RETRY = { baseMs: 200, capMs: 10_000 }

/**
 * Takes from the journal, hands to the collector, and lets the cursor move when every record has been accepted, or
 * refused for good and put among the dead letters. Works one hand-over at a time: what waits stays in the journal.
 */
export function createForwarder(dependencies: ForwarderDependencies): Forwarder {
  const { source, sink, log, now, random, sleep = sleepFor, endpoint = '' } = dependencies
  let deadLettered = 0
  let failure: ConnectorError | undefined
  let stalled: string | undefined

  const delivery = createDelivery({ sink, log, now, random, sleep, onRefused: storeDeadLetter })

  async function storeDeadLetter(entry: JournalEntry, refusal: Refusal, signal: AbortSignal): Promise<void> {
    const { organization, position } = entry
    const letter = refusedRecord(entry, organization, endpoint, refusal)
    await store(letter, signal)
    delivery.noteError(`a record was refused (${refusal.status}: ${refusal.message})`)
    log.warn(
      { organization, position, reason: letter.reason, sha256: letter.sha256.toString('hex') },
      `OTLP refused a record, which is now among the dead letters: ${refusal.message}`,
    )
  }

  async function storeForeign(foreign: ForeignValue, signal: AbortSignal): Promise<void> {
    const { organization, position, reason } = foreign
    const letter = foreignValue(foreign, endpoint)
    await store(letter, signal)
    delivery.noteError(`${position} holds a value that is not the connector's: ${reason}`)
    log.error(
      { organization, position, reason: letter.reason, sha256: letter.sha256.toString('hex') },
      `something else writes into the journal: a value that is not the connector's is not forwarded, and is now among the dead letters: ${reason}`,
    )
  }

  async function store(letter: DeadLetter, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await source.storeDeadLetter(letter.organization, letter)
        break
      } catch (error) {
        const known = asConnectorError(error)
        if (!known.retryable || signal.aborted) throw error
        delivery.noteError(known.message)
        await sleep(retryDelayMs({ ...STORE_RETRY, attempt, random: random() }), signal)
      }
    }
    deadLettered++
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
    const reason = delivery.trouble()?.message ?? stalled ?? delivery.lastError()?.message
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
        const onTrouble = (message: string | undefined) => {
          stalled = message
          if (message !== undefined) delivery.noteError(message)
        }
        await source.run(
          delivery.deliver,
          { maxEntries: MAX_ENTRIES, onForeign: storeForeign, onTrouble },
          signal,
        )
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
      const trouble = delivery.trouble()
      return {
        delivered: delivery.delivered(),
        rejected: delivery.rejected(),
        deadLettered,
        backlog: await backlog(),
        blocked: trouble?.kind === 'blocked' ? trouble.message : undefined,
        unavailable: trouble?.kind === 'unavailable' ? trouble.message : undefined,
        stalled,
        lastError: delivery.lastError(),
      }
    },
  }
}
