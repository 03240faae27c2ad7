import { ConnectorError } from '../errors.ts'
import type { TextRange } from '../event/export.ts'
import type { ExportElement } from '../ports.ts'
import { ElementBuffer, MAX_ELEMENT_BYTES } from './element-buffer.ts'
import { isNumberComplete, NUMBER_NEXT, NUMBER_START } from './json-number.ts'

/** A body that nests deeper is refused. Readers of an element must not recurse by nesting: 100,000 levels are legal. */
export const MAX_NESTING = 1_000_000
/** A longer `_id` or `type` is no event's (see ExportElement: undefined, then parse). */
export const MAX_NAME_BYTES = 255

// What may come next.
const START = 0
const BOM_2 = 1
const BOM_3 = 2
const BEFORE_ARRAY = 3
const VALUE = 4
const VALUE_OR_END = 5
const KEY = 6
const KEY_OR_END = 7
const COLON = 8
const COMMA_OR_END = 9
const STRING = 10
const ESCAPE = 11
const HEX_DIGIT = 12
const NUMBER = 13
const LITERAL = 14
const AFTER_ARRAY = 15

const EXPECTED = [
  'an array',
  'a byte order mark',
  'a byte order mark',
  'an array',
  'a value',
  "a value or ']'",
  'a key',
  "a key or '}'",
  "':'",
  "',' or the closing bracket",
  'a string without control characters',
  'an escape sequence',
  'a hexadecimal digit',
  'a number',
  'true, false or null',
  'nothing but white space after the array',
]

// What a string is to us.
const OTHER_STRING = 0
const TOP_LEVEL_KEY = 1
const ID_VALUE = 2
const TYPE_VALUE = 3
const CREATED_AT_VALUE = 4

interface NotedMember {
  readonly name: string
  readonly bytes: Buffer
  /** What the value's string is then to us. */
  readonly role: number
}

/** The members whose values are noted, by the length of their names. */
const NOTED_MEMBERS: (NotedMember | undefined)[] = new Array(10).fill(undefined)
for (const [name, role] of [
  ['_id', ID_VALUE],
  ['type', TYPE_VALUE],
  ['createdAt', CREATED_AT_VALUE],
] as const) {
  NOTED_MEMBERS[name.length] = { name, bytes: Buffer.from(name), role }
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON_BYTE = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const LETTER_U = 0x75

const LITERALS = new Map(['true', 'false', 'null'].map(text => [text.charCodeAt(0), Buffer.from(text)]))
const ESCAPES = new Set(Buffer.from('"\\/bfnrt'))

/** 1 for the bytes at which the run through a string stops: the quote, the backslash, control characters. */
const STOPS_STRING = new Uint8Array(256).fill(1, 0, 0x20)
STOPS_STRING[QUOTE] = 1
STOPS_STRING[BACKSLASH] = 1

/**
 * Finds the elements of one JSON array in bytes that come in any pieces, checks the whole against the grammar of
 * RFC 8259 (but not that strings are UTF-8, which is the reader's to decide for each element), and notes each element's
 * `_id` in passing, and where `type` and `createdAt` stand.
 *
 * Broken bodies throw `HUB_BODY_BROKEN` with the place but without the content, which may be anybody's data.
 */
export class JsonArraySplitter {
  readonly #elementBuffer = new ElementBuffer()
  #state = START
  /** Open brackets; the array itself is 1. */
  #depth = 0
  /** For each open bracket, 1 when it is an object's. */
  #brackets = new Uint8Array(64)
  #numberState = 0
  #literal: Buffer = Buffer.alloc(0)
  /** Hexadecimal digits of an escape, or bytes of a literal, that were seen. */
  #seen = 0
  #isKey = false
  #stringRole = OTHER_STRING
  #hasEscape = false
  /** The beginning of a top-level key or a noted value that came with an earlier chunk. */
  #stringHead = ''
  /** What a string is to us if it is the value that comes next. */
  #valueRole = OTHER_STRING
  #id: string | undefined
  #type: TextRange | undefined
  #createdAt: TextRange | undefined
  /** A top-level key is written with an escape: it may be any. */
  #keysHidden = false
  /** An element began in an earlier chunk. */
  #elementOpen = false
  #elementCount = 0
  #bytesBefore = 0

  /** The elements that end in this chunk. Their bytes may be used until the next call only. */
  write(chunk: Buffer): ExportElement[] {
    const elements: ExportElement[] = []
    const length = chunk.length
    const words = new DataView(chunk.buffer, chunk.byteOffset, length)
    let state = this.#state
    let depth = this.#depth
    let brackets = this.#brackets
    let elementStart = this.#elementOpen ? 0 : -1
    // Where the content of the present string begins, once it is one that matters.
    let stringStart = 0
    let i = 0

    while (i < length) {
      let byte = chunk[i]!

      if (state === STRING) {
        i = endOfPlainText(chunk, words, i)
        if (i === length) break
        byte = chunk[i++]!
        if (byte === QUOTE) {
          if (this.#stringRole !== OTHER_STRING) this.#endString(chunk, stringStart, i - 1, elementStart)
          if (this.#isKey) {
            state = COLON
            // Most strings are followed by `:"` or `,"`: to go on at once saves a quarter of the whole scan.
            if (i + 1 < length && chunk[i] === COLON_BYTE && chunk[i + 1] === QUOTE) {
              this.#beginValueString(this.#valueRole)
              this.#valueRole = OTHER_STRING
              i += 2
              stringStart = i
              state = STRING
            }
          } else {
            state = COMMA_OR_END
            if (depth === 1) {
              elements.push(this.#endElement(chunk, elementStart, i))
              elementStart = -1
            } else if (i + 1 < length && chunk[i] === COMMA && chunk[i + 1] === QUOTE) {
              if (brackets[depth - 1] === 1) this.#beginKey(depth)
              else this.#beginValueString(OTHER_STRING)
              i += 2
              stringStart = i
              state = STRING
            }
          }
        } else if (byte === BACKSLASH) {
          this.#hasEscape = true
          state = ESCAPE
        } else {
          this.#fail(state, byte, i - 1)
        }
        continue
      }

      // Numbers end where something else begins, so they come before white space.
      if (state === NUMBER) {
        const next = NUMBER_NEXT[this.#numberState * 256 + byte]!
        if (next !== 0) {
          this.#numberState = next
          i++
          continue
        }
        if (!isNumberComplete(this.#numberState)) this.#fail(state, byte, i)
        state = COMMA_OR_END
        if (depth === 1) {
          elements.push(this.#endElement(chunk, elementStart, i))
          elementStart = -1
        }
      }

      if (byte <= 0x20 && isSpace(byte) && allowsSpace(state)) {
        i++
        continue
      }

      switch (state) {
        case COMMA_OR_END: {
          const inObject = brackets[depth - 1] === 1
          if (byte === COMMA) {
            state = inObject ? KEY : VALUE
          } else if (byte === (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
            depth--
          } else {
            this.#fail(state, byte, i)
          }
          break
        }
        case COLON:
          if (byte !== COLON_BYTE) this.#fail(state, byte, i)
          state = VALUE
          break
        case KEY:
        case KEY_OR_END:
          if (byte === QUOTE) {
            this.#beginKey(depth)
            stringStart = i + 1
            state = STRING
          } else if (byte === CLOSE_OBJECT && state === KEY_OR_END) {
            depth--
            state = COMMA_OR_END
          } else {
            this.#fail(state, byte, i)
          }
          break
        case VALUE:
        case VALUE_OR_END: {
          if (byte === CLOSE_ARRAY && state === VALUE_OR_END) {
            depth--
            state = COMMA_OR_END
            break
          }
          if (depth === 1) {
            elementStart = i
            this.#id = this.#type = this.#createdAt = undefined
            this.#keysHidden = false
          }
          const valueRole = this.#valueRole
          this.#valueRole = OTHER_STRING
          if (byte === QUOTE) {
            this.#beginValueString(valueRole)
            stringStart = i + 1
            state = STRING
          } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
            if (depth === MAX_NESTING) this.#broken(`brackets nest deeper than ${MAX_NESTING}`, i)
            if (depth === brackets.length) brackets = this.#growBrackets()
            brackets[depth++] = byte === OPEN_OBJECT ? 1 : 0
            state = byte === OPEN_OBJECT ? KEY_OR_END : VALUE_OR_END
          } else if (NUMBER_NEXT[NUMBER_START * 256 + byte] !== 0) {
            this.#numberState = NUMBER_NEXT[NUMBER_START * 256 + byte]!
            state = NUMBER
          } else {
            this.#literal = LITERALS.get(byte) ?? this.#fail(state, byte, i)
            this.#seen = 1
            state = LITERAL
          }
          break
        }
        case ESCAPE:
          if (byte === LETTER_U) {
            this.#seen = 0
            state = HEX_DIGIT
          } else if (ESCAPES.has(byte)) {
            state = STRING
          } else {
            this.#fail(state, byte, i)
          }
          break
        case HEX_DIGIT:
          if (!isHexDigit(byte)) this.#fail(state, byte, i)
          if (++this.#seen === 4) state = STRING
          break
        case LITERAL:
          if (byte !== this.#literal[this.#seen]) this.#fail(state, byte, i)
          if (++this.#seen === this.#literal.length) state = COMMA_OR_END
          break
        case START:
        case BEFORE_ARRAY:
          if (byte === OPEN_ARRAY) {
            depth = 1
            state = VALUE_OR_END
          } else if (byte === 0xef && state === START && this.#bytesBefore + i === 0) {
            state = BOM_2
          } else {
            this.#fail(state, byte, i)
          }
          break
        case BOM_2:
          if (byte !== 0xbb) this.#fail(state, byte, i)
          state = BOM_3
          break
        case BOM_3:
          if (byte !== 0xbf) this.#fail(state, byte, i)
          state = BEFORE_ARRAY
          break
        default:
          this.#fail(state, byte, i)
      }
      i++

      // A bracket was closed, or a literal came to its end.
      if (state === COMMA_OR_END) {
        if (depth === 1 && elementStart >= 0) {
          elements.push(this.#endElement(chunk, elementStart, i))
          elementStart = -1
        } else if (depth === 0) {
          state = AFTER_ARRAY
        }
      }
    }

    if (isInString(state) && this.#stringRole !== OTHER_STRING) this.#keepStringHead(chunk, stringStart)
    this.#elementOpen = elementStart >= 0
    if (this.#elementOpen) this.#elementBuffer.append(chunk, elementStart, length)
    this.#state = state
    this.#depth = depth
    this.#bytesBefore += length
    return elements
  }

  /** To be called when no more bytes come: throws when the array is not complete. */
  end(): void {
    if (this.#state === AFTER_ARRAY) return
    this.#broken(
      this.#bytesBefore === 0 ? 'it is empty' : `it breaks off where ${EXPECTED[this.#state]} should come`,
      0,
    )
  }

  #beginKey(depth: number): void {
    this.#isKey = true
    this.#hasEscape = false
    this.#stringRole = depth === 2 ? TOP_LEVEL_KEY : OTHER_STRING
  }

  #beginValueString(role: number): void {
    this.#isKey = false
    this.#hasEscape = false
    this.#stringRole = role
  }

  #endString(chunk: Buffer, start: number, end: number, elementStart: number): void {
    const size = this.#stringHead.length + end - start
    if (this.#stringRole === TOP_LEVEL_KEY) {
      if (this.#hasEscape) this.#keysHidden = true
      else this.#beginMember(chunk, start, end, size)
    } else if (!this.#hasEscape && size > 0 && size <= MAX_NAME_BYTES) {
      if (this.#stringRole === ID_VALUE) {
        const id = this.#stringHead + chunk.toString('latin1', start, end)
        if (isAscii(id)) this.#id = id
      } else if (!this.#elementOpen) {
        // An element that came in several chunks is copied together only when it ends: it is parsed instead.
        const range = { start: start - elementStart, end: end - elementStart }
        if (this.#stringRole === TYPE_VALUE) this.#type = range
        else this.#createdAt = range
      }
    }
    this.#stringHead = ''
  }

  /** The last of several values of one key counts, whatever it is. */
  #beginMember(chunk: Buffer, start: number, end: number, size: number): void {
    const member = size < NOTED_MEMBERS.length ? NOTED_MEMBERS[size] : undefined
    if (member === undefined) return
    if (this.#stringHead !== '') {
      if (this.#stringHead + chunk.toString('latin1', start, end) !== member.name) return
    } else {
      for (let at = 0; at < size; at++) if (chunk[start + at] !== member.bytes[at]) return
    }
    this.#valueRole = member.role
    if (member.role === ID_VALUE) this.#id = undefined
    else if (member.role === TYPE_VALUE) this.#type = undefined
    else this.#createdAt = undefined
  }

  #keepStringHead(chunk: Buffer, start: number): void {
    const room = MAX_NAME_BYTES + 1 - this.#stringHead.length
    if (room > 0) this.#stringHead += chunk.toString('latin1', start, Math.min(chunk.length, start + room))
  }

  #endElement(chunk: Buffer, start: number, end: number): ExportElement {
    const hidden = this.#keysHidden
    const id = hidden ? undefined : this.#id
    const type = hidden ? undefined : this.#type
    const createdAt = hidden ? undefined : this.#createdAt
    this.#elementCount++
    if (!this.#elementOpen && end - start <= MAX_ELEMENT_BYTES)
      return { bytes: chunk.subarray(start, end), id, type, createdAt }
    this.#elementBuffer.append(chunk, start, end)
    this.#elementOpen = false
    const { bytes, oversize } = this.#elementBuffer.take()
    const noted = { bytes, id, type, createdAt }
    return oversize === undefined ? noted : { ...noted, oversize }
  }

  #growBrackets(): Uint8Array<ArrayBuffer> {
    const grown = new Uint8Array(this.#brackets.length * 2)
    grown.set(this.#brackets)
    this.#brackets = grown
    return grown
  }

  #fail(state: number, byte: number, index: number): never {
    const found =
      byte > 0x20 && byte < 0x7f
        ? `'${String.fromCharCode(byte)}'`
        : `byte 0x${byte.toString(16).padStart(2, '0')}`
    const hint = state !== START && state !== BEFORE_ARRAY ? '' : hintAt(byte)
    this.#broken(`${found} where ${EXPECTED[state]} should come${hint}`, index)
  }

  #broken(what: string, index: number): never {
    const place = `byte ${this.#bytesBefore + index}, after ${this.#elementCount} whole elements`
    throw new ConnectorError(
      'HUB_BODY_BROKEN',
      `The body is not one complete JSON array: ${what} (${place}).`,
      {
        retryable: true,
      },
    )
  }
}

/**
 * The elements of the array whose bytes come in `chunks`, those of a chunk together; ends when the array was complete
 * and only white space followed. Their bytes may be used until the next step only.
 */
export async function* splitJsonArray(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<ExportElement[], void, void> {
  const splitter = new JsonArraySplitter()
  for await (const chunk of chunks) {
    const elements = splitter.write(chunk)
    if (elements.length > 0) yield elements
  }
  splitter.end()
}

/**
 * The index of the first quote, backslash or control character from `start` on, or the chunk's length. Most bytes of an
 * export are text, so this looks at four at a time: `(w - 0x01…) & ~w & 0x80…` is not zero when a byte of w is zero
 * (https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord), and the like for bytes below 0x20.
 */
function endOfPlainText(chunk: Buffer, words: DataView, start: number): number {
  const length = chunk.length
  let i = start
  for (; i + 4 <= length; i += 4) {
    const word = words.getInt32(i)
    const quotes = word ^ 0x22222222
    const backslashes = word ^ 0x5c5c5c5c
    const stops =
      ((quotes - 0x01010101) & ~quotes) |
      ((backslashes - 0x01010101) & ~backslashes) |
      ((word - 0x20202020) & ~word)
    if ((stops & 0x80808080) !== 0) break
  }
  while (i < length && STOPS_STRING[chunk[i]!] === 0) i++
  return i
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** In the middle of a byte order mark, an escape or a literal white space is as wrong as anything else. */
function allowsSpace(state: number): boolean {
  return state !== BOM_2 && state !== BOM_3 && state !== ESCAPE && state !== HEX_DIGIT && state !== LITERAL
}

function isInString(state: number): boolean {
  return state === STRING || state === ESCAPE || state === HEX_DIGIT
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7e) return false
  return true
}

function hintAt(byte: number): string {
  if (byte === 0x3c) return '; it looks like a web page, of a proxy or a login perhaps'
  if (byte === OPEN_OBJECT) return '; it is a JSON object'
  return ''
}
