/** Numbers that look random and are the same again for the same seeds. */
export interface Dice {
  /** In [0, 1). */
  next(): number
  /** A whole number, both ends included. */
  between(least: number, most: number): number
  pick<T>(values: readonly T[]): T
  chance(probability: number): boolean
  shuffled<T>(values: readonly T[]): T[]
}

/** Mulberry32, begun from all the seeds. */
export function createDice(...seeds: readonly number[]): Dice {
  let state = seeds.reduce((mixed, seed) => Math.imul(mixed ^ seed, 0x9e3779b1) + 0x85ebca6b, 1) | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick: values => values[between(0, values.length - 1)]!,
    chance: probability => next() < probability,
    shuffled(values) {
      const list = [...values]
      for (let i = list.length - 1; i > 0; i--) {
        const j = between(0, i)
        const held = list[i]!
        list[i] = list[j]!
        list[j] = held
      }
      return list
    },
  }
}
