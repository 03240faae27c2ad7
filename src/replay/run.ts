import { asConnectorError, ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ReplaySelection, ReplaySource, ReplaySpan, ReplayState, ReplayTarget } from '../replay-ports.ts'
import { retryDelayMs, sleep as sleepFor, stoppedError } from '../retry.ts'
import { isSelected } from './range.ts'
import { advanced, decideStart, newState, type Totals, totalsOf } from './start.ts'
import { createTally, type OrganizationTally } from './tally.ts'

export interface ReplayRequest {
  readonly name: string
  /** In words that are the same for the same request: kept with the cursor and compared. */
  readonly words: string
  readonly selection: ReplaySelection
  readonly again: boolean
}

export interface ReplayDependencies {
  readonly source: ReplaySource
  readonly target: ReplayTarget
  readonly log: Logger
  /** In [0, 1). */
  readonly random: () => number
  readonly onProgress: (totals: Totals) => void
  /** Default: real time. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface ReplayOutcome extends Totals {
  /** `finished before`: this start sent nothing. */
  readonly result: 'finished' | 'finished before'
  readonly run: number
  /** Records that earlier starts of this run had sent. */
  readonly sentBefore: number
  /** What this start has read of the range. */
  readonly organizations: readonly OrganizationTally[]
}

const RETRY = { baseMs: 200, capMs: 10_000 }

/**
 * Sends the range, or the rest of it, in the order of the journal's parts; page after page, with the cursor kept at the
 * target's own guarantee. Journal and target are tried again while that can help. Throws `STOPPED`, and what no retry
 * can mend; then the same request goes on where this one ended.
 */
export async function replay(
  request: ReplayRequest,
  dependencies: ReplayDependencies,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const { source, target, log, random, onProgress, sleep = sleepFor } = dependencies
  const { selection } = request
  const tally = createTally()
  const start = decideStart({ ...request, request: request.words }, await target.resume(signal))
  if (start.kind === 'finished') return outcome(start.state, 'finished before', totalsOf(start.state).sent)

  let state: ReplayState
  if (start.kind === 'begin') {
    const spans = await source.spans(selection, signal)
    state = await target.begin(newState(request.words, start.run, spans), signal)
  } else {
    state = start.state
    log.info({ replay: request.name, sent: totalsOf(state).sent }, 'goes on where it stopped')
  }
  const sentBefore = totalsOf(state).sent
  let failures = 0
  for (;;) {
    try {
      await sendRest()
      return outcome(state, 'finished', sentBefore)
    } catch (error) {
      if (signal.aborted) throw stoppedError(signal)
      await waitAfter(asConnectorError(error))
    }
  }

  async function sendRest(): Promise<void> {
    for (const [index, span] of state.spans.entries()) {
      if (span.next < span.to) await sendSpan(index)
    }
  }

  async function sendSpan(index: number): Promise<void> {
    const span = state.spans[index]!
    for await (const page of source.read({ ...span, from: span.next }, selection, signal)) {
      if (signal.aborted) throw stoppedError(signal)
      const selected = page.records.filter(({ entry }) => isSelected(selection, entry))
      const moved = advanced(state, index, page.next, selected.length)
      // Nothing to send and more to come: not worth keeping.
      if (selected.length > 0 || page.next >= span.to)
        state = await target.write(selected, moved, index, signal)
      for (const { entry } of selected) tally.add(entry)
      failures = 0
      onProgress(totalsOf(selected.length > 0 ? state : moved))
    }
    if (signal.aborted) throw stoppedError(signal)
  }

  /** Waits and finds out what was kept, as often as it takes. */
  async function waitAfter(failed: ConnectorError): Promise<void> {
    for (let error = failed; ; ) {
      if (!error.retryable) throw error
      failures += 1
      const retryInMs = retryDelayMs({ ...RETRY, attempt: failures, random: random() })
      log.warn({ code: error.code, retryInMs }, `${error.message}; trying again`)
      await sleep(retryInMs, signal)
      try {
        const { state: kept } = await target.resume(signal)
        if (kept === undefined || kept.request !== request.words || kept.run !== state.run)
          throw gone(request)
        state = kept
        return
      } catch (thrown) {
        if (signal.aborted) throw stoppedError(signal)
        error = asConnectorError(thrown)
      }
    }
  }

  function outcome(
    { spans, ...rest }: ReplayState,
    result: ReplayOutcome['result'],
    before: number,
  ): ReplayOutcome {
    const totals = totalsOf({ spans, ...rest })
    return { ...totals, result, run: rest.run, sentBefore: before, organizations: tally.organizations() }
  }
}

/** Reads the range and sends nothing. */
export async function dryRun(
  selection: ReplaySelection,
  source: ReplaySource,
  signal: AbortSignal,
): Promise<{ readonly records: number; readonly organizations: readonly OrganizationTally[] }> {
  const tally = createTally()
  const spans: readonly ReplaySpan[] = await source.spans(selection, signal)
  for (const span of spans) {
    for await (const { records } of source.read(span, selection, signal)) {
      for (const { entry } of records) if (isSelected(selection, entry)) tally.add(entry)
    }
  }
  if (signal.aborted) throw stoppedError(signal)
  const organizations = tally.organizations()
  return { records: organizations.reduce((sum, { records }) => sum + records, 0), organizations }
}

function gone({ name }: ReplayRequest): ConnectorError {
  return new ConnectorError(
    'JOURNAL_NOT_OWNED',
    `The cursor of the replay ${name} is not what it was: another process runs it, or it was deleted.`,
  )
}
