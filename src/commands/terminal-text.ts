/** Characters that terminals draw two cells wide (Unicode Standard Annex 11: wide and fullwidth), roughly. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u
/** Those that are drawn over the one before. */
const NO_WIDTH = /\p{M}/u

/** How many cells of a terminal a text takes. */
export function cellsOf(text: string): number {
  let cells = 0
  for (const character of text) cells += cellsOfCharacter(character)
  return cells
}

/** The text with spaces up to so many cells; a longer one stays as it is. */
export function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellsOf(text)))
}

/** The beginning of the text that fits into so many cells, with an ellipsis where something was cut. */
export function cut(text: string, cells: number): string {
  let taken = 0
  let fits = 0
  let at = 0
  for (const character of text) {
    taken += cellsOfCharacter(character)
    if (taken > cells) return `${text.slice(0, fits)}…`
    at += character.length
    if (taken < cells) fits = at
  }
  return text
}

function cellsOfCharacter(character: string): number {
  if (character <= '~') return 1
  if (NO_WIDTH.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}
