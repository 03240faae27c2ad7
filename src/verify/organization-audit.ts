import { anchorOf, firstChainHash, nextChainHash, sha256 } from '../event/chain.ts'
import { sourceId } from '../event/ids.ts'
import { sourceUri } from '../event/organization.ts'
import type { AuditRecord, DeadLetter, LedgerEntry } from '../event/records.ts'
import type { StoredTrail, StoredValue } from '../stored-journal.ts'
import { Problems } from './problems.ts'
import { RecordCheck, type RecordFaults } from './record-check.ts'
import { type Link, type Retention, TrailCheck } from './trail-check.ts'
import { listed, quoted } from './words.ts'

/** More sources than these, or endpoints, are not remembered: nobody has so many Hubs. */
const REMEMBERED = 100
const NO_HASH = Buffer.alloc(32)

export interface AuditTools {
  readonly problemLimit: number
  readonly positionText: (stored: Pick<StoredValue, 'stream' | 'partition' | 'offset'>) => string
  readonly onLink: (link: Link) => void
}

/** Everything that is found out about the trail of one organization, and about what is stored under its key. */
export class OrganizationAudit {
  /** Undefined: of values that belong to nobody. */
  readonly identity: string | undefined
  readonly problems: Problems
  readonly endpoints = new Set<string>()
  readonly trail: TrailCheck
  records = 0
  ledgerEntries = 0
  /** Records of which only the hash of the raw text is kept. */
  withoutRawText = 0
  /** Records that this release's catalogue and rules would fill otherwise, and where the first of them lies. */
  ruledOtherwise = { count: 0, first: '' }
  anchorsAgreeing = 0
  /** Anchors from before the first record that is kept. */
  anchorsBefore = 0
  /** Anchors of records that were lost, which an operator has accepted. */
  anchorsGivenUp = 0
  /** Of its events; undefined until there is one. */
  partition: number | undefined
  /** Ledger entries by which a trail was accepted as it was then: what came after is counted anew. */
  readonly #rebuilds: Pick<Link, 'sequence' | 'partition' | 'offset'>[] = []
  readonly #tools: AuditTools
  readonly #check: RecordCheck
  readonly #sources = new Map<string, { count: number; readonly first: Link }>()

  constructor(identity: string | undefined, tools: AuditTools) {
    this.identity = identity
    this.problems = new Problems(tools.problemLimit)
    this.#tools = tools
    this.#check = new RecordCheck(identity ?? '')
    this.trail = new TrailCheck({
      problems: this.problems,
      position: link => this.#positionOf(link),
      onLink: tools.onLink,
    })
  }

  /** Returns the id that the record must have, where that can be known. */
  takeEvent(record: AuditRecord, stored: StoredValue): RecordFaults {
    const faults = this.#check.check(record, stored)
    this.records += 1
    this.partition ??= stored.partition
    if (faults.withoutRawText) this.withoutRawText += 1
    const { columns, headers, ruled } = faults
    const at = () => ({ position: this.#tools.positionText(stored), sequence: record.sequence })
    if (columns.length > 0) {
      this.problems.add('columns', () => ({
        ...at(),
        message: `${listed(columns)} of sequence ${record.sequence} ${columns.length === 1 ? 'is' : 'are'} not what the raw text and the record's place say: changed after it was published`,
      }))
    }
    if (headers.length > 0) {
      this.problems.add('headers', () => ({
        ...at(),
        message: `${listed(headers)} of sequence ${record.sequence} ${headers.length === 1 ? 'is' : 'are'} missing or not what the record says: this connector did not write it so`,
      }))
    }
    if (ruled.length > 0) {
      if (this.ruledOtherwise.count === 0) this.ruledOtherwise.first = `${at().position}: ${listed(ruled)}`
      this.ruledOtherwise.count += 1
    }
    if (record.sequence < 1) {
      this.problems.add('sequence', () => ({ ...at(), message: `${record.sequence} is no sequence` }))
      return faults
    }
    const link: Link = {
      sequence: record.sequence,
      chainHash: record.chainHash,
      elementSha256: faults.elementSha256 ?? NO_HASH,
      sourceID: record.sourceID,
      eventID: record.eventID,
      eventTime: record.eventTime,
      receivedAt: record.receivedAt,
      partition: stored.partition,
      offset: stored.offset,
    }
    this.#noteSource(link)
    this.trail.take(link)
    return faults
  }

  takeLedgerEntry(entry: LedgerEntry, stored: StoredValue): void {
    this.ledgerEntries += 1
    this.addEndpoint(entry.endpoint)
    if (entry.kind === 'REBUILD' && this.#rebuilds.length < REMEMBERED) {
      const { partition, offset } = stored
      this.#rebuilds.push({ sequence: entry.sequence, partition, offset })
    }
    const { fetched, published, alreadySeen, filtered, deadLettered, repeated } = entry
    const sum = published + alreadySeen + filtered + deadLettered + repeated
    const position = () => this.#tools.positionText(stored)
    if (fetched !== sum) {
      this.problems.add('ledger', () => ({
        position: position(),
        message: `the books of a poll do not balance: ${fetched} fetched, and ${sum} accounted for`,
      }))
    }
    if (entry.anchor !== anchorOf(entry.sequence, entry.chainHash)) {
      this.problems.add('ledger', () => ({
        position: position(),
        message: `the ledger entry's anchor is not its sequence and chain hash: ${quoted(entry.anchor)}`,
      }))
    }
  }

  takeDeadLetter(letter: DeadLetter, stored: StoredValue): void {
    this.addEndpoint(letter.endpoint)
    if (letter.bytes.length !== letter.length || sha256(letter.bytes).equals(letter.sha256)) return
    this.problems.add('dead-letter', () => ({
      position: this.#tools.positionText(stored),
      message: "the dead letter's bytes are not those of its SHA-256: they were changed",
    }))
  }

  /** Whether the ledger entry tells of records that were lost before an operator accepted what was left. */
  isGivenUp(entry: Pick<Link, 'sequence' | 'partition' | 'offset'>): boolean {
    return this.#rebuilds.some(
      ({ sequence, partition, offset }) =>
        partition === entry.partition && offset > entry.offset && sequence < entry.sequence,
    )
  }

  addEndpoint(endpoint: string): void {
    if (this.endpoints.size < REMEMBERED) this.endpoints.add(endpoint)
  }

  /** The URIs of the sources that this organization's records may be of. */
  knownSources(): string[] {
    const identity = this.identity ?? ''
    return [...this.endpoints].map(endpoint => sourceUri({ name: identity, identity, endpoint }))
  }

  /** Whether the hash is that with which this organization's chain begins. */
  isFirstChainHash(chainHash: Buffer): boolean {
    return this.knownSources().some(source => firstChainHash(source).equals(chainHash))
  }

  /** `now`: what the store says after everything was read. */
  finish(now: StoredTrail | undefined, before: StoredTrail | undefined, retention: Retention): void {
    this.trail.finish(retention)
    this.#judgeSources()
    this.#judgeFirst()
    this.#judgeEnd(now, before, retention)
  }

  /** Whether retention explains that the trail does not begin with sequence 1. */
  beginsByRetention({ firstSequence, firstOffset }: Retention): boolean {
    const { first } = this.trail
    if (first === undefined || first.sequence === 1) return true
    return firstSequence === undefined ? firstOffset > 0 : first.sequence <= firstSequence
  }

  #noteSource(link: Link): void {
    const known = this.#sources.get(link.sourceID)
    if (known !== undefined) known.count += 1
    else if (this.#sources.size < REMEMBERED) this.#sources.set(link.sourceID, { count: 1, first: link })
  }

  #judgeSources(): void {
    const known = new Set(this.knownSources().map(sourceId))
    for (const [sourceID, { count, first }] of this.#sources) {
      if (known.has(sourceID)) continue
      this.problems.add('source', () => ({
        position: this.#positionOf(first),
        sequence: first.sequence,
        message:
          `${count} records, the first at sequence ${first.sequence}, are of the source ${sourceID}, which is none of ` +
          `${this.knownSources().join(', ')}: set HF_ENDPOINT to the Hub that this journal was read from, or something else wrote them`,
      }))
    }
  }

  /** The chain's beginning is known: the source it was read from. */
  #judgeFirst(): void {
    const { first } = this.trail
    if (first === undefined || first.sequence !== 1) return
    const source = this.knownSources().find(known => sourceId(known) === first.sourceID)
    if (source === undefined) return
    if (nextChainHash(firstChainHash(source), first.elementSha256).equals(first.chainHash)) return
    this.problems.add('chain', () => ({
      position: this.#positionOf(first),
      sequence: 1,
      message:
        'the chain does not begin with the source and the raw text of sequence 1: that record was changed or replaced',
    }))
  }

  #judgeEnd(now: StoredTrail | undefined, before: StoredTrail | undefined, retention: Retention): void {
    const { last } = this.trail
    const fault = now?.fault ?? before?.fault
    const head = now?.head
    if (fault !== undefined) {
      this.problems.add('checkpoint', () => ({ message: fault }))
    } else if (head === undefined) {
      if (last === undefined) return
      this.problems.add('checkpoint', () => ({
        message:
          'there is no checkpoint to hold the end of the trail against, so records may be missing there unnoticed: ' +
          '"hf-audit run" rebuilds it; compare the last anchor with one that was kept elsewhere',
      }))
    } else if (last === undefined) {
      if (head.sequence === 0 || isAllGone(head.sequence, head.lastPosition, retention)) return
      this.problems.add('end', () => ({
        message: `all ${head.sequence} records that the checkpoint knows of are missing`,
      }))
    } else if (last.sequence > head.sequence) {
      this.problems.add('end', () => ({
        position: this.#positionOf(last),
        sequence: last.sequence,
        message: `the trail goes on to ${last.sequence}, and the checkpoint knows of ${head.sequence}: the records after that were added by something else, or the checkpoint was set back`,
      }))
    }
  }

  #positionOf({ partition, offset }: Link): string {
    return this.#tools.positionText({ stream: 'events', partition, offset })
  }
}

function isAllGone(sequence: number, lastPosition: string | null, retention: Retention): boolean {
  const { firstSequence, firstOffset } = retention
  if (firstSequence !== undefined) return firstSequence > sequence
  return lastPosition === null ? firstOffset > 0 : Number(lastPosition) < firstOffset
}
