import type { SeenEntry, SeenState } from './checkpoint.ts'
import { grown } from './columns.ts'

const STATES: readonly SeenState[] = ['published', 'filtered', 'dead-lettered']

/**
 * The ids that were seen, with what is remembered of each, in columns: 100,000 entries take about 15 MB, where as
 * many objects would take three times that. A slot is the place of an entry and stays its place until it is removed;
 * freed slots are used again.
 */
export class SeenEvents {
  readonly #slots = new Map<string, number>()
  readonly #free: number[] = []
  #keys: (string | undefined)[] = []
  #crc = new Uint32Array(64)
  #digest = new Float64Array(64)
  #createdAtMs = new Float64Array(64)
  #firstSeenSeconds = new Uint32Array(64)
  #absentSinceSeconds = new Uint32Array(64)
  /** Two bits of state, two bits of `missed`, one of `pairTold`. */
  #flags = new Uint8Array(64)

  get size(): number {
    return this.#slots.size
  }

  /** One more than the highest slot in use: how long an array by slot must be. */
  get slotCount(): number {
    return this.#keys.length
  }

  /** The slot of a key, -1 when it was not seen. */
  slotOf(key: string): number {
    return this.#slots.get(key) ?? -1
  }

  crcAt(slot: number): number {
    return this.#crc[slot]!
  }

  createdAtMsAt(slot: number): number {
    return this.#createdAtMs[slot]!
  }

  absentSinceSecondsAt(slot: number): number {
    return this.#absentSinceSeconds[slot]!
  }

  firstSeenSecondsAt(slot: number): number {
    return this.#firstSeenSeconds[slot]!
  }

  missedAt(slot: number): number {
    return (this.#flags[slot]! >> 2) & 3
  }

  stateAt(slot: number): SeenState {
    return STATES[this.#flags[slot]! & 3]!
  }

  /** The key at a slot, undefined for a free one. */
  keyAt(slot: number): string | undefined {
    return this.#keys[slot]
  }

  entryAt(slot: number): SeenEntry {
    const key = this.#keys[slot]
    if (key === undefined) throw new RangeError(`no entry at slot ${slot}`)
    const flags = this.#flags[slot]!
    return {
      key,
      crc: this.#crc[slot]!,
      digest: this.#digest[slot]!,
      createdAtMs: this.#createdAtMs[slot]!,
      firstSeenSeconds: this.#firstSeenSeconds[slot]!,
      state: STATES[flags & 3]!,
      missed: (flags >> 2) & 3,
      pairTold: (flags & 16) !== 0,
      absentSinceSeconds: this.#absentSinceSeconds[slot]!,
    }
  }

  get(key: string): SeenEntry | undefined {
    const slot = this.slotOf(key)
    return slot < 0 ? undefined : this.entryAt(slot)
  }

  /** Adds an entry, or replaces that of the same key. Returns its slot. */
  put(entry: SeenEntry): number {
    let slot = this.slotOf(entry.key)
    if (slot < 0) {
      slot = this.#free.pop() ?? this.#keys.length
      if (slot >= this.#crc.length) this.#grow()
      this.#keys[slot] = entry.key
      this.#slots.set(entry.key, slot)
    }
    this.#crc[slot] = entry.crc
    this.#digest[slot] = entry.digest
    this.#createdAtMs[slot] = entry.createdAtMs
    this.#absentSinceSeconds[slot] = entry.absentSinceSeconds
    this.#firstSeenSeconds[slot] = entry.firstSeenSeconds
    this.#flags[slot] = STATES.indexOf(entry.state) | (entry.missed << 2) | (entry.pairTold ? 16 : 0)
    return slot
  }

  /** Forgets a key; false when it was not there. */
  remove(key: string): boolean {
    const slot = this.slotOf(key)
    if (slot < 0) return false
    this.#slots.delete(key)
    this.#keys[slot] = undefined
    this.#free.push(slot)
    return true
  }

  /** Every entry, in the order in which the keys were added. */
  *entries(): IterableIterator<SeenEntry> {
    for (const slot of this.#slots.values()) yield this.entryAt(slot)
  }

  #grow(): void {
    const length = this.#crc.length * 2
    this.#crc = grown(new Uint32Array(length), this.#crc)
    this.#digest = grown(new Float64Array(length), this.#digest)
    this.#createdAtMs = grown(new Float64Array(length), this.#createdAtMs)
    this.#firstSeenSeconds = grown(new Uint32Array(length), this.#firstSeenSeconds)
    this.#absentSinceSeconds = grown(new Uint32Array(length), this.#absentSinceSeconds)
    this.#flags = grown(new Uint8Array(length), this.#flags)
  }
}
