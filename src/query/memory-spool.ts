import type { Spool } from '../event/export.ts'

/** A spool for what ends up in memory anyway. */
export function createMemorySpool(): Spool {
  const pieces = new Map<number, Buffer>()
  let end = 0
  return {
    append(bytes) {
      const offset = end
      pieces.set(offset, Buffer.from(bytes))
      // At least one, so that each piece has a place of its own.
      end += Math.max(1, bytes.length)
      return offset
    },
    read(offset, length) {
      const piece = pieces.get(offset)
      if (piece?.length !== length) throw new RangeError(`no piece of ${length} bytes begins at ${offset}`)
      return piece
    },
    dispose: () => pieces.clear(),
  }
}
