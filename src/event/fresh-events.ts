import { grown } from './columns.ts'

/**
 * Where the new events of one export lie in the spool, in columns, with the order in which they are to be published.
 * One event costs its id and some 28 bytes, whatever its size.
 */
export class FreshEvents {
  readonly #indexById = new Map<string, number>()
  readonly #ids: string[] = []
  /** Ids of which this export holds two elements with different content. */
  readonly pairTold = new Set<string>()
  #createdAtMs = new Float64Array(256)
  #offset = new Float64Array(256)
  #length = new Uint32Array(256)
  #crc = new Uint32Array(256)
  #order: Uint32Array | undefined

  get count(): number {
    return this.#ids.length
  }

  /** The place of an id in order of arrival, -1 when it is not here. */
  indexOf(id: string): number {
    return this.#indexById.get(id) ?? -1
  }

  add(event: { id: string; createdAtMs: number; offset: number; length: number; crc: number }): void {
    const index = this.#ids.length
    if (index === this.#offset.length) this.#grow()
    this.#ids.push(event.id)
    this.#indexById.set(event.id, index)
    this.#createdAtMs[index] = event.createdAtMs
    this.#offset[index] = event.offset
    this.#length[index] = event.length
    this.#crc[index] = event.crc
  }

  /** Oldest first: by createdAt in milliseconds, then by `_id` bytewise. Call once, when all are added. */
  sort(): void {
    const times = this.#createdAtMs
    const ids = this.#ids
    this.#order = Uint32Array.from(ids.keys()).sort(
      (a, b) => times[a]! - times[b]! || compareUtf8(ids[a]!, ids[b]!),
    )
  }

  idAt(index: number): string {
    return this.#ids[index]!
  }

  createdAtMsAt(index: number): number {
    return this.#createdAtMs[index]!
  }

  offsetAt(index: number): number {
    return this.#offset[index]!
  }

  lengthAt(index: number): number {
    return this.#length[index]!
  }

  crcAt(index: number): number {
    return this.#crc[index]!
  }

  /** The index of the event that is published `rank`-th, from 0. */
  ranked(rank: number): number {
    if (this.#order === undefined) throw new Error('sort() comes first')
    return this.#order[rank]!
  }

  #grow(): void {
    const length = this.#offset.length * 2
    this.#createdAtMs = grown(new Float64Array(length), this.#createdAtMs)
    this.#offset = grown(new Float64Array(length), this.#offset)
    this.#length = grown(new Uint32Array(length), this.#length)
    this.#crc = grown(new Uint32Array(length), this.#crc)
  }
}

const FIRST_SURROGATE = 0xd800
const LAST_SURROGATE = 0xdfff

/** Compares two well-formed strings as their UTF-8 bytes would compare, without encoding them. */
export function compareUtf8(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA === unitB) continue
    // In UTF-16 a surrogate pair sorts before U+E000 to U+FFFF; in UTF-8, as in code points, after them.
    const pairA = unitA >= FIRST_SURROGATE && unitA <= LAST_SURROGATE
    const pairB = unitB >= FIRST_SURROGATE && unitB <= LAST_SURROGATE
    if (pairA !== pairB) return pairA ? 1 : -1
    return unitA - unitB
  }
  return a.length - b.length
}
