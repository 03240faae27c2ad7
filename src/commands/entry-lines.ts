import { rfc3339Text } from '../event/rfc3339.ts'
import type { JournalEntry } from '../ports.ts'
import { jsonText } from './json-text.ts'
import { plainText } from './table.ts'

/** The columns that are times, in any of the four streams. */
const TIME_FIELDS = new Set([
  'receivedAt',
  'eventTime',
  'foundAt',
  'startedAt',
  'finishedAt',
  'newestPublishedAt',
  'oldestReceivedAt',
  'oldestCreatedAt',
  'newestCreatedAt',
])

/** The record as one line of JSON with its columns' names: times in RFC 3339, hashes in hex, other bytes in base64. */
export function jsonLine(entry: JournalEntry): string {
  const shown: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(entry.record)) {
    if (Buffer.isBuffer(value)) shown[name] = value.toString(name === 'bytes' ? 'base64' : 'hex')
    else if (TIME_FIELDS.has(name) && typeof value === 'number') shown[name] = rfc3339Text(value)
    else shown[name] = value
  }
  return jsonText(shown)
}

/** The record in a line for a person. Nothing in it steers the terminal. */
export function plainLine(entry: JournalEntry): string {
  return plainText(words(entry))
}

function words(entry: JournalEntry): string {
  switch (entry.stream) {
    case 'events': {
      const { eventTime, organization, sequence, authorUser, eventName, resources, message } = entry.record
      const where = resources.length > 0 ? ` [${resources.join(', ')}]` : ''
      return `${rfc3339Text(eventTime)} ${organization} #${sequence} ${authorUser || '-'} ${eventName}${where} ${message}`
    }
    case 'findings': {
      const { foundAt, organization, severity, kind, message } = entry.record
      return `${rfc3339Text(foundAt)} ${organization} ${severity} ${kind} ${message}`
    }
    case 'ledger': {
      const { finishedAt, organization, kind, fetched, published, alreadySeen, filtered, anchor } =
        entry.record
      const { deadLettered, repeated } = entry.record
      const sums = `${published} published + ${alreadySeen} seen + ${filtered} filtered + ${deadLettered} dead-lettered`
      return `${rfc3339Text(finishedAt)} ${organization} ${kind} ${fetched} = ${sums} + ${repeated} repeated; ${anchor}`
    }
    case 'dead-letters': {
      const { receivedAt, organization, destination, reason, length, detail } = entry.record
      return `${rfc3339Text(receivedAt)} ${organization} ${destination} ${reason} ${length} bytes: ${detail}`
    }
  }
}
