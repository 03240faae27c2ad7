import { containerBlocks, containerHeader, SYNC_MARKER_BYTES } from '../event/avro-container.ts'
import type { StreamName } from '../event/records.ts'
import type { JournalEntry } from '../ports.ts'

/** What a file is made of: a beginning, then parts that each stand for whole records. */
export interface FileFormat {
  readonly syncMarkerBytes: number
  header(syncMarker: Buffer): Promise<Buffer>
  part(entries: readonly JournalEntry[], syncMarker: Buffer): Promise<Buffer>
}

export function jsonLines(lineOf: (entry: JournalEntry) => string): FileFormat {
  return {
    syncMarkerBytes: 0,
    header: async () => Buffer.alloc(0),
    part: async entries => Buffer.from(entries.map(entry => `${lineOf(entry)}\n`).join('')),
  }
}

export function avroContainer(stream: StreamName): FileFormat {
  return {
    syncMarkerBytes: SYNC_MARKER_BYTES,
    header: syncMarker => containerHeader(stream, syncMarker),
    part: (entries, syncMarker) =>
      containerBlocks(
        stream,
        syncMarker,
        entries.map(({ record }) => record),
      ),
  }
}
