import type { SeenEntry } from '../event/checkpoint.ts'
import type { SeenEvents } from '../event/seen-events.ts'

const SEGMENT_ENTRIES = 1_000
const MERGE_BELOW = SEGMENT_ENTRIES / 4

/** A segment's new entries; an empty list is a tombstone. */
export interface SegmentChange {
  readonly number: number
  readonly entries: readonly SeenEntry[]
}

/**
 * Which segment of the compacted topic holds which entry of a {@link SeenEvents}. New entries go to the open segment,
 * the one with the highest number, until it is full; a change rewrites the segment it falls in; what is left of a full
 * one that lost three quarters moves to the open one. So a poll writes about what it changed, whatever the window.
 */
export class SegmentLayout {
  /** Slots of each segment's entries, in no order. */
  readonly #slots = new Map<number, number[]>()
  readonly #segmentOfSlot: number[] = []
  #open = 0

  get numbers(): IterableIterator<number> {
    return this.#slots.keys()
  }

  /** A segment as it was read; its entries are put into `seen`. */
  load(number: number, entries: readonly SeenEntry[], seen: SeenEvents): void {
    this.#open = Math.max(this.#open, number)
    for (const entry of entries) this.#place(number, seen.put(entry))
  }

  /** Puts and removes the entries in `seen`; returns the segments to write. */
  apply(seen: SeenEvents, put: readonly SeenEntry[], remove: readonly string[]): SegmentChange[] {
    const dirty = new Set<number>()
    for (const key of remove) {
      const slot = seen.slotOf(key)
      if (slot < 0) continue
      dirty.add(this.#take(slot))
      seen.remove(key)
    }
    for (const entry of put) {
      const known = seen.slotOf(entry.key)
      const slot = seen.put(entry)
      dirty.add(known < 0 ? this.#append(slot) : this.#segmentOfSlot[slot]!)
    }
    for (const number of [...dirty]) {
      const slots = this.#slots.get(number)
      if (number === this.#open || slots === undefined || slots.length >= MERGE_BELOW) continue
      for (const slot of [...slots]) {
        this.#take(slot)
        dirty.add(this.#append(slot))
      }
    }
    return [...dirty]
      .sort((left, right) => left - right)
      .map(number => ({
        number,
        entries: (this.#slots.get(number) ?? []).map(slot => seen.entryAt(slot)),
      }))
  }

  #append(slot: number): number {
    if ((this.#slots.get(this.#open)?.length ?? 0) >= SEGMENT_ENTRIES) this.#open++
    this.#place(this.#open, slot)
    return this.#open
  }

  #place(number: number, slot: number): void {
    const slots = this.#slots.get(number)
    if (slots === undefined) this.#slots.set(number, [slot])
    else slots.push(slot)
    this.#segmentOfSlot[slot] = number
  }

  #take(slot: number): number {
    const number = this.#segmentOfSlot[slot]!
    const slots = this.#slots.get(number)!
    const last = slots.pop()!
    if (last !== slot) slots[slots.indexOf(slot)] = last
    if (slots.length === 0) this.#slots.delete(number)
    return number
  }
}
