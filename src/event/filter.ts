export interface FilterSettings {
  /** Globs; empty: all types. */
  readonly include: readonly string[]
  /** Globs; wins over `include`. */
  readonly exclude: readonly string[]
}

/** True for an event type that the configuration wants. In a glob `*` stands for any text, also with dots, also none. */
export function createFilter(settings: FilterSettings): (type: string) => boolean {
  const include = settings.include.map(createGlob)
  const exclude = settings.exclude.map(createGlob)
  return type =>
    (include.length === 0 || include.some(matches => matches(type))) &&
    !exclude.some(matches => matches(type))
}

/** No regular expression: one with many stars can take a time that grows with a power of the text's length. */
function createGlob(glob: string): (text: string) => boolean {
  const parts = glob.split('*')
  const first = parts[0]!
  if (parts.length === 1) return text => text === first
  const last = parts.at(-1)!
  const middle = parts.slice(1, -1)
  return text => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
      return false
    // The leftmost place for each part leaves most room for the next.
    const end = text.length - last.length
    let at = first.length
    for (const part of middle) {
      const found = text.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}
