/** The 32-bit finalizer of MurmurHash3: a bijection, so that different inputs give different outputs. */
export function mix32(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** 32 bits that depend on every character of a text (FNV-1a over UTF-16 units, then mixed). */
export function hashText(text: string, seed: number): number {
  let h = mix32(seed ^ 0x811c9dc5)
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix32(h)
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Eight lower-case hexadecimal digits. */
export function hex32(value: number): string {
  return HEX[value >>> 24]! + HEX[(value >>> 16) & 255]! + HEX[(value >>> 8) & 255]! + HEX[value & 255]!
}

/** 24 lower-case hexadecimal digits, the form of the Hub's ids, that depend on the text alone. */
export function objectId(text: string): string {
  return [1, 2, 3].map(seed => hex32(hashText(text, seed))).join('')
}

/** Puts the numbers in an order that depends on the seed alone (Fisher-Yates). */
export function shuffleInPlace(values: Float64Array, seed: number): void {
  let state = mix32(seed)
  for (let i = values.length - 1; i > 0; i -= 1) {
    state = (state + 0x9e3779b9) | 0
    const j = mix32(state) % (i + 1)
    const held = values[i]!
    values[i] = values[j]!
    values[j] = held
  }
}
