/** Up to this length a loop over the characters is faster than a call into the engine. */
const SHORT_TEXT = 48
const MAX_VARINT_BYTES = 10

/** Wire types of https://protobuf.dev/programming-guides/encoding/. */
export const VARINT = 0
export const FIXED_64 = 1
export const DELIMITED = 2

/** The byte before a field; all fields here have numbers below 16. */
export function tag(field: number, wireType: number): number {
  return (field << 3) | wireType
}

export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++
  return length
}

/** Protobuf's wire format into one growing buffer. Lengths and counts are below 2^32. */
export class ProtobufWriter {
  position = 0
  #buffer: Buffer

  /** `memory` is overwritten, and replaced by more when it is full. */
  constructor(memory: Buffer) {
    this.#buffer = memory
  }

  /** A view of what was written. */
  view(start: number, end: number): Buffer {
    return this.#buffer.subarray(start, end)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.position++] = value
  }

  varint(value: number): void {
    this.#reserve(MAX_VARINT_BYTES)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.position++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.position++] = rest
  }

  /** An int64: ten bytes when it is negative. */
  int64(value: number): void {
    if (value >= 0) {
      this.varint(value)
      return
    }
    this.#reserve(MAX_VARINT_BYTES)
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest >= 0x80n; rest >>= 7n) this.#buffer[this.position++] = Number(rest & 0x7fn) | 0x80
    this.#buffer[this.position++] = Number(rest)
  }

  fixed64(value: bigint): void {
    this.#reserve(8)
    this.position = this.#buffer.writeBigUInt64LE(value, this.position)
  }

  double(value: number): void {
    this.#reserve(8)
    this.position = this.#buffer.writeDoubleLE(value, this.position)
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.position)
    this.position += bytes.length
  }

  /** The UTF-8 of a text, whose length the caller has from {@link utf8Length}. A lone surrogate becomes U+FFFD. */
  text(text: string, utf8Bytes: number): void {
    this.#reserve(utf8Bytes)
    const isAscii = utf8Bytes === text.length
    if (isAscii && utf8Bytes <= SHORT_TEXT) {
      const buffer = this.#buffer
      let position = this.position
      for (let i = 0; i < utf8Bytes; i++) buffer[position++] = text.charCodeAt(i)
      this.position = position
    } else {
      this.position += this.#buffer.write(text, this.position, utf8Bytes, isAscii ? 'latin1' : 'utf8')
    }
  }

  /** Leaves `reserved` bytes for a length and returns where what it measures starts. */
  begin(reserved: number): number {
    this.#reserve(reserved)
    this.position += reserved
    return this.position
  }

  /** Fills in the length of all that was written since `begin`, moving it where the length takes other room. */
  end(start: number, reserved: number): void {
    const length = this.position - start
    const needed = varintLength(length)
    // Before going back: growing keeps only what stands before the position.
    this.#reserve(MAX_VARINT_BYTES)
    if (needed !== reserved) this.#buffer.copyWithin(start + needed - reserved, start, this.position)
    this.position = start - reserved
    this.varint(length)
    this.position += length
  }

  #reserve(bytes: number): void {
    if (this.position + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.position + bytes, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.position)
    this.#buffer = grown
  }
}

export function utf8Length(text: string): number {
  const length = text.length
  if (length > SHORT_TEXT) return Buffer.byteLength(text)
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text)
  }
  return length
}
