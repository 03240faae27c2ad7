import type { Attributes } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import { LoggerProvider, type LogRecordProcessor } from '@opentelemetry/sdk-logs'
import type { JournalEntry } from '../ports.ts'
import { ExportRequestWriter } from './export-request.ts'
import { toLogRecord } from './log-record.ts'
import { SERVICE_NAME } from './resource.ts'

export interface Encoder {
  /** The body of one export request (protobuf `ExportLogsServiceRequest`). No entries give no bytes: the empty message. */
  encode(entries: readonly JournalEntry[]): Buffer
  /** Gives a request's memory back, when nobody reads it any more. */
  recycle(request: Buffer): void
}

/**
 * Emits through the SDK's logger into a processor of our own, which writes each record into the request. The SDK's
 * batch processor would drop records when its queue is full or an export fails, and say so to nobody.
 *
 * The attributes join the record in the processor: on its way through `emit` the SDK checks and copies each of them,
 * which takes a second for 100,000 records, and drops those beyond its limit of 128 or of a type it does not know.
 */
export function createEncoder(resource: Resource, version: string): Encoder {
  const request = new ExportRequestWriter(resource, { name: SERVICE_NAME, version })
  let attributes: Attributes = {}
  let written = 0
  const writer: LogRecordProcessor = {
    onEmit(record) {
      request.add(record, attributes)
      written++
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
  const logger = new LoggerProvider({ resource, processors: [writer] }).getLogger(SERVICE_NAME, version)

  return {
    encode(entries) {
      request.begin()
      written = 0
      for (const entry of entries) {
        const { attributes: ofEntry = {}, ...rest } = toLogRecord(entry)
        attributes = ofEntry
        logger.emit(rest)
      }
      if (written !== entries.length) {
        throw new Error(`the SDK passed on ${written} of ${entries.length} records`)
      }
      return request.finish()
    },
    recycle: finished => request.recycle(finished),
  }
}
