import { parseRfc3339 } from '../event/rfc3339.ts'
import type { JournalEntry } from '../ports.ts'
import type { ReplayRange, ReplaySelection } from '../replay-ports.ts'

/**
 * Epoch milliseconds of an instant (RFC 3339 with its zone) or of a date, which stands for its first instant in UTC.
 * Undefined for anything else.
 */
export function parseInstant(text: string): number | undefined {
  return parseRfc3339(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
}

/** Whether a record is what was asked for. */
export function isSelected({ stream, organization, range }: ReplaySelection, entry: JournalEntry): boolean {
  if (entry.stream !== stream) return false
  if (organization !== undefined && entry.organization !== organization) return false
  if (range.by === 'sequence') {
    const sequence = sequenceOf(entry)
    return sequence !== undefined && sequence >= range.from && sequence <= (range.to ?? sequence)
  }
  const atMs = range.by === 'event-time' ? eventTimeOf(entry) : receivedTimeOf(entry)
  if (atMs === undefined) return false
  return atMs >= (range.fromMs ?? atMs) && (range.toMs === undefined || atMs < range.toMs)
}

/** When the journal got it: the record's Kafka timestamp too. */
export function receivedTimeOf(entry: JournalEntry): number {
  switch (entry.stream) {
    case 'events':
    case 'dead-letters':
      return entry.record.receivedAt
    case 'findings':
      return entry.record.foundAt
    case 'ledger':
      return entry.record.finishedAt
  }
}

export function eventTimeOf(entry: JournalEntry): number | undefined {
  return entry.stream === 'events' ? entry.record.eventTime : undefined
}

export function sequenceOf(entry: JournalEntry): number | undefined {
  return entry.stream === 'events' ? entry.record.sequence : undefined
}

/** The range as the command line has it, always in the same words. */
export function rangeWords(range: ReplayRange): string {
  const given =
    range.by === 'sequence'
      ? [`--from-sequence ${range.from}`, range.to === undefined ? '' : `--to-sequence ${range.to}`]
      : [
          range.fromMs === undefined ? '' : `--from ${instantWords(range.fromMs)}`,
          range.toMs === undefined ? '' : `--to ${instantWords(range.toMs)}`,
          `--by ${range.by}`,
        ]
  return given.filter(text => text !== '').join(' ')
}

/** Years beyond what JavaScript can show stay numbers. */
export function instantWords(epochMs: number): string {
  const date = new Date(epochMs)
  return Number.isNaN(date.getTime()) ? String(epochMs) : date.toISOString()
}
