import avsc from 'avsc'
import type { StreamName, StreamRecords } from './records.ts'
import { currentSchema } from './schemas.ts'

/**
 * Avro object container files, in parts: a header, then any number of blocks. A file that ends with a whole block is a
 * whole file, so that one can be added to later. https://avro.apache.org/docs/1.12.0/specification/#object-container-files
 */

/** Length of the marker that stands after the header and after each block: random bytes, the same in a whole file. */
export const SYNC_MARKER_BYTES = 16

const CODEC = 'deflate'
/** Of a block, before compression. */
const BLOCK_BYTES = 256 * 1024

/** Names the schema as `schemas/` has it, with its logical types and docs. */
export async function containerHeader(stream: StreamName, syncMarker: Buffer): Promise<Buffer> {
  const metadata = { 'avro.schema': Buffer.from(currentSchema(stream).text) }
  return encode(stream, [], { syncMarker, metadata, writeHeader: 'always' })
}

/** The records in one block or several. Each is written with this release's schema, whichever it was stored with. */
export async function containerBlocks<S extends StreamName>(
  stream: S,
  syncMarker: Buffer,
  records: readonly StreamRecords[S][],
): Promise<Buffer> {
  return encode(stream, records, { syncMarker, writeHeader: 'never' })
}

async function encode(
  stream: StreamName,
  records: readonly object[],
  options: {
    readonly syncMarker: Buffer
    readonly writeHeader: 'always' | 'never'
    readonly metadata?: Record<string, Buffer>
  },
): Promise<Buffer> {
  const { type } = currentSchema(stream)
  const encoder = new avsc.streams.BlockEncoder(type, { ...options, codec: CODEC, blockSize: BLOCK_BYTES })
  for (const record of records) encoder.write(record)
  encoder.end()
  return Buffer.concat((await encoder.toArray()) as Buffer[])
}
