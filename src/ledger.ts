import { anchorOf } from './event/chain.ts'
import { type Checkpoint, DIGEST_VERSION, type Head } from './event/checkpoint.ts'
import type { Judgement } from './event/findings.ts'
import type { Organization } from './event/organization.ts'
import type { LedgerEntry } from './event/records.ts'
import type { Selection } from './event/select.ts'

/** Everything that one poll found out, before it is published. */
export interface Poll {
  readonly organization: Organization
  readonly kind: 'POLL' | 'IMPORT'
  readonly startedAtMs: number
  readonly checkpoint: Checkpoint
  /** No event of the organization was seen before. */
  readonly isFirst: boolean
  readonly selection: Selection
  readonly judgement: Judgement
  readonly exportCap: number
  readonly wireBytes: number
  readonly bodyBytes: number
  readonly ownUserId: string | undefined
}

/**
 * The head after a poll that got to its end. `published` stands after its last event already; an import says nothing
 * of when the Hub was last polled.
 */
export function finishedHead({ selection, judgement, kind }: Poll, published: Head): Head {
  const { totals } = published
  return {
    ...published,
    digestVersion: DIGEST_VERSION,
    openPoll: judgement.openPoll,
    polledAtMs: kind === 'IMPORT' ? published.polledAtMs : selection.receivedAtMs,
    emptyExports: judgement.emptyExports,
    ...(selection.toldContents.length > 0 && { toldContents: selection.toldContents }),
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
    olderHistoryOutOfReach: !complete && poll.isFirst,
    findings: poll.judgement.gaps.length + poll.judgement.others.length,
    sequence: head.sequence,
    chainHash: head.chainHash,
    anchor: anchorOf(head.sequence, head.chainHash),
  }
}
