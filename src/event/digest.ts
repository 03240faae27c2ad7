import { canonicalDecimal } from './decimal.ts'
import { quoteNumbers } from './exact-json.ts'
import { parseJson } from './parse-json.ts'
import { beginHash, finishHash, type HashState, hashText, hashWord } from './text-hash.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** Members of these that the Hub rewrites in events long past: they say nothing of the event. */
const REWRITTEN: ReadonlyMap<string, readonly string[]> = new Map([
  ['author', ['deleted', 'avatarUrl', 'user']],
  ['token', ['deleted']],
])
const NONE: readonly string[] = []

/** A number that a double may not hold exactly: of 16 characters or more, or with an exponent. It may stand in a text. */
const LONG_NUMBER = /[:,[\s]-?(?:[0-9.]{16}|[0-9]+(?:\.[0-9]+)?[eE])/

/** Before a number's text where numbers are kept as strings; no text of the Hub begins with a lone surrogate. */
const NUMBER_PREFIX = '\ud800#'
/** The same, escaped for JSON. */
const NUMBER_MARK = '\\ud800#'

// What stands at the end of a path: two equal texts of different kinds must not look alike.
const MEMBER = 1
const ITEM = 2
const STRING = 3
const NUMBER = 4
const TRUE = 5
const FALSE = 6
const NULL = 7
const ARRAY = 8
const OBJECT = 9

/**
 * 48 bits of an event's content: the same for the same JSON in another key order, with other white space or other
 * escapes, and whatever stands in the fields that the Hub rewrites. Numbers count exactly, beyond 2^53 too. Never 0.
 * `event` is what {@link parseJson} made of `text`. When this changes, `DIGEST_VERSION` must.
 *
 * It is the sum of a hash of the path and the value of every leaf, so nothing need be sorted; it tells changes, and is
 * no proof against somebody who makes collisions (the chain, over SHA-256 of the exact bytes, is).
 */
export function contentDigest(event: unknown, text: string): number {
  const { digest, hasNumbers } = digestOf(event, false)
  if (!hasNumbers || !LONG_NUMBER.test(text)) return digest
  // JSON.parse may have rounded; only the text can tell.
  const exact = quoteNumbers(text, number => NUMBER_MARK + canonicalDecimal(number))
  return digestOf(parseJson(exact), true).digest
}

/** An object or a list whose members are still to be added. */
interface Container {
  readonly value: object
  /** Hash of the way to it. */
  readonly high: number
  readonly low: number
  readonly leftOut: readonly string[]
}

/** Without recursion: 100,000 levels of nesting are legal. */
function digestOf(root: unknown, numbersMarked: boolean): { digest: number; hasNumbers: boolean } {
  const sum = new LeafSum(numbersMarked)
  sum.take(root, beginHash(), NONE)
  for (let container = sum.waiting.pop(); container !== undefined; container = sum.waiting.pop()) {
    if (Array.isArray(container.value)) sum.takeItems(container, container.value)
    else sum.takeMembers(container, container.value as JsonObject, container.value === root)
  }
  return { digest: sum.digest(), hasNumbers: sum.hasNumbers }
}

class LeafSum {
  readonly waiting: Container[] = []
  hasNumbers = false
  readonly #numbersMarked: boolean
  readonly #state = beginHash()
  #high = 0
  #low = 0

  constructor(numbersMarked: boolean) {
    this.#numbersMarked = numbersMarked
  }

  digest(): number {
    return ((this.#high >>> 0) % 0x10000) * 0x1_0000_0000 + (this.#low >>> 0) || 1
  }

  takeItems(container: Container, items: readonly unknown[]): void {
    const state = this.#state
    for (let index = 0; index < items.length; index++) {
      state.high = container.high
      state.low = container.low
      hashWord(state, ITEM)
      hashWord(state, index)
      this.take(items[index], state, NONE)
    }
  }

  takeMembers(container: Container, members: JsonObject, isRoot: boolean): void {
    const state = this.#state
    for (const key in members) {
      if (container.leftOut.includes(key)) continue
      state.high = container.high
      state.low = container.low
      hashWord(state, MEMBER)
      hashText(state, key)
      this.take(members[key], state, isRoot ? (REWRITTEN.get(key) ?? NONE) : NONE)
    }
  }

  /** Adds a value to which `state` is the way; containers count themselves (`{}` is not nothing) and wait. */
  take(value: unknown, state: HashState, leftOut: readonly string[]): void {
    if (typeof value === 'object' && value !== null) {
      this.waiting.push({ value, high: state.high, low: state.low, leftOut })
      hashWord(state, Array.isArray(value) ? ARRAY : OBJECT)
    } else if (typeof value === 'string') {
      const isNumber = this.#numbersMarked && value.startsWith(NUMBER_PREFIX)
      hashWord(state, isNumber ? NUMBER : STRING)
      hashText(state, isNumber ? value.slice(NUMBER_PREFIX.length) : value)
    } else if (typeof value === 'number') {
      this.hasNumbers = true
      hashWord(state, NUMBER)
      hashText(state, canonicalDecimal(String(value)))
    } else {
      hashWord(state, value === true ? TRUE : value === false ? FALSE : NULL)
    }
    finishHash(state)
    this.#high = (this.#high + state.high) | 0
    this.#low = (this.#low + state.low) | 0
  }
}
