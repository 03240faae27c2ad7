/**
 * Whether a text stands somewhere in an event: in one of its texts or numbers, at any depth, keys aside. Upper and lower
 * case, and the ways in which Unicode writes the same letter, make no difference.
 */
export function holdsText(wanted: string): (event: unknown) => boolean {
  const needle = folded(wanted)
  return event => {
    // No recursion: 100,000 levels of nesting are legal.
    const waiting: unknown[] = [event]
    while (waiting.length > 0) {
      const value = waiting.pop()
      if (typeof value === 'string' || typeof value === 'number') {
        if (folded(String(value)).includes(needle)) return true
      } else if (typeof value === 'object' && value !== null) {
        for (const member of Object.values(value)) waiting.push(member)
      }
    }
    return false
  }
}

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase()
}
