import { anchorOf, firstChainHash } from './event/chain.ts'
import { CHECKPOINT_FORMAT_VERSION, type Checkpoint, DIGEST_VERSION, type Head } from './event/checkpoint.ts'
import type { Judgement } from './event/findings.ts'
import { type Organization, sourceUri } from './event/organization.ts'
import type { LedgerEntry } from './event/records.ts'
import type { Selection } from './event/select.ts'

/** Everything that one poll found out, before it is published. */
export interface Poll {
  readonly organization: Organization
  readonly kind: 'POLL' | 'IMPORT'
  readonly startedAtMs: number
  readonly checkpoint: Checkpoint
  readonly selection: Selection
  readonly judgement: Judgement
  readonly exportCap: number
  readonly wireBytes: number
  readonly bodyBytes: number
  readonly ownUserId: string | undefined
}

/** Where the trail of an organization stands before its first record. */
export function newHead(organization: Organization): Head {
  return {
    formatVersion: CHECKPOINT_FORMAT_VERSION,
    digestVersion: DIGEST_VERSION,
    endpoint: organization.endpoint,
    sequence: 0,
    chainHash: firstChainHash(sourceUri(organization)),
    newestCreatedAtMs: null,
    polledAtMs: null,
    totals: { polls: 0, fetched: 0, published: 0, alreadySeen: 0, filtered: 0, deadLettered: 0, repeated: 0 },
    openPoll: null,
    emptyExports: 0,
    lastPosition: null,
  }
}

/**
 * The head after a poll that got to its end. `published` stands after its last event already; an import leaves open
 * what a poll left open, and says nothing of when the Hub was last polled.
 */
export function finishedHead({ checkpoint, selection, judgement, kind }: Poll, published: Head): Head {
  const { totals } = published
  return {
    ...published,
    openPoll: kind === 'IMPORT' ? (checkpoint.head?.openPoll ?? null) : null,
    polledAtMs: kind === 'IMPORT' ? published.polledAtMs : selection.receivedAtMs,
    emptyExports: judgement.emptyExports,
    totals: {
      polls: totals.polls + 1,
      fetched: totals.fetched + selection.fetched,
      published: totals.published,
      alreadySeen: totals.alreadySeen + selection.alreadySeen,
      filtered: totals.filtered + selection.filtered,
      deadLettered: totals.deadLettered + selection.poison.length,
      repeated: totals.repeated + selection.repeated,
    },
  }
}

/** The proof of the poll, with the anchor after it. */
export function ledgerEntry(
  poll: Poll,
  head: Head,
  done: { readonly transactions: number; readonly finishedAtMs: number },
): LedgerEntry {
  const { organization, selection } = poll
  const complete = selection.fetched < poll.exportCap
  return {
    organization: organization.identity,
    endpoint: organization.endpoint,
    kind: poll.kind,
    startedAt: poll.startedAtMs,
    receivedAt: selection.receivedAtMs,
    finishedAt: done.finishedAtMs,
    complete,
    fetched: selection.fetched,
    published: selection.fresh.count,
    alreadySeen: selection.alreadySeen,
    filtered: selection.filtered,
    deadLettered: selection.poison.length,
    repeated: selection.repeated,
    transactions: done.transactions,
    wireBytes: poll.wireBytes,
    bodyBytes: poll.bodyBytes,
    oldestCreatedAt: selection.oldestCreatedAtMs,
    newestCreatedAt: selection.newestCreatedAtMs,
    olderHistoryOutOfReach: poll.checkpoint.head === undefined && !complete,
    findings: poll.judgement.findings.length,
    sequence: head.sequence,
    chainHash: head.chainHash,
    anchor: anchorOf(head.sequence, head.chainHash),
  }
}
