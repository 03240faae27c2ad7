import { styleText } from 'node:util'
import { cellsOf, padded } from './terminal-text.ts'

/** A column: its heading and what stands in it. */
export interface Column<T> {
  readonly heading: string
  readonly text: (row: T) => string
}

/**
 * Rows below headings, as wide as they need, with two spaces between the columns. Headings are bold only where `stream`
 * shows it: NO_COLOR and redirection are honoured. What came from elsewhere steers no terminal.
 */
export function table<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  stream: NodeJS.WriteStream,
): string {
  const cells = rows.map(row => columns.map(({ text }) => plainText(text(row))))
  const widths = columns.map(({ heading }, index) =>
    cells.reduce((width, row) => Math.max(width, cellsOf(row[index]!)), cellsOf(heading)),
  )
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => padded(text, widths[index]!))
      .join('  ')
      .trimEnd()
  const head = styleText('bold', line(columns.map(({ heading }) => heading)), { stream })
  return [head, ...cells.map(line)].map(text => `${text}\n`).join('')
}

/** Names with what they mean, aligned. An undefined value is left out. */
export function facts(pairs: readonly (readonly [name: string, value: string | undefined])[]): string {
  const told = pairs.filter(([, value]) => value !== undefined)
  const width = Math.max(0, ...told.map(([name]) => name.length))
  return told.map(([name, value]) => `${name.padEnd(width)}  ${plainText(value!)}\n`).join('')
}

/** On one line and without control or format characters, which could reorder or hide what a terminal shows. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ')
}
