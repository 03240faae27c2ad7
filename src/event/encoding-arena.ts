import type avsc from 'avsc'

const SLAB_BYTES = 256 * 1024
const EMPTY = Buffer.alloc(0)

/**
 * Memory for the values of one batch, used again for the next but one: without it a backfill leaves some 200 MB of
 * buffers behind, which the garbage collector is slow to see, since they do not lie in its heap.
 */
export class EncodingArena {
  readonly #slabs: Buffer[] = []
  #current = -1
  #used = 0

  /** Everything that was encoded here may be overwritten from now on. */
  reset(): void {
    this.#current = this.#slabs.length > 0 ? 0 : -1
    this.#used = 0
  }

  /** The header and the record's Avro body side by side in this arena; a large value gets memory of its own. */
  encode(type: avsc.Type, header: Buffer, record: object): Buffer {
    for (;;) {
      const slab = this.#slabs[this.#current]
      if (slab !== undefined && slab.length - this.#used >= header.length) {
        const start = this.#used
        const end = type.encode(record, slab, start + header.length)
        if (end >= 0) {
          slab.set(header, start)
          this.#used = end
          return slab.subarray(start, end)
        }
        // avsc says by a negative number how many bytes were missing.
        if (slab.length - start - end > SLAB_BYTES / 4) return encodeAlone(type, header, record)
      }
      this.#nextSlab()
    }
  }

  #nextSlab(): void {
    this.#current += 1
    this.#used = 0
    if (this.#current === this.#slabs.length) this.#slabs.push(Buffer.allocUnsafeSlow(SLAB_BYTES))
  }
}

/** The same in a buffer of its own. */
export function encodeAlone(type: avsc.Type, header: Buffer, record: object): Buffer {
  const length = -type.encode(record, EMPTY, 0)
  const value = Buffer.allocUnsafeSlow(header.length + length)
  value.set(header)
  type.encode(record, value, header.length)
  return value
}
