import type { LogRecord } from '@opentelemetry/api'
import type { JournalEntry } from '../ports.ts'
import { eventLogRecord } from './event-log-record.ts'
import { deadLetterLogRecord, findingLogRecord, ledgerLogRecord } from './trail-log-records.ts'

/**
 * The log record of one journal entry. Pure, and the same on every redelivery: `log.record.uid` is what a receiver
 * deduplicates on. Knows every stream; the forwarder is handed all but the dead letters.
 */
export function toLogRecord(entry: JournalEntry): LogRecord {
  switch (entry.stream) {
    case 'events':
      return eventLogRecord(entry.record)
    case 'findings':
      return findingLogRecord(entry.record)
    case 'ledger':
      return ledgerLogRecord(entry.record)
    case 'dead-letters':
      return deadLetterLogRecord(entry.record)
  }
}
