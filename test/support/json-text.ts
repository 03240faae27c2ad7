import fc from 'fast-check'

/** A way to write down a JSON value: any white space, any escapes, keys in any order, repeated keys. */
export interface WritingStyle {
  /** Numbers from 0 on, consumed as choices. */
  readonly choices: readonly number[]
  readonly shuffleKeys: boolean
}

export const writingStyle: fc.Arbitrary<WritingStyle> = fc.record({
  choices: fc.array(fc.nat({ max: 1000 }), { minLength: 20, maxLength: 60 }),
  shuffleKeys: fc.boolean(),
})

const SPACES = ['', '', '', ' ', '\n', '\t', '\r\n  ']

/** Any JSON value, with the keys and texts that a scanner may trip over. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, -1.5, 1e21, 12),
    anyJsonText(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(number => number + 0),
    fc.array(tie('value'), { maxLength: 4 }),
    anyJsonObject(tie('value')),
  ),
})).value

export function anyJsonText(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('', '"', '\\', '\\"', '"data":1', ']},[{', '\ud800', 'é\u2028', 'a\\\\', '\ud83d\ude00'),
  )
}

export function anyJsonObject(value: fc.Arbitrary<unknown>): fc.Arbitrary<Record<string, unknown>> {
  const key = fc.oneof(
    anyJsonText(),
    fc.constantFrom('data', 'Data', 'data ', '_id', 'author', 'token', 'deleted', 'user', '1', '__proto__'),
  )
  return fc
    .array(fc.tuple(key, value), { maxLength: 5 })
    .map(entries => Object.fromEntries(entries) as Record<string, unknown>)
}

/** The value as JSON text in that style. */
export function writeJson(value: unknown, style: WritingStyle): string {
  let used = 0
  const choose = (count: number) => style.choices[used++ % style.choices.length]! % count
  const space = () => SPACES[choose(SPACES.length)]!
  const escapes = (character: string) =>
    Array.from({ length: character.length }, (_, at) => {
      return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`
    }).join('')
  const quote = (text: string) => {
    const characters = Array.from(text, character =>
      choose(6) === 0 ? escapes(character) : JSON.stringify(character).slice(1, -1),
    )
    return `"${characters.join('')}"`
  }
  const write = (part: unknown): string => {
    if (typeof part === 'string') return quote(part)
    if (typeof part !== 'object' || part === null) return JSON.stringify(part)
    if (Array.isArray(part))
      return `[${space()}${part.map(item => write(item) + space()).join(`,${space()}`)}]`
    const entries = Object.entries(part)
    if (style.shuffleKeys) {
      for (let at = entries.length - 1; at > 0; at--) {
        const other = choose(at + 1)
        ;[entries[at], entries[other]] = [entries[other]!, entries[at]!]
      }
    }
    const members = entries.map(
      ([key, inner]) => `${quote(key)}${space()}:${space()}${write(inner)}${space()}`,
    )
    return `{${space()}${members.join(`,${space()}`)}}`
  }
  return space() + write(value) + space()
}
