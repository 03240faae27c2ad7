/** 64 bits of a hash under way, in two lanes of 32 that never mix before the end. Not cryptographic. */
export interface HashState {
  high: number
  low: number
}

export function beginHash(): HashState {
  return { high: 0x243f6a88, low: 0x85a308d3 | 0 }
}

/** A number of 32 bits. */
export function hashWord(state: HashState, word: number): void {
  const high = Math.imul(state.high ^ word, 0xcc9e2d51)
  const low = Math.imul(state.low ^ word, 0x1b873593)
  state.high = (high << 15) | (high >>> 17)
  state.low = (low << 13) | (low >>> 19)
}

/** A text's length, then its UTF-16 units, two at a time. Every step can be undone: no single difference is lost. */
export function hashText(state: HashState, text: string): void {
  const { length } = text
  hashWord(state, length)
  let { high, low } = state
  for (let at = 0; at < length; at += 2) {
    const word = text.charCodeAt(at) | (at + 1 < length ? text.charCodeAt(at + 1) << 16 : 0)
    high = Math.imul(high ^ word, 0xcc9e2d51)
    low = Math.imul(low ^ word, 0x1b873593)
    high = (high << 15) | (high >>> 17)
    low = (low << 13) | (low >>> 19)
  }
  state.high = high
  state.low = low
}

/** Mixes both lanes so that every bit of either depends on all bits: the finalizer of MurmurHash3. */
export function finishHash(state: HashState): void {
  const high = mix(state.high ^ Math.imul(state.low, 0x9e3779b1))
  state.high = high
  state.low = mix(state.low ^ high)
}

function mix(word: number): number {
  let mixed = word
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
