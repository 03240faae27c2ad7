/**
 * A small scanner over the text of one JSON value, for what JSON.parse does not give back: the exact text of a member,
 * and numbers before they were rounded. The text must be well-formed JSON (JSON.parse took it). Nothing here recurses:
 * 100,000 levels of nesting are legal.
 */
const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39

/**
 * The exact text of the value of the object's own member `name`, without the white space around it; of several the
 * last, as JSON.parse has it. Undefined when there is none. A key may be written with escapes.
 */
export function memberText(text: string, name: string): string | undefined {
  let found: string | undefined
  let at = skipSpace(text, skipSpace(text, 0) + 1)
  while (text.charCodeAt(at) === QUOTE) {
    const keyEnd = stringEnd(text, at)
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const valueEnd = endOfValue(text, valueStart)
    if (isKey(text, at, keyEnd, name)) found = text.slice(valueStart, valueEnd)
    at = skipSpace(text, valueEnd)
    if (text.charCodeAt(at) !== COMMA) break
    at = skipSpace(text, at + 1)
  }
  return found
}

/** The same JSON with every number in quotes: what `write` makes of its exact text, which must need no escape. */
export function quoteNumbers(text: string, write: (number: string) => string): string {
  let result = ''
  let copied = 0
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(text, at)
    } else if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) {
      const end = scalarEnd(text, at)
      result += `${text.slice(copied, at)}"${write(text.slice(at, end))}"`
      copied = end
      at = end
    } else {
      at += 1
    }
  }
  return result + text.slice(copied)
}

/** The same JSON with every key that is written with escapes written as `write` says, which must need no escape. */
export function rewriteEscapedKeys(text: string, write: (key: string) => string): string {
  let result = ''
  let copied = 0
  let backslash = text.indexOf('\\')
  for (let at = text.indexOf('"'); at >= 0 && backslash >= 0; ) {
    const end = stringEnd(text, at)
    if (backslash < end) {
      if (text[skipSpace(text, end)] === ':') {
        result += `${text.slice(copied, at)}"${write(JSON.parse(text.slice(at, end)))}"`
        copied = end
      }
      backslash = text.indexOf('\\', end)
    }
    at = text.indexOf('"', end)
  }
  return copied === 0 ? text : result + text.slice(copied)
}

function isKey(text: string, start: number, end: number, name: string): boolean {
  if (end - start === name.length + 2) return text.startsWith(name, start + 1) && !name.includes('\\')
  if (end - start < name.length + 2) return false
  // Longer than the name: it may be written with escapes.
  const quoted = text.slice(start, end)
  return quoted.includes('\\') && JSON.parse(quoted) === name
}

/** Behind the closing quote of the string that opens at `start`. */
function stringEnd(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let before = at - 1
    while (text.charCodeAt(before) === BACKSLASH) before -= 1
    if ((at - before) % 2 === 1) return at + 1
  }
  return text.length
}

function endOfValue(text: string, start: number): number {
  switch (text[start]) {
    case '"':
      return stringEnd(text, start)
    case '{':
    case '[':
      return containerEnd(text, start)
    default:
      return scalarEnd(text, start)
  }
}

function containerEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; ) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = stringEnd(text, at)
        continue
      case 0x5b: // [
      case 0x7b: // {
        depth += 1
        break
      case 0x5d: // ]
      case 0x7d: // }
        depth -= 1
        if (depth === 0) return at + 1
    }
    at += 1
  }
  return text.length
}

/** Behind a number, true, false or null. */
function scalarEnd(text: string, start: number): number {
  let at = start
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code <= 0x20 || code === COMMA || code === 0x5d || code === 0x7d) break
    at += 1
  }
  return at
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && text.charCodeAt(at) <= 0x20) at += 1
  return at
}
