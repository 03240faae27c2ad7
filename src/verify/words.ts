import type { JournalScanner } from '../stored-journal.ts'
import type { AnchorOrigin } from './anchors.ts'

/** What stands in a journal may be anything: without control characters, and not too much of it. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text)
}

export function listed(names: readonly string[]): string {
  const shown = names.slice(0, 6).join(', ')
  return names.length > 6 ? `${shown} and ${names.length - 6} more` : shown
}

export function originText(origin: AnchorOrigin, scanner: Pick<JournalScanner, 'positionText'>): string {
  switch (origin.kind) {
    case 'ledger':
      return `the ledger entry at ${scanner.positionText('ledger', origin.partition, origin.offset)}`
    case 'head':
      return 'the checkpoint'
    case 'file':
      return `line ${origin.line} of the anchors' file`
    case 'option':
      return '--from-anchor'
  }
}
