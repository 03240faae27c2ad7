export interface Random {
  /** A whole number from 0 to below that. */
  below(limit: number): number
  shuffle(list: unknown[]): void
}

/** The same numbers for the same seed: mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed | 0
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
  return {
    below,
    shuffle(list) {
      for (let at = list.length - 1; at > 0; at--) {
        const other = below(at + 1)
        ;[list[at], list[other]] = [list[other], list[at]]
      }
    },
  }
}
