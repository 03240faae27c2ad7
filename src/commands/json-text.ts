/** What a terminal obeys instead of showing it. Between the tokens of JSON may stand tabs and line breaks: they stay. */
const STEERING = /(?![\t\n])[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** The value as JSON in one line. Whoever looks at it on a terminal is not steered by it; the parsed value is the same. */
export function jsonText(value: object): string {
  return withEscapes(JSON.stringify(value))
}

/**
 * The same JSON with control and format characters as escapes. JSON.stringify escapes those below a space only, not
 * U+009B, which begins a control sequence, nor what changes the direction of a line.
 */
export function withEscapes(json: string): string {
  return json.replace(STEERING, escaped)
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('')
}
