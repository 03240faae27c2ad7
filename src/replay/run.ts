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
  let state: ReplayState | undefined
  let sentBefore = 0
  let failures = 0
  for (;;) {
    try {
      const standing = await target.resume(signal)
      if (state === undefined) {
        const start = decideStart({ ...request, request: request.words }, standing)
        if (start.kind === 'finished') {
          return outcomeOf(start.state, 'finished before', totalsOf(start.state).sent)
        }
        state = start.kind === 'begin' ? await begin(start.run) : start.state
        sentBefore = totalsOf(state).sent
        if (sentBefore > 0) log.info({ replay: request.name, sent: sentBefore }, 'goes on where it stopped')
      } else {
        state = sameRun(standing.state, state.run)
      }
      for (const index of state.spans.keys()) state = await sendSpan(state, index)
      return outcomeOf(state, 'finished', sentBefore)
    } catch (error) {
      if (signal.aborted) throw stoppedError(signal)
      await waitAfter(asConnectorError(error))
    }
  }

  async function begin(run: number): Promise<ReplayState> {
    const spans = await source.spans(selection, signal)
    return target.begin(newState(request.words, run, spans), signal)
  }

  /** What became of a write that failed is known by what was kept. */
  function sameRun(kept: ReplayState | undefined, run: number): ReplayState {
    if (kept !== undefined && kept.request === request.words && kept.run === run) return kept
    throw gone(request)
  }

  async function sendSpan(before: ReplayState, index: number): Promise<ReplayState> {
    let after = before
    const span = before.spans[index]!
    if (span.next >= span.to) return before
    for await (const page of source.read({ ...span, from: span.next }, selection, signal)) {
      if (signal.aborted) throw stoppedError(signal)
      const selected = page.records.filter(({ entry }) => isSelected(selection, entry))
      const moved = advanced(after, index, page.next, selected.length)
      // Nothing to send and more to come: not worth keeping.
      const isKept = selected.length > 0 || page.next >= span.to
      after = isKept ? await target.write(selected, moved, index, signal) : moved
      for (const { entry } of selected) tally.add(entry)
      failures = 0
      onProgress(totalsOf(after))
    }
    if (signal.aborted) throw stoppedError(signal)
    return after
  }

  async function waitAfter(error: ConnectorError): Promise<void> {
    if (!error.retryable) throw error
    failures += 1
    const retryInMs = retryDelayMs({ ...RETRY, attempt: failures, random: random() })
    log.warn({ code: error.code, retryInMs }, `${error.message}; trying again`)
    await sleep(retryInMs, signal)
  }

  function outcomeOf(last: ReplayState, result: ReplayOutcome['result'], before: number): ReplayOutcome {
    const organizations = tally.organizations()
    return { ...totalsOf(last), result, run: last.run, sentBefore: before, organizations }
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
