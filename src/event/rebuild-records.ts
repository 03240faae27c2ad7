import { anchorOf } from './chain.ts'
import type { Head } from './checkpoint.ts'
import type { Organization } from './organization.ts'
import type { SequenceRange } from './rebuilt-trail.ts'
import type { Finding, LedgerEntry } from './records.ts'
import { type KnownEnd, knownEnd, lossOf, type TrailEvidence } from './trail-evidence.ts'

/** The durable trace of a checkpoint that was rebuilt or confirmed by a person: nothing was fetched. */
export function rebuildLedgerEntry(
  organization: Organization,
  head: Head,
  at: { readonly startedAtMs: number; readonly finishedAtMs: number; readonly findings: number },
): LedgerEntry {
  return {
    organization: organization.identity,
    endpoint: head.endpoint,
    kind: 'REBUILD',
    startedAt: at.startedAtMs,
    receivedAt: null,
    finishedAt: at.finishedAtMs,
    complete: false,
    fetched: 0,
    published: 0,
    alreadySeen: 0,
    filtered: 0,
    deadLettered: 0,
    repeated: 0,
    transactions: 1,
    wireBytes: 0,
    bodyBytes: 0,
    oldestCreatedAt: null,
    newestCreatedAt: null,
    olderHistoryOutOfReach: false,
    findings: at.findings,
    sequence: head.sequence,
    chainHash: head.chainHash,
    anchor: anchorOf(head.sequence, head.chainHash),
  }
}

/** What an auditor must know when a person accepts a trail that lost records; undefined when none are lost. */
export function lossFinding(evidence: TrailEvidence, head: Head, foundAtMs: number): Finding | undefined {
  const loss = lossOf(evidence)
  if (loss === undefined) return undefined
  const { organization } = evidence
  return {
    organization: organization.identity,
    endpoint: head.endpoint,
    kind: 'GAP',
    foundAt: foundAtMs,
    severity: 'ERROR',
    message:
      `${loss.count} published records (sequence ${rangesText(loss.ranges)}) are no longer in the journal` +
      `${stoodAt(knownEnd(evidence))}, which an operator accepted with hf-audit recover. The trail goes on after ` +
      `sequence ${head.sequence}, and those numbers are given again. What the Hub still holds of these events is ` +
      'published again; the rest can be added from a saved export with hf-audit import.',
    count: loss.count,
    ids: [],
    newestPublishedAt: head.newestCreatedAtMs,
    oldestReceivedAt: null,
    sequence: head.sequence,
  }
}

/** More than these are counted, not listed. */
const LISTED_RANGES = 20

/** `3, 7 to 9` */
export function rangesText(ranges: readonly SequenceRange[]): string {
  const listed = ranges
    .slice(0, LISTED_RANGES)
    .map(({ from, to }) => (from === to ? String(from) : `${from} to ${to}`))
  const more = ranges.length - listed.length
  return listed.join(', ') + (more > 0 ? ` and ${more} more ranges up to ${ranges.at(-1)!.to}` : '')
}

function stoodAt(known: KnownEnd | undefined): string {
  return known === undefined ? '' : ` (it stood at ${anchorOf(known.sequence, known.chainHash)})`
}
