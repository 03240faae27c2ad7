import { crc32 } from 'node:zlib'
import { sha256 as sha256Of } from './chain.ts'
import { type Checkpoint, DIGEST_VERSION, poisonKey, type SeenEntry } from './checkpoint.ts'
import { contentDigest } from './digest.ts'
import type { AuditLogExport, ExportElement, Spool } from './export.ts'
import { FreshEvents } from './fresh-events.ts'
import { glanceAtElement, type PoisonedElement, parseElement } from './hub-event.ts'
import { type ToldChange, type ToldContents, withTold } from './told-contents.ts'

/** How many ids a finding names at most. */
export const FINDING_ID_LIMIT = 1_000
/** How much of a poison element is kept. */
const POISON_BYTES_LIMIT = 512 * 1024

/** A poison element, its bytes in the spool. */
export interface PoisonElement {
  readonly reason: string
  readonly detail: string
  readonly sha256: Buffer
  /** Of the whole element. */
  readonly length: number
  readonly crc: number
  readonly spoolOffset: number
  readonly spoolLength: number
}

/** What one export holds that the checkpoint does not know, and what it says of what the checkpoint does know. */
export interface Selection {
  readonly receivedAtMs: number
  readonly fetched: number
  readonly alreadySeen: number
  readonly filtered: number
  /** The same id, or the same poison bytes, again within this export. */
  readonly repeated: number
  /** To be published, sorted oldest first. */
  readonly fresh: FreshEvents
  /** To the dead letters, each once. */
  readonly poison: readonly PoisonElement[]
  /** Checkpoint entries that change although nothing is published for them. */
  readonly put: readonly SeenEntry[]
  /**
   * Ids with other content than before, or with elements of different bytes in this export: how many, and the first
   * {@link FINDING_ID_LIMIT}.
   */
  readonly changed: { readonly count: number; readonly ids: readonly string[] }
  /** Contents of changed events that need not be told again, after this export. */
  readonly toldContents: ToldContents
  /** By slot of `checkpoint.seen`: 1 where this export holds the entry. */
  readonly present: Uint8Array
  /** Holds an id of an earlier poll that was not dated ahead: everything after it is in this export. */
  readonly sharesSeenId: boolean
  /** The latest createdAt among the ids not seen before, those dated ahead left out; -Infinity when there is none. */
  readonly newestNewAtMs: number
  readonly oldestCreatedAtMs: number | null
  readonly newestCreatedAtMs: number | null
}

export interface SelectOptions {
  /** False for event types that the configuration leaves out; applied to events not seen before. */
  readonly accepts: (type: string) => boolean
  readonly spool: Spool
}

/**
 * Reads one export to its end and tells what in it is new. Decides by `_id` alone, never by time: an element whose id
 * and CRC-32 are known is not even parsed, so an unchanged export costs a scan. New elements wait in the spool.
 *
 * Changes nothing: all or nothing per download is kept by committing only what this returns.
 * Throws what `elements` throws, and `HUB_BODY_BROKEN` for an element that is not well-formed JSON.
 */
export async function select(
  checkpoint: Pick<Checkpoint, 'seen' | 'head'>,
  download: Pick<AuditLogExport, 'receivedAtMs' | 'elements'>,
  options: SelectOptions,
): Promise<Selection> {
  const pass = new SelectionPass(checkpoint, download.receivedAtMs, options)
  for await (const elements of download.elements) for (const element of elements) pass.take(element)
  return pass.finish()
}

class SelectionPass {
  readonly #seen: Checkpoint['seen']
  readonly #receivedAtMs: number
  readonly #options: SelectOptions
  readonly #present: Uint8Array
  readonly #fresh = new FreshEvents()
  readonly #put = new Map<string, SeenEntry>()
  readonly #filtered = new Map<string, SeenEntry>()
  readonly #poison = new Map<string, PoisonElement>()
  readonly #changed = new Set<string>()
  readonly #told: ToldContents
  readonly #toldOf: ReadonlyMap<string, readonly number[]>
  /** An older release computed the digests of the checkpoint: all are computed anew, and none is told. */
  readonly #digestsOutdated: boolean
  #lastSlot = -1
  #fetched = 0
  #alreadySeen = 0
  #repeated = 0
  #sharesSeenId = false
  #newestNew = Number.NEGATIVE_INFINITY
  readonly #poisonedSlots: number[] = []
  #oldest = Number.POSITIVE_INFINITY
  #newest = Number.NEGATIVE_INFINITY

  constructor(checkpoint: Pick<Checkpoint, 'seen' | 'head'>, receivedAtMs: number, options: SelectOptions) {
    this.#seen = checkpoint.seen
    this.#digestsOutdated = checkpoint.head !== undefined && checkpoint.head.digestVersion !== DIGEST_VERSION
    this.#told = this.#digestsOutdated ? [] : (checkpoint.head?.toldContents ?? [])
    this.#toldOf = new Map(this.#told)
    this.#receivedAtMs = receivedAtMs
    this.#options = options
    this.#present = new Uint8Array(this.#seen.slotCount)
  }

  take(element: ExportElement): void {
    this.#fetched += 1
    const crc = crc32(element.bytes)
    if (element.id !== undefined && !this.#digestsOutdated) {
      const slot = this.#slotNear(element.id)
      if (slot >= 0 && this.#seen.crcAt(slot) === crc) {
        this.#takeUnchanged(slot)
        return
      }
    }
    const glanced = glanceAtElement(element)
    if (glanced !== undefined && this.#isFirst(glanced.id) && this.#options.accepts(glanced.type)) {
      this.#takeFresh(glanced, element.bytes, crc)
      return
    }
    const parsed = parseElement(element)
    if (parsed.kind === 'poison') {
      this.#takePoison(element, crc, parsed)
      return
    }
    const slot = this.#seen.slotOf(parsed.id)
    if (slot >= 0) {
      this.#widen(parsed.createdAtMs)
      if (this.#seen.crcAt(slot) === crc && !this.#digestsOutdated) this.#takeUnchanged(slot)
      else this.#takeRewritten(slot, crc, contentDigest(parsed.event, parsed.text), parsed.createdAtMs)
      return
    }
    if (this.#isNew(parsed.id)) {
      this.#widen(parsed.createdAtMs)
      this.#takeRepeated(parsed.id, crc)
      return
    }
    if (this.#options.accepts(parsed.type)) {
      this.#takeFresh(parsed, element.bytes, crc)
    } else {
      this.#widenNew(parsed.createdAtMs)
      this.#filtered.set(parsed.id, {
        key: parsed.id,
        crc,
        digest: contentDigest(parsed.event, parsed.text),
        createdAtMs: parsed.createdAtMs,
        firstSeenSeconds: Math.floor(this.#receivedAtMs / 1000),
        state: 'filtered',
        missed: 0,
        pairTold: false,
        absentSinceSeconds: 0,
      })
    }
  }

  /**
   * Most exports run through time, forwards or backwards, and so do the slots: the neighbours of the last one are tried
   * before the map, whose lookups take a quarter of what selecting takes otherwise.
   */
  #slotNear(id: string): number {
    const last = this.#lastSlot
    const slot =
      last > 0 && this.#seen.keyAt(last - 1) === id
        ? last - 1
        : last >= 0 && this.#seen.keyAt(last + 1) === id
          ? last + 1
          : this.#seen.slotOf(id)
    this.#lastSlot = slot
    return slot
  }

  finish(): Selection {
    this.#fresh.sort()
    for (const slot of this.#poisonedSlots) this.#present[slot] = 1
    if (this.#digestsOutdated) this.#forgetDigestsOfAbsent()
    return {
      receivedAtMs: this.#receivedAtMs,
      fetched: this.#fetched,
      alreadySeen: this.#alreadySeen,
      filtered: this.#filtered.size,
      repeated: this.#repeated,
      fresh: this.#fresh,
      poison: [...this.#poison.values()],
      put: [...this.#put.values(), ...this.#filtered.values()],
      changed: { count: this.#changed.size, ids: [...this.#changed].slice(0, FINDING_ID_LIMIT) },
      toldContents: withTold(this.#told, this.#toldChanges()),
      present: this.#present,
      sharesSeenId: this.#sharesSeenId,
      newestNewAtMs: this.#newestNew,
      oldestCreatedAtMs: Number.isFinite(this.#oldest) ? this.#oldest : null,
      newestCreatedAtMs: Number.isFinite(this.#newest) ? this.#newest : null,
    }
  }

  /** An id that an element before this one brought, and no earlier poll. */
  #isNew(id: string): boolean {
    return this.#fresh.indexOf(id) >= 0 || this.#filtered.has(id)
  }

  /** An id that neither an earlier poll nor this export brought. */
  #isFirst(id: string): boolean {
    return this.#seen.slotOf(id) < 0 && !this.#isNew(id)
  }

  #takeFresh(event: { id: string; createdAtMs: number }, bytes: Buffer, crc: number): void {
    this.#widenNew(event.createdAtMs)
    const offset = this.#options.spool.append(bytes)
    this.#fresh.add({ id: event.id, createdAtMs: event.createdAtMs, offset, length: bytes.length, crc })
  }

  #takeUnchanged(slot: number): void {
    this.#widen(this.#seen.createdAtMsAt(slot))
    if (this.#present[slot] !== 1) {
      this.#markPresent(slot)
      return
    }
    this.#repeated += 1
    const key = this.#seen.keyAt(slot)!
    // Beside an element with other bytes: the content that was known is still there, so it is none that changed.
    if (this.#put.has(key)) this.#takePair(this.#seen.entryAt(slot), this.#seen.entryAt(slot))
  }

  /** An id that was seen before, with other bytes than then. */
  #takeRewritten(slot: number, crc: number, digest: number, createdAtMs: number): void {
    const known = this.#seen.entryAt(slot)
    const { key } = known
    const now: SeenEntry = { ...known, crc, digest, createdAtMs }
    if (this.#present[slot] === 1) {
      const first = this.#put.get(key) ?? known
      this.#repeated += 1
      if (first.crc === crc) return
      this.#takePair(known, first.digest !== known.digest && digest === known.digest ? now : first)
      return
    }
    this.#markPresent(slot)
    // Only the bytes differ (white space, key order, fields that the Hub rewrites): remembered, so that the next
    // export is not parsed again, and not told.
    this.#put.set(key, now)
    // A digest of 0 stands for a content that is not known (a record published without its raw text).
    if (known.digest === digest || known.digest === 0 || this.#digestsOutdated) return
    if (this.#toldOf.get(key)?.includes(digest) !== true) this.#changed.add(key)
  }

  /** Of events that earlier polls brought. */
  #toldChanges(): ToldChange[] {
    const changes: ToldChange[] = []
    for (const id of this.#changed) {
      const [known, now] = [this.#seen.get(id), this.#put.get(id)]
      if (known !== undefined && now !== undefined)
        changes.push({ id, before: known.digest, now: now.digest })
    }
    return changes
  }

  /**
   * Elements of one id with different bytes in one export: told once, whatever their order. The content that was known
   * counts where it is among them.
   */
  #takePair(known: SeenEntry, kept: SeenEntry): void {
    if (kept.digest === known.digest) this.#changed.delete(known.key)
    if (!known.pairTold) this.#changed.add(known.key)
    this.#put.set(known.key, { ...kept, pairTold: true })
  }

  #takeRepeated(id: string, crc: number): void {
    this.#repeated += 1
    const filtered = this.#filtered.get(id)
    const first = filtered?.crc ?? this.#fresh.crcAt(this.#fresh.indexOf(id))
    if (first === crc) return
    if (filtered === undefined) this.#fresh.pairTold.add(id)
    else this.#filtered.set(id, { ...filtered, pairTold: true })
    this.#changed.add(id)
  }

  #takePoison(
    element: ExportElement,
    crc: number,
    { reason, detail, id = element.id }: PoisonedElement,
  ): void {
    const sha256 = element.oversize?.sha256 ?? sha256Of(element.bytes)
    const key = poisonKey(sha256)
    // The id of a published event with a body that is none now: the event is still in the window.
    const idSlot = id === undefined ? -1 : this.#seen.slotOf(id)
    if (idSlot >= 0) this.#poisonedSlots.push(idSlot)
    const slot = this.#seen.slotOf(key)
    if (slot >= 0) {
      if (this.#present[slot] === 1) {
        this.#repeated += 1
      } else {
        this.#present[slot] = 1
        this.#alreadySeen += 1
      }
      return
    }
    if (this.#poison.has(key)) {
      this.#repeated += 1
      return
    }
    const kept = element.bytes.subarray(0, POISON_BYTES_LIMIT)
    const spoolOffset = this.#options.spool.append(kept)
    const length = element.oversize?.length ?? element.bytes.length
    this.#poison.set(key, { reason, detail, sha256, length, crc, spoolOffset, spoolLength: kept.length })
  }

  #markPresent(slot: number): void {
    this.#present[slot] = 1
    this.#alreadySeen += 1
    const firstSeenSeconds = this.#seen.firstSeenSecondsAt(slot)
    if (!this.#sharesSeenId)
      this.#sharesSeenId = this.#seen.createdAtMsAt(slot) < (firstSeenSeconds + 1) * 1000
  }

  #forgetDigestsOfAbsent(): void {
    for (let slot = 0; slot < this.#present.length; slot++) {
      const key = this.#seen.keyAt(slot)
      if (key === undefined || this.#present[slot] === 1) continue
      this.#put.set(key, { ...this.#seen.entryAt(slot), digest: 0 })
    }
  }

  /** Of an event that was not seen before; one that is dated ahead proves nothing. */
  #widenNew(createdAtMs: number): void {
    this.#widen(createdAtMs)
    if (createdAtMs <= this.#receivedAtMs) this.#newestNew = Math.max(this.#newestNew, createdAtMs)
  }

  #widen(createdAtMs: number): void {
    if (createdAtMs < this.#oldest) this.#oldest = createdAtMs
    if (createdAtMs > this.#newest) this.#newest = createdAtMs
  }
}
