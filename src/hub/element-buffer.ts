import { createHash, type Hash } from 'node:crypto'

/** A longer element is not kept: no event of the Hub comes near it, and memory must have a bound. */
export const MAX_ELEMENT_BYTES = 32 * 1024 * 1024
/** How much of a longer element is kept. */
export const KEPT_OVERSIZE_BYTES = 512 * 1024

const INITIAL_BYTES = 64 * 1024
/** A buffer that grew beyond this for one element is given back after it. */
const RETAINED_BYTES = 1024 * 1024

export interface ElementBytes {
  /** A view of a buffer: valid until the second `take` after this one. */
  readonly bytes: Buffer
  readonly oversize: { readonly length: number; readonly sha256: Buffer } | undefined
}

/**
 * Joins an element from pieces. It grows by doubling, so that an element that arrives in thousands of pieces costs no
 * more than twice its length, and keeps only a head and a hash of one that is longer than {@link MAX_ELEMENT_BYTES}.
 */
export class ElementBuffer {
  #buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  /** Holds what was taken last while the next element is gathered. */
  #other = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #length = 0
  #hash: Hash | undefined

  append(chunk: Buffer, start: number, end: number): void {
    const length = this.#length + end - start
    if (this.#hash === undefined && length > MAX_ELEMENT_BYTES) {
      const held = this.#buffer.subarray(0, this.#length)
      this.#hash = createHash('sha256').update(held)
      const head = Buffer.allocUnsafeSlow(KEPT_OVERSIZE_BYTES)
      held.copy(head)
      this.#buffer = head
    }
    if (this.#hash === undefined) {
      this.#reserve(length)
      chunk.copy(this.#buffer, this.#length, start, end)
    } else {
      this.#hash.update(chunk.subarray(start, end))
      if (this.#length < KEPT_OVERSIZE_BYTES) chunk.copy(this.#buffer, this.#length, start, end)
    }
    this.#length = length
  }

  /** What was appended since the last `take`. */
  take(): ElementBytes {
    const length = this.#length
    const oversize = this.#hash && { length, sha256: this.#hash.digest() }
    const bytes = this.#buffer.subarray(0, Math.min(length, this.#buffer.length))
    if (oversize !== undefined || this.#buffer.length > RETAINED_BYTES) {
      this.#buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
    } else {
      const taken = this.#buffer
      this.#buffer = this.#other
      this.#other = taken
    }
    this.#length = 0
    this.#hash = undefined
    return { bytes, oversize }
  }

  #reserve(length: number): void {
    if (length <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(length, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
