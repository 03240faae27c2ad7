import { ConnectorError } from '../errors.ts'
import type { ReplaySpan, ReplayState, Standing } from '../replay-ports.ts'

export type Start =
  /** From the first record of the range, as this run of the replay. */
  | { readonly kind: 'begin'; readonly run: number }
  | { readonly kind: 'go on'; readonly state: ReplayState }
  | { readonly kind: 'finished'; readonly state: ReplayState }

/**
 * What a start has to do, by what is known of earlier ones. `request`: the words of this one. `again`: a replay that has
 * finished is run once more, and a target that holds something already is no reason to refuse. One that is under way
 * always goes on. Throws `CONFIG_INVALID`.
 */
export function decideStart(
  { name, request, again }: { readonly name: string; readonly request: string; readonly again: boolean },
  { state, occupied, lost }: Standing,
): Start {
  if (state === undefined) {
    if (occupied && !again) throw isOccupied(name)
    return { kind: 'begin', run: 1 }
  }
  if (state.request !== request) throw isAnother(name, request, state)
  if (lost) return { kind: 'begin', run: state.run + 1 }
  if (!isFinished(state)) return { kind: 'go on', state }
  return again ? { kind: 'begin', run: state.run + 1 } : { kind: 'finished', state }
}

export function isFinished({ spans }: ReplayState): boolean {
  return spans.every(({ next, to }) => next >= to)
}

export function newState(request: string, run: number, spans: readonly ReplaySpan[]): ReplayState {
  const untouched = spans.map(span => ({ ...span, next: span.from, sent: 0, refused: 0 }))
  return { request, run, spans: untouched }
}

/** The state after a page of a span: what of it was in the range counts as sent. */
export function advanced(state: ReplayState, changed: number, next: number, sent: number): ReplayState {
  const spans = state.spans.map((span, index) =>
    index === changed ? { ...span, next, sent: span.sent + sent } : span,
  )
  return { ...state, spans }
}

/** Records of the last page that the target refused after all. */
export function withRefused(state: ReplayState, changed: number, refused: number): ReplayState {
  if (refused === 0) return state
  const spans = state.spans.map((span, index) =>
    index === changed ? { ...span, sent: span.sent - refused, refused: span.refused + refused } : span,
  )
  return { ...state, spans }
}

export interface Totals {
  readonly sent: number
  readonly refused: number
  /** Of the journal, in its own units: how far it is. */
  readonly done: number
  readonly total: number
}

export function totalsOf({ spans }: ReplayState): Totals {
  const sum = (of: (span: ReplayState['spans'][number]) => number) =>
    spans.reduce((all, span) => all + of(span), 0)
  return {
    sent: sum(span => span.sent),
    refused: sum(span => span.refused),
    done: sum(span => span.next - span.from),
    total: sum(span => span.to - span.from),
  }
}

function isOccupied(name: string): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `The target holds something already, and nothing is known of an earlier start of the replay ${name} (a topic's ` +
      'cursor is kept as long as the broker keeps offsets of a group, 7 days by default). Name another target, or add ' +
      '--again: then a topic gets the range behind what it holds, and a file is written anew.',
  )
}

function isAnother(name: string, request: string, state: ReplayState): ConnectorError {
  const what = isFinished(state) ? 'has finished' : 'is under way'
  return new ConnectorError(
    'CONFIG_INVALID',
    `A replay named ${name} ${what} with other arguments:\n  before: ${state.request}\n  now:    ${request}\n` +
      'Give the arguments of before to go on with it, or another --name.',
  )
}
