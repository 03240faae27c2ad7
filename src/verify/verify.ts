import { asConnectorError, ConnectorError } from '../errors.ts'
import type { AuditRecord, DeadLetter, LedgerEntry, StreamName, StreamRecords } from '../event/records.ts'
import type { Spool } from '../ports.ts'
import type {
  JournalScanner,
  JournalState,
  ScanProgress,
  StoredTrail,
  StoredValue,
} from '../stored-journal.ts'
import { AnchorJoin, type AnchorOrigin } from './anchors.ts'
import { conclude, type OrganizationResult } from './conclusion.ts'
import { DuplicateFinder } from './duplicates.ts'
import { OrganizationAudit } from './organization-audit.ts'
import { quoted } from './words.ts'

/** An anchor that was kept outside of the journal. */
export interface KeptAnchor {
  /** Undefined: of the only organization that there is. */
  readonly organization: string | undefined
  readonly sequence: number
  /** 32 bytes. */
  readonly chainHash: Buffer
  readonly origin: Extract<AnchorOrigin, { kind: 'file' | 'option' }>
}

export interface VerifyOptions {
  /** Only this identity. */
  readonly organization?: string | undefined
  /** The configured Hub: records of it are known, beside those of the Hubs that the journal itself names. */
  readonly endpoint: string
  readonly anchors?: AsyncIterable<KeptAnchor> | Iterable<KeptAnchor>
  /** How many problems of each kind are kept for each organization; all are counted. */
  readonly problemLimit: number
  /** Called for each event that is in its place, whatever is wrong with it. */
  readonly onEvent?: (record: AuditRecord, position: string) => void
  readonly onDeadLetter?: (letter: DeadLetter) => void
}

export interface VerifyDependencies {
  readonly scanner: JournalScanner
  readonly spool: Pick<Spool, 'append' | 'read'>
  readonly onProgress?: (progress: ScanProgress) => void
}

const EVENTS: StreamName = 'events'

/**
 * Reads everything that is stored, once, and checks what a trail is promised to be. Memory does not grow with the
 * number of records: what must be compared across all of them goes through the spool.
 * Throws only where the journal cannot be read; what is wrong with it is in the results, one for each organization.
 */
export async function verifyJournal(
  options: VerifyOptions,
  dependencies: VerifyDependencies,
  signal: AbortSignal,
): Promise<OrganizationResult[]> {
  const { scanner } = dependencies
  const before = await scanner.state(signal)
  const verification = new Verification(options, dependencies, before)
  for await (const anchor of options.anchors ?? []) verification.addKeptAnchor(anchor)
  await scanner.scan(
    { organization: options.organization },
    async (page, progress) => {
      for (const stored of page) {
        const taken = verification.take(stored)
        if (taken !== undefined) await taken
      }
      dependencies.onProgress?.(progress)
    },
    signal,
  )
  return verification.finish(await scanner.state(signal))
}

class Verification {
  readonly #options: VerifyOptions
  readonly #scanner: JournalScanner
  readonly #anchors: AnchorJoin
  readonly #duplicates: DuplicateFinder
  readonly #before: ReadonlyMap<string, StoredTrail>
  /** By number. The first is of values that belong to nobody. */
  readonly #audits: OrganizationAudit[] = []
  readonly #byIdentity = new Map<string, number>()
  readonly #lastLedgerAnchors = new Map<number, string>()
  #readableEvents = 0
  #keptAnchors = 0
  #needRegistry: ConnectorError | undefined

  constructor(options: VerifyOptions, { scanner, spool }: VerifyDependencies, before: JournalState) {
    this.#options = options
    this.#scanner = scanner
    this.#anchors = new AnchorJoin(spool)
    this.#duplicates = new DuplicateFinder(spool)
    this.#before = new Map(before.trails.map(trail => [trail.organization, trail]))
    this.#add(undefined)
    if (options.organization !== undefined) this.#ownerOf(options.organization)
    for (const { organization, head } of before.trails) {
      if (!this.#isWanted(organization)) continue
      const owner = this.#ownerOf(organization)
      if (head === undefined) continue
      this.#audits[owner]!.addEndpoint(head.endpoint)
      const { sequence, chainHash } = head
      this.#anchors.addAnchor({ owner, sequence, chainHash, origin: { kind: 'head' } })
    }
  }

  addKeptAnchor({ organization, sequence, chainHash, origin }: KeptAnchor): void {
    const identity = organization ?? this.#onlyOrganization()
    if (!this.#isWanted(identity)) return
    this.#keptAnchors += 1
    this.#anchors.addAnchor({ owner: this.#ownerOf(identity), sequence, chainHash, origin })
  }

  /** A promise only where a registry must be asked. */
  take(stored: StoredValue): Promise<void> | undefined {
    const { stream, key, value } = stored
    if (!this.#isWanted(key)) return undefined
    if (stream === undefined) {
      this.#tellUnreadable(stored, 'it belongs to no stream that this release knows')
      return undefined
    }
    if (value === null) {
      this.#tellUnreadable(stored, 'it has no value')
      return undefined
    }
    let record: StreamRecords[StreamName] | Promise<StreamRecords[StreamName]>
    try {
      record = this.#scanner.decode(stream, value)
    } catch (error) {
      this.#takeUndecoded(stored, error)
      return undefined
    }
    if (!(record instanceof Promise)) {
      this.#takeRecord(stream, record, stored)
      return undefined
    }
    return record.then(
      decoded => this.#takeRecord(stream, decoded, stored),
      error => this.#takeUndecoded(stored, error),
    )
  }

  finish(after: JournalState): OrganizationResult[] {
    if (this.#readableEvents === 0 && this.#needRegistry !== undefined) throw this.#needRegistry
    const results = conclude(
      {
        audits: this.#audits,
        anchors: this.#anchors,
        duplicates: this.#duplicates,
        scanner: this.#scanner,
        endpoint: this.#options.endpoint,
      },
      this.#before,
      after,
    )
    this.#refuseUnknown(after)
    return results
  }

  #isWanted(identity: string | undefined): boolean {
    return this.#options.organization === undefined || this.#options.organization === identity
  }

  /** A name that the journal does not know must not look like one without a problem. */
  #refuseUnknown({ trails }: JournalState): void {
    const { organization } = this.#options
    const known = trails.map(trail => trail.organization)
    if (organization === undefined || known.includes(organization) || this.#keptAnchors > 0) return
    const { records, ledgerEntries, problems } = this.#audits[this.#ownerOf(organization)]!
    if (records > 0 || ledgerEntries > 0 || problems.total > 0) return
    const others = known.slice(0, 20).join(', ')
    throw new ConnectorError(
      'CONFIG_INVALID',
      `The journal holds nothing of ${quoted(organization)}${others === '' ? '' : `; it holds ${others}`}.`,
    )
  }

  #onlyOrganization(): string {
    const wanted = this.#options.organization
    if (wanted !== undefined) return wanted
    const identities = [...this.#before.keys()]
    if (identities.length === 1) return identities[0]!
    throw new ConnectorError(
      'CONFIG_INVALID',
      `The journal holds ${identities.length} organizations; say with --organization whose anchor it is` +
        (identities.length === 0 ? '.' : `: ${identities.slice(0, 20).join(', ')}.`),
    )
  }

  #ownerOf(identity: string): number {
    return this.#byIdentity.get(identity) ?? this.#add(identity)
  }

  #add(identity: string | undefined): number {
    const owner = this.#audits.length
    const audit = new OrganizationAudit(identity, {
      problemLimit: this.#options.problemLimit,
      positionText: ({ stream, partition, offset }) => this.#scanner.positionText(stream, partition, offset),
      onLink: ({ sequence, chainHash }) => this.#anchors.addPoint(owner, sequence, chainHash),
    })
    this.#audits.push(audit)
    if (identity !== undefined) this.#byIdentity.set(identity, owner)
    return owner
  }

  #takeRecord(stream: StreamName, record: StreamRecords[StreamName], stored: StoredValue): void {
    const { key, partition, expectedPartition } = stored
    if (key !== record.organization) {
      this.#tellForeignKey(
        stored,
        `it is a record of ${quoted(record.organization)}, stored under ${key === undefined ? 'no key' : `the key ${quoted(key)}`}`,
      )
      return
    }
    const owner = this.#ownerOf(key)
    const audit = this.#audits[owner]!
    if (partition !== expectedPartition) {
      this.#tellForeignKey(
        stored,
        `it lies in partition ${partition}, and readers look for ${quoted(key)} in ${expectedPartition}`,
      )
      return
    }
    switch (stream) {
      case 'events': {
        const event = record as StreamRecords['events']
        const { id } = audit.takeEvent(event, stored)
        this.#options.onEvent?.(event, this.#position(stored))
        this.#readableEvents += 1
        const { sequence } = event
        if (id !== undefined) this.#duplicates.add(id, { owner, sequence, partition, offset: stored.offset })
        break
      }
      case 'ledger':
        this.#takeLedgerEntry(owner, record as LedgerEntry, stored)
        break
      case 'dead-letters':
        audit.takeDeadLetter(record as DeadLetter, stored)
        this.#options.onDeadLetter?.(record as DeadLetter)
        break
      case 'findings':
        audit.addEndpoint((record as StreamRecords['findings']).endpoint)
        break
    }
  }

  #takeLedgerEntry(owner: number, entry: LedgerEntry, stored: StoredValue): void {
    this.#audits[owner]!.takeLedgerEntry(entry, stored)
    // Polls that published nothing say the same as the one before.
    const text = `${entry.sequence}:${entry.chainHash.toString('hex')}`
    if (this.#lastLedgerAnchors.get(owner) === text) return
    this.#lastLedgerAnchors.set(owner, text)
    const { partition, offset } = stored
    const { sequence, chainHash } = entry
    this.#anchors.addAnchor({ owner, sequence, chainHash, origin: { kind: 'ledger', partition, offset } })
  }

  #takeUndecoded(stored: StoredValue, thrown: unknown): void {
    const error = asConnectorError(thrown)
    if (error.code === 'CONFIG_INVALID') {
      if (stored.stream === EVENTS) this.#needRegistry ??= error
    } else if (error.code !== 'JOURNAL_MISMATCH' && error.code !== 'JOURNAL_FOREIGN') throw error
    this.#tellUnreadable(stored, error.message)
  }

  #tellUnreadable(stored: StoredValue, message: string): void {
    this.#auditOfKey(stored.key).problems.add('unreadable', () => ({
      position: this.#position(stored),
      message: `${message}${this.#keyText(stored)}`,
    }))
  }

  #tellForeignKey(stored: StoredValue, message: string): void {
    this.#auditOfKey(stored.key).problems.add('key', () => ({ position: this.#position(stored), message }))
  }

  /** Foreign keys do not become organizations: there may be any number of them. */
  #auditOfKey(key: string | undefined): OrganizationAudit {
    return this.#audits[key === undefined ? 0 : (this.#byIdentity.get(key) ?? 0)]!
  }

  #keyText({ key }: StoredValue): string {
    return key !== undefined && !this.#byIdentity.has(key) ? ` (its key is ${quoted(key)})` : ''
  }

  #position({ stream, partition, offset }: StoredValue): string {
    return this.#scanner.positionText(stream, partition, offset)
  }
}
