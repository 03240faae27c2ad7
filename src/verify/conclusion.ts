import { nextChainHash } from '../event/chain.ts'
import type { JournalScanner, JournalState, StoredTrail } from '../stored-journal.ts'
import type { Anchor, AnchorJoin, AnchorOutcome } from './anchors.ts'
import type { DuplicateFinder, RecordPlace } from './duplicates.ts'
import type { OrganizationAudit } from './organization-audit.ts'
import type { Problem, ProblemKind } from './problems.ts'
import type { Link, Retention } from './trail-check.ts'
import { originText } from './words.ts'

/** What was found of one organization. */
export interface OrganizationResult {
  /** Undefined: values that belong to nobody. */
  readonly organization: string | undefined
  readonly records: number
  readonly firstSequence: number | undefined
  readonly lastSequence: number | undefined
  /** After the last record, 32 bytes. */
  readonly chainHash: Buffer | undefined
  /** The first of each kind. */
  readonly problems: readonly Problem[]
  /** All of them. */
  readonly problemCounts: ReadonlyMap<ProblemKind, number>
  readonly problemCount: number
  /** What is no problem and should be known. */
  readonly notes: readonly string[]
  readonly ledgerEntries: number
  /** Anchors of the ledger, of the checkpoint and from elsewhere that the chain agrees with. */
  readonly anchorsAgreeing: number
}

/** What was collected while everything was read. */
export interface Collected {
  /** By number. The first is of values that belong to nobody. */
  readonly audits: readonly OrganizationAudit[]
  readonly anchors: AnchorJoin
  readonly duplicates: DuplicateFinder
  readonly scanner: Pick<JournalScanner, 'positionText'>
  /** The configured Hub. */
  readonly endpoint: string
}

/** Judges what can only be judged when everything was read. `before` and `after`: what the store said of itself then. */
export function conclude(
  collected: Collected,
  before: ReadonlyMap<string, StoredTrail>,
  after: JournalState,
): OrganizationResult[] {
  return new Conclusion(collected, before, after).results()
}

class Conclusion {
  readonly #collected: Collected
  readonly #before: ReadonlyMap<string, StoredTrail>
  readonly #after: ReadonlyMap<string, StoredTrail>
  /** By the organizations' numbers. */
  readonly #retentions: readonly Retention[]
  /** Numbers of the organizations whose first record follows from an anchor. */
  readonly #startsProven = new Set<number>()

  constructor(collected: Collected, before: ReadonlyMap<string, StoredTrail>, after: JournalState) {
    this.#collected = collected
    this.#before = before
    this.#after = new Map(after.trails.map(trail => [trail.organization, trail]))
    const lowest = Math.max(0, ...after.firstOffsets)
    this.#retentions = collected.audits.map(audit => ({
      firstSequence: this.#after.get(audit.identity ?? '')?.firstSequence,
      firstOffset: after.firstOffsets[audit.partition ?? -1] ?? lowest,
    }))
  }

  results(): OrganizationResult[] {
    const { audits, endpoint } = this.#collected
    for (const [owner, audit] of audits.entries()) {
      if (audit.identity === undefined) continue
      const trail = this.#after.get(audit.identity)
      for (const known of [endpoint, trail?.head?.endpoint]) if (known !== undefined) audit.addEndpoint(known)
      audit.finish(trail, this.#before.get(audit.identity), this.#retentions[owner]!)
    }
    this.#judgeDuplicates()
    for (const { anchor, outcome } of this.#collected.anchors.results()) this.#judgeAnchor(anchor, outcome)
    return audits
      .map((audit, owner) => this.#resultOf(audit, owner))
      .filter(({ organization, problemCount }) => organization !== undefined || problemCount > 0)
      .sort((a, b) => compareText(a.organization, b.organization))
  }
  #judgeDuplicates(): void {
    const { audits, duplicates } = this.#collected
    for (const { id, places } of duplicates.found()) {
      const [first, ...others] = places as readonly [RecordPlace, ...RecordPlace[]]
      for (const place of others) {
        audits[place.owner]!.problems.add('duplicate', () => ({
          position: this.#position(place),
          sequence: place.sequence,
          message:
            `the event ${id} is there more than once: at sequence ${first.sequence} (${this.#position(first)}) and ` +
            `again at ${place.sequence}`,
        }))
      }
    }
  }

  #judgeAnchor(anchor: Anchor, outcome: AnchorOutcome): void {
    const { owner, sequence, origin } = anchor
    const audit = this.#collected.audits[owner]!
    const { first, last } = audit.trail
    if (outcome === 'agrees') {
      audit.anchorsAgreeing += 1
    } else if (origin.kind === 'ledger' && audit.isGivenUp({ ...origin, sequence })) {
      audit.anchorsGivenUp += 1
    } else if (outcome === 'differs') {
      this.#tellAnchor(anchor, 'the chain has another hash there: the trail up to there was written anew')
    } else if (sequence === 0) {
      if (audit.isFirstChainHash(anchor.chainHash)) audit.anchorsAgreeing += 1
      else this.#tellAnchor(anchor, 'the chain of this organization and Hub does not begin so')
    } else if (last === undefined) {
      this.#judgeWithoutRecords(anchor)
    } else if (sequence > last.sequence) {
      this.#tellEnd(anchor, `the trail ends with ${last.sequence}`)
    } else if (first !== undefined && sequence === first.sequence - 1) {
      this.#judgeStart(anchor, first)
    } else if (sequence < audit.trail.reachesBackTo(this.#retentions[owner]!)) {
      audit.anchorsBefore += 1
    } else {
      this.#tellAnchor(anchor, 'that record is not in the trail')
    }
  }

  /** Where all records are gone, the checkpoint tells whether retention took them: that was judged with the end. */
  #judgeWithoutRecords(anchor: Anchor): void {
    const audit = this.#collected.audits[anchor.owner]!
    const head = this.#before.get(audit.identity ?? '')?.head
    if (head === undefined || anchor.sequence > head.sequence) {
      this.#tellEnd(anchor, 'there are no records')
    } else if (anchor.sequence < head.sequence) {
      audit.anchorsBefore += 1
    } else if (anchor.chainHash.equals(head.chainHash)) {
      audit.anchorsAgreeing += 1
    } else {
      this.#tellAnchor(anchor, 'the checkpoint has another hash there')
    }
  }

  /** An anchor from just before the first record that is kept proves that one too. */
  #judgeStart(anchor: Anchor, first: Link): void {
    if (nextChainHash(anchor.chainHash, first.elementSha256).equals(first.chainHash)) {
      this.#startsProven.add(anchor.owner)
      this.#collected.audits[anchor.owner]!.anchorsAgreeing += 1
    } else {
      this.#tellAnchor(anchor, `sequence ${first.sequence}, the first that is kept, does not follow from it`)
    }
  }

  #tellEnd({ owner, sequence, origin }: Anchor, end: string): void {
    this.#collected.audits[owner]!.problems.add('end', () => ({
      sequence,
      message:
        `${originText(origin, this.#collected.scanner)} knows of sequence ${sequence}, and ${end}: ` +
        'the records after that were removed',
    }))
  }

  #tellAnchor({ owner, sequence, origin }: Anchor, message: string): void {
    this.#collected.audits[owner]!.problems.add('anchor', () => ({
      sequence,
      message: `the anchor at sequence ${sequence} (${originText(origin, this.#collected.scanner)}): ${message}`,
    }))
  }

  #resultOf(audit: OrganizationAudit, owner: number): OrganizationResult {
    const { problems } = audit
    const { first, last } = audit.trail
    const notes = [...this.#judgeBeginning(audit, owner), ...notesOf(audit)]
    return {
      organization: audit.identity,
      records: audit.records,
      firstSequence: first?.sequence,
      lastSequence: last?.sequence,
      chainHash: last?.chainHash,
      problems: problems.kept,
      problemCounts: problems.counts,
      problemCount: problems.total,
      notes,
      ledgerEntries: audit.ledgerEntries,
      anchorsAgreeing: audit.anchorsAgreeing,
    }
  }

  #judgeBeginning(audit: OrganizationAudit, owner: number): string[] {
    const sequence = audit.trail.first?.sequence ?? 1
    if (sequence === 1) return []
    const isProven = this.#startsProven.has(owner)
    const byRetention = audit.beginsByRetention(this.#retentions[owner]!)
    const head = this.#after.get(audit.identity ?? '')?.head
    // The embedded journal from which it was moved may have been pruned.
    const wasMoved = head !== undefined && 'migration' in head && head.migration !== undefined
    if (!byRetention && !wasMoved && !isProven) {
      audit.problems.add('beginning', () => ({
        sequence,
        message:
          `the trail begins with sequence ${sequence}, and no retention took what was before: ` +
          `${sequence - 1} records are missing`,
      }))
    }
    const begins = byRetention
      ? `retention removed the records before sequence ${sequence}`
      : `the trail begins with sequence ${sequence}${wasMoved ? ', as it was moved here from an embedded journal' : ''}`
    return [
      isProven
        ? `${begins}, which follows from the anchor of ${sequence - 1}`
        : `${begins}; of that first one the chain proves nothing unless an anchor of ${sequence - 1} is given`,
    ]
  }

  #position({ partition, offset }: RecordPlace): string {
    return this.#collected.scanner.positionText('events', partition, offset)
  }
}

function notesOf({
  anchorsBefore,
  anchorsGivenUp,
  withoutRawText,
  ruledOtherwise,
}: OrganizationAudit): string[] {
  const notes: string[] = []
  if (anchorsBefore > 0)
    notes.push(`${anchorsBefore} anchors lie before the first record and cannot be checked`)
  if (anchorsGivenUp > 0) {
    notes.push(
      `${anchorsGivenUp} anchors of the ledger are of records that were lost before "hf-audit recover" accepted what was left`,
    )
  }
  if (withoutRawText > 0) {
    notes.push(
      `${withoutRawText} records were too large for their raw text: its hash is in the chain, their columns cannot be checked`,
    )
  }
  if (ruledOtherwise.count > 0) {
    notes.push(
      `${ruledOtherwise.count} records have columns that this release's catalogue and rules fill otherwise ` +
        `(the first: ${ruledOtherwise.first}): another release wrote them, or they were changed`,
    )
  }
  return notes
}

/** Values that belong to nobody come last. */
function compareText(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  return a < b ? -1 : a > b ? 1 : 0
}
