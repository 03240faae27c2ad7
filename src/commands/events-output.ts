import { parseElement } from '../event/hub-event.ts'
import { resourcesOf } from '../event/resources.ts'
import type { CountKey, EventCount } from '../query/event-counts.ts'
import { userOf } from '../query/event-query.ts'
import { csvLine } from './csv.ts'
import { jsonText, withEscapes } from './json-text.ts'
import { plainText } from './table.ts'
import { cellsOf, cut, padded } from './terminal-text.ts'

export type OutputFormat = 'table' | 'csv' | 'json'

/** Where the output goes. `columns`: the width of the terminal; undefined when it is none. */
export interface OutputPlace {
  readonly columns: number | undefined
}

/** A wider cell does not push the others of its column away. */
const MOST_CELLS = 48
const EVENT_COLUMNS = ['user', 'action', 'timestamp', 'resource'] as const

/** The events as text, in pieces of whole lines. `events` may be asked for twice. */
export function* eventsText(
  events: () => Iterable<Buffer>,
  format: OutputFormat,
  place: OutputPlace,
): Generator<string, void, void> {
  if (format === 'json') {
    for (const bytes of events()) yield jsonLine(bytes)
  } else {
    yield* rowsText(EVENT_COLUMNS, () => mapped(events(), eventCells), format, place)
  }
}

export function* countsText(
  key: CountKey,
  counts: readonly EventCount[],
  format: OutputFormat,
  place: OutputPlace,
): Generator<string, void, void> {
  if (format === 'json') {
    for (const { value, count } of counts) yield `${jsonText({ [key]: value, count })}\n`
  } else {
    yield* rowsText(
      [key, 'count'],
      () => mapped(counts, ({ value, count }) => [value, `${count}`]),
      format,
      place,
    )
  }
}

function* rowsText(
  columns: readonly string[],
  rows: () => Iterable<readonly string[]>,
  format: 'table' | 'csv',
  { columns: width }: OutputPlace,
): Generator<string, void, void> {
  if (format === 'csv') {
    yield csvLine(columns)
    // Also into a file: sooner or later somebody looks at it.
    for (const row of rows()) yield csvLine(row.map(plainText))
    return
  }
  const header = columns.map(name => name.toUpperCase())
  const widths = header.map(cellsOf)
  for (const row of rows()) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at]!, Math.min(MOST_CELLS, cellsOf(tableCell(cell))))
    })
  }
  yield tableLine(header, widths, width)
  for (const row of rows()) yield tableLine(row.map(tableCell), widths, width)
}

function tableLine(cells: readonly string[], widths: readonly number[], width: number | undefined): string {
  const last = cells.length - 1
  const line = cells
    .map((cell, at) => (at === last ? cell : padded(cell, widths[at]!)))
    .join('  ')
    .trimEnd()
  return `${width === undefined ? line : cut(line, width)}\n`
}

function tableCell(text: string): string {
  return plainText(text).trim() || '-'
}

function eventCells(bytes: Buffer): string[] {
  const read = parseElement({ bytes })
  if (read.kind === 'poison') return ['', '', '', '']
  const { event, type } = read
  return [userOf(event), type, String(event.createdAt), resourcesOf(type, event.data).join(', ')]
}

/**
 * The Hub's object with the bytes that came, in one line: the line breaks that may stand between its tokens become
 * spaces (within a text JSON allows none). What would steer a terminal is written as an escape, which means the same.
 */
function jsonLine(bytes: Buffer): string {
  return `${withEscapes(bytes.toString('utf8').replace(/[\r\n]/g, ' '))}\n`
}

function* mapped<T, U>(items: Iterable<T>, map: (item: T) => U): Generator<U, void, void> {
  for (const item of items) yield map(item)
}
