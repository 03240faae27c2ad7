import { ALL_GONE, expectation, keptAbsent } from '../event/absence.ts'
import { isPoisonKey, poisonKey } from '../event/checkpoint.ts'
import type { Organization } from '../event/organization.ts'
import { RebuiltTrail } from '../event/rebuilt-trail.ts'
import type { AuditRecord, DeadLetter } from '../event/records.ts'
import { SeenEvents } from '../event/seen-events.ts'
import { type Selection, select } from '../event/select.ts'
import type { AuditLogExport, Spool } from '../ports.ts'

/** Ids that are named of each kind of difference. */
const NAMED_IDS = 1_000
/** An empty export is believed when it comes as often as this. */
const EMPTY_EXPORTS_BELIEVED = 3

export interface Differences {
  /** Events (or poison) of the export that are neither here nor filtered. */
  readonly missing: IdList
  /** Events that are here, and not in the export although it should hold them. */
  readonly unknown: IdList
  /** Events with other content in the export. */
  readonly changed: IdList
  /** Elements of the export that was compared. */
  readonly fetched: number
  /** Events of the export that came after the last poll. */
  readonly notYetPolled: number
  /** Events of the export whose records retention has removed. */
  readonly expired: number
}

export interface IdList {
  readonly count: number
  /** The first of them. */
  readonly ids: readonly string[]
}

/** What is asked of the checkpoint about events that are in the export and not in the journal. */
export interface CheckpointView {
  readonly seen: SeenEvents
  /** When the last poll was received; null before the first. */
  readonly polledAtMs: number | null
}

export interface ComparisonOptions {
  readonly exportCap: number
  readonly accepts: (type: string) => boolean
  readonly createSpool: () => Spool
  /** When the reading of the journal began. */
  readonly startedAtMs: number
  /** One complete download. Called again for a second opinion. */
  readonly download: () => Promise<AuditLogExport>
  /** As of now. Asked only when it matters. */
  readonly checkpoint: () => Promise<CheckpointView>
}

/** What the journal holds of one organization's window, collected while it is read. */
export class JournalWindow {
  readonly #trail: RebuiltTrail
  #oldestReceivedAtMs: number | undefined
  #firstSequence: number | undefined

  /** Twice the cap: more than any export can hold. */
  constructor(organization: Organization, exportCap: number) {
    this.#trail = new RebuiltTrail(organization, 2 * keptAbsent(exportCap))
  }

  addEvent(record: AuditRecord, position: string): void {
    this.#firstSequence ??= record.sequence
    this.#oldestReceivedAtMs ??= record.receivedAt
    this.#trail.addEvent(record, position)
  }

  addDeadLetter(letter: DeadLetter): void {
    this.#trail.addDeadLetter(letter)
  }

  /** Before this time records may have been removed by retention; undefined when the trail is whole. */
  get wholeSinceMs(): number | undefined {
    return this.#firstSequence === 1 ? undefined : (this.#oldestReceivedAtMs ?? Number.POSITIVE_INFINITY)
  }

  seen(): SeenEvents {
    const seen = new SeenEvents()
    for (const entry of this.#trail.entries()) seen.put(entry)
    return seen
  }
}

/**
 * Compares the journal with a fresh export by the poller's own selection: what a poll would publish again is missing
 * here, what it would find vanished is unknown to the Hub. Where something seems unknown the Hub is asked once more, as
 * the poller does: one lagging replica proves nothing.
 */
export async function compareWithHub(
  window: JournalWindow,
  options: ComparisonOptions,
): Promise<Differences> {
  const seen = window.seen()
  let absent = await selectAgainst(seen, options)
  for (
    let tries = 1;
    absent.selection.fetched === 0 && seen.size > 0 && tries < EMPTY_EXPORTS_BELIEVED;
    tries++
  ) {
    absent = await selectAgainst(seen, options)
  }
  const { selection } = absent
  let unknown = unknownKeys(seen, selection, options.exportCap)
  if (unknown.length > 0 && selection.fetched > 0) {
    const second = await selectAgainst(seen, options)
    const again = new Set(unknownKeys(seen, second.selection, options.exportCap))
    unknown = unknown.filter(key => again.has(key))
  }
  return {
    ...(await judgeFresh(absent, window.wholeSinceMs, options)),
    unknown: listOf(unknown),
    changed: { count: selection.changed.count, ids: selection.changed.ids },
    fetched: selection.fetched,
  }
}

interface Selected {
  readonly selection: Selection
  /** What the export holds and the journal does not. */
  readonly fresh: readonly { readonly key: string; readonly createdAtMs: number | undefined }[]
}

async function selectAgainst(seen: SeenEvents, options: ComparisonOptions): Promise<Selected> {
  const spool = options.createSpool()
  try {
    const selection = await select({ seen, head: undefined }, await options.download(), {
      accepts: options.accepts,
      spool,
    })
    const events = Array.from({ length: selection.fresh.count }, (_, index) => ({
      key: selection.fresh.idAt(index),
      createdAtMs: selection.fresh.createdAtMsAt(index),
    }))
    const poison = selection.poison.map(({ sha256 }) => ({ key: poisonKey(sha256), createdAtMs: undefined }))
    return { selection, fresh: [...events, ...poison] }
  } finally {
    spool.dispose()
  }
}

function unknownKeys(seen: SeenEvents, selection: Selection, exportCap: number): string[] {
  const expect = selection.fetched === 0 ? ALL_GONE : expectation({ seen, selection, exportCap })
  const keys: string[] = []
  for (let slot = 0; slot < selection.present.length; slot++) {
    const key = seen.keyAt(slot)
    if (key === undefined || selection.present[slot] === 1 || seen.stateAt(slot) !== 'published') continue
    if (expect(slot) !== 'unknown') keys.push(key)
  }
  return keys
}

async function judgeFresh(
  { fresh }: Selected,
  wholeSinceMs: number | undefined,
  { checkpoint, startedAtMs }: ComparisonOptions,
): Promise<Pick<Differences, 'missing' | 'notYetPolled' | 'expired'>> {
  const missing: string[] = []
  let notYetPolled = 0
  let expired = 0
  const { seen, polledAtMs } =
    fresh.length === 0 ? { seen: new SeenEvents(), polledAtMs: null } : await checkpoint()
  for (const { key, createdAtMs } of fresh) {
    const known = seen.get(key)
    if (known === undefined) {
      // Before the first poll nothing is missing yet.
      if (polledAtMs === null || (createdAtMs !== undefined && createdAtMs > polledAtMs)) notYetPolled += 1
      else missing.push(key)
    } else if (known.state === 'filtered' || known.firstSeenSeconds >= Math.floor(startedAtMs / 1000)) {
      // Filtered when it was seen, or published since the journal was read.
    } else if (wholeSinceMs !== undefined && known.firstSeenSeconds * 1000 < wholeSinceMs) {
      expired += 1
    } else {
      missing.push(key)
    }
  }
  return { missing: listOf(missing.map(nameOf)), notYetPolled, expired }
}

/** A dead letter has no id: the SHA-256 of its bytes names it. */
function nameOf(key: string): string {
  return isPoisonKey(key) ? `SHA-256 ${key.slice(1)}` : key
}

function listOf(keys: readonly string[]): IdList {
  return { count: keys.length, ids: keys.slice(0, NAMED_IDS) }
}
