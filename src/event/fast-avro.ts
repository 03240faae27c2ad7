import { createRequire } from 'node:module'
import avsc from 'avsc'

/*
 * avsc measures every text before it writes it, and writes maps key by key. Most texts of a record are short ASCII, and
 * its tags are nearly always those of the event's type: half of the time of encoding goes there. These two give the same
 * bytes for less. They stand in for avsc's own only where they do give the same (`installFastWriting` tries); with another
 * version of avsc where that fails everything works as before, slower.
 */

/** What avsc writes into, as much of it as is used here. */
interface Tap {
  buf: Buffer
  pos: number
  writeString(text: string): void
  writeFixed(bytes: Buffer, length: number): void
}

/** Up to this length a text's length takes one byte, and a loop is faster than a call. */
const SHORT = 63

/** Lets avsc write short ASCII texts and known maps faster, from now on and for every type. Returns whether it does. */
export function installFastWriting(): boolean {
  installed ??= install()
  return installed
}
let installed: boolean | undefined

function install(): boolean {
  try {
    const require = createRequire(import.meta.url)
    const { Tap } = require('avsc/lib/utils') as { Tap: new (buffer: Buffer, at: number) => Tap }
    const original = Tap.prototype.writeString as (this: Tap, text: string) => void
    const fast = fastWriteString(original)
    const written = (write: (this: Tap, text: string) => void, text: string, size: number) => {
      const tap = new Tap(Buffer.alloc(size), 1)
      write.call(tap, text)
      return { pos: tap.pos, bytes: tap.pos <= size ? tap.buf : undefined }
    }
    const same = ['', 'short', 'é', 'ascii then é', '𝕏', 'x'.repeat(SHORT), 'x'.repeat(SHORT + 1)].every(
      text =>
        [0, 3, 64, 65, 200].every(size => {
          const [ours, theirs] = [written(fast, text, size), written(original, text, size)]
          return ours.pos === theirs.pos && (ours.bytes?.equals(theirs.bytes!) ?? theirs.bytes === undefined)
        }),
    )
    const maps = avsc.types.MapType.prototype as unknown as { _write(tap: Tap, value: unknown): void }
    if (!same || typeof maps._write !== 'function') return false
    Tap.prototype.writeString = fast
    maps._write = knownMapWriter(maps._write)
    return true
  } catch {
    return false
  }
}

function fastWriteString(original: (this: Tap, text: string) => void) {
  return function writeString(this: Tap, text: string): void {
    const { length } = text
    const { buf, pos } = this
    if (length > SHORT || pos + length >= buf.length) {
      original.call(this, text)
      return
    }
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit >= 0x80) {
        original.call(this, text)
        return
      }
      buf[pos + 1 + index] = unit
    }
    buf[pos] = length << 1
    this.pos = pos + 1 + length
  }
}

/** Bytes of maps that come again and again as the same object, which must not change. */
const encodedMaps = new WeakMap<object, Buffer>()

/** A map of texts, as avsc knows its type. */
interface MapOfTexts {
  readonly valuesType: { readonly typeName: string }
}

/** Writes what {@link rememberMap} was told of as it was written before. */
function knownMapWriter(original: (this: MapOfTexts, tap: Tap, value: unknown) => void) {
  return function writeMap(this: MapOfTexts, tap: Tap, value: unknown): void {
    const bytes = typeof value === 'object' && value !== null ? encodedMaps.get(value) : undefined
    if (bytes === undefined || this.valuesType.typeName !== 'string') original.call(this, tap, value)
    else tap.writeFixed(bytes, bytes.length)
  }
}

/** `map` is frozen here, all its texts are well-formed, and `bytes` is what its type makes of it. */
export function rememberMap(map: object, bytes: Buffer): void {
  encodedMaps.set(Object.freeze(map), bytes)
}

export function isRememberedMap(map: object): boolean {
  return encodedMaps.has(map)
}
