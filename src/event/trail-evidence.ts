import type { Head, SeenEntry } from './checkpoint.ts'
import { newHead } from './new-head.ts'
import type { Organization } from './organization.ts'
import type { RebuiltTrail, SequenceRange } from './rebuilt-trail.ts'
import type { SeenEvents } from './seen-events.ts'

/** What is stored as an organization's checkpoint. */
export type StoredState =
  | { readonly kind: 'whole'; readonly head: Head; readonly seen: SeenEvents }
  /** `reason`: in words. */
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'missing' }

/** Everything that a journal can say about the trail of one organization. */
export interface TrailEvidence {
  readonly organization: Organization
  readonly stored: StoredState
  readonly records: RebuiltTrail
  /** Records may have been deleted by age: that there are none is then no loss. */
  readonly expired: boolean
  /** What else keeps the journal from being used, in words. */
  readonly problem?: string
}

/** Where a trail stood at some time. */
export interface KnownEnd {
  readonly sequence: number
  readonly chainHash: Buffer
  readonly endpoint: string
}

export interface TrailLoss {
  /** Lowest first. */
  readonly ranges: readonly SequenceRange[]
  /** How many sequence numbers all of them are. */
  readonly count: number
}

/**
 * Where the trail stood for certain: by its checkpoint, or by its last ledger entry where that cannot be read, or is an
 * old one that was written again.
 */
export function knownEnd({ stored, records }: TrailEvidence): KnownEnd | undefined {
  const { ledger } = records
  if (stored.kind !== 'whole') return ledger
  return ledger !== undefined && ledger.sequence > stored.head.sequence ? ledger : stored.head
}

/**
 * The records that were published and are no longer there at the trail's end, or that others stand in the place of.
 * Retention takes from the front only, so it explains a missing end only where it took everything.
 */
export function missingEnd(evidence: TrailEvidence): SequenceRange | undefined {
  const { records, expired } = evidence
  const known = knownEnd(evidence)
  if (known === undefined || known.sequence === 0) return undefined
  const end = records.head()
  if (end === undefined) return expired ? undefined : { from: 1, to: known.sequence }
  if (end.sequence < known.sequence) return { from: end.sequence + 1, to: known.sequence }
  const isReplaced = end.sequence === known.sequence && !end.chainHash.equals(known.chainHash)
  return isReplaced ? { from: records.firstSequence ?? 1, to: known.sequence } : undefined
}

/** The missing end, and the holes before it. */
export function lossOf(evidence: TrailEvidence): TrailLoss | undefined {
  const end = missingEnd(evidence)
  const ranges = end === undefined ? evidence.records.holes : [...evidence.records.holes, end]
  if (ranges.length === 0) return undefined
  return { ranges, count: ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0) }
}

/** The head that says what is there. What a readable one knew of the organization's life beyond its records stays. */
export function recoveredHead(evidence: TrailEvidence): Head {
  const { organization, stored, records } = evidence
  const known = knownEnd(evidence)
  const rebuilt = records.head() ?? emptyHead(evidence)
  const isOurs = rebuilt.endpoint === organization.endpoint
  if (stored.kind !== 'whole') {
    return { ...rebuilt, endpoint: isOurs ? rebuilt.endpoint : (known?.endpoint ?? rebuilt.endpoint) }
  }
  const { totals, polledAtMs, openPoll, emptyExports, digestVersion } = stored.head
  const endpoint = rebuilt.sequence === 0 ? organization.endpoint : stored.head.endpoint
  return { ...rebuilt, endpoint, totals, polledAtMs, openPoll, emptyExports, digestVersion }
}

/** Of a trail without records: where it stood if they were deleted by age, else the beginning. */
function emptyHead(evidence: TrailEvidence): Head {
  const { organization, stored } = evidence
  const known = missingEnd(evidence) === undefined ? knownEnd(evidence) : undefined
  if (known === undefined) return newHead(organization)
  const { sequence, chainHash, endpoint } = known
  const rest = stored.kind === 'whole' ? stored.head : newHead(organization)
  return { ...rest, sequence, chainHash: Buffer.from(chainHash), endpoint }
}

/**
 * The ids that count as seen. An id whose record is lost is not among them, so that the event is published again while
 * the Hub still holds it. Records do not tell which of the ids without one were deleted by age before the loss: those
 * that came before the oldest record that is left.
 */
export function recoveredEntries(evidence: TrailEvidence): SeenEntry[] {
  const { stored, records } = evidence
  const isWhole = lossOf(evidence) === undefined
  if (stored.kind === 'whole' && isWhole && stored.head.sequence >= (records.head()?.sequence ?? 0)) {
    return [...stored.seen.entries()]
  }
  const entries = new Map(records.entries().map(entry => [entry.key, entry]))
  if (stored.kind !== 'whole') return [...entries.values()]
  for (const entry of stored.seen.entries()) {
    // The checkpoint knows the latest content, and what was told of it.
    if (isWhole || entries.has(entry.key) || outlived(entry, records)) entries.set(entry.key, entry)
  }
  return [...entries.values()]
}

function outlived({ state, firstSeenSeconds }: SeenEntry, records: RebuiltTrail): boolean {
  if (state === 'filtered') return true
  const oldestMs = state === 'published' ? records.oldestEventMs : records.oldestDeadLetterMs
  return oldestMs !== undefined && firstSeenSeconds < Math.floor(oldestMs / 1000)
}
