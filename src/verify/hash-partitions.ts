import type { Spool } from '../ports.ts'

/** Every entry begins with the key by which entries are put together. */
export const KEY_BYTES = 16

const PARTITIONS = 128
const BLOCK_BYTES = 32 * 1024

/**
 * Finds entries of the same key among any number of them, in memory that does not grow with their number but for a
 * hundredth: entries are spread by a hash of their key over partitions in a spool, and then one partition at a time is
 * read back. This is the first step of a hash join that does not fit into memory.
 */
export class HashPartitions {
  readonly #spool: Pick<Spool, 'append' | 'read'>
  readonly #entryBytes: number
  readonly #blockEntries: number
  readonly #partitions: { block: Buffer | undefined; used: number; readonly offsets: number[] }[]

  /** All entries have the same length. The spool may hold other things too. */
  constructor(spool: Pick<Spool, 'append' | 'read'>, entryBytes: number) {
    this.#spool = spool
    this.#entryBytes = entryBytes
    this.#blockEntries = Math.floor(BLOCK_BYTES / entryBytes)
    this.#partitions = Array.from({ length: PARTITIONS }, () => ({ block: undefined, used: 0, offsets: [] }))
  }

  /** Copies the entry. */
  add(entry: Buffer): void {
    const partition = this.#partitions[hashOf(entry, 0) >>> 25]!
    const blockBytes = this.#blockEntries * this.#entryBytes
    if (partition.block === undefined) partition.block = Buffer.allocUnsafeSlow(blockBytes)
    partition.block.set(entry, partition.used)
    partition.used += this.#entryBytes
    if (partition.used < blockBytes) return
    partition.offsets.push(this.#spool.append(partition.block))
    partition.used = 0
  }

  /**
   * The entries of each key that has at least `least`, in the order in which they were added. They may be used until the
   * next step only. More may be added afterwards, and all be gone through again.
   */
  *groups(least = 1): Generator<readonly Buffer[], void, undefined> {
    for (let number = 0; number < PARTITIONS; number++) yield* this.#groupsOf(this.#read(number), least)
  }

  *#groupsOf(entries: Buffer, least: number): Generator<readonly Buffer[], void, undefined> {
    const size = this.#entryBytes
    const count = entries.length / size
    if (count < least || count === 0) return
    // A table with open addressing: the last entry of each key, and from each entry to the one before it.
    const slots = new Int32Array(2 ** Math.ceil(Math.log2(count * 2))).fill(-1)
    const previous = new Int32Array(count)
    for (let index = 0; index < count; index++) {
      let slot = hashOf(entries, index * size) & (slots.length - 1)
      while (slots[slot]! >= 0 && !sameKey(entries, slots[slot]! * size, index * size)) {
        slot = (slot + 1) & (slots.length - 1)
      }
      previous[index] = slots[slot]!
      slots[slot] = index
    }
    for (const last of slots) {
      if (last < 0) continue
      const group: Buffer[] = []
      for (let index = last; index >= 0; index = previous[index]!) {
        group.push(entries.subarray(index * size, (index + 1) * size))
      }
      if (group.length >= least) yield group.reverse()
    }
  }

  #read(number: number): Buffer {
    const { block, used, offsets } = this.#partitions[number]!
    const blockBytes = this.#blockEntries * this.#entryBytes
    const entries = Buffer.allocUnsafe(offsets.length * blockBytes + used)
    let at = 0
    for (const offset of offsets) {
      entries.set(this.#spool.read(offset, blockBytes), at)
      at += blockBytes
    }
    if (block !== undefined) entries.set(block.subarray(0, used), at)
    return entries
  }
}

/** 32 bits, all of which depend on all of the key. */
function hashOf(entries: Buffer, at: number): number {
  let mixed = 0
  for (let word = at; word < at + KEY_BYTES; word += 4) {
    mixed = Math.imul(mixed ^ entries.readInt32LE(word), 0x85ebca6b)
    mixed ^= mixed >>> 15
  }
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function sameKey(entries: Buffer, left: number, right: number): boolean {
  return entries.compare(entries, left, left + KEY_BYTES, right, right + KEY_BYTES) === 0
}
