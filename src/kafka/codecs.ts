import { promisify } from 'node:util'
import { constants, gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs from 'kafkajs'

const { CompressionCodecs, CompressionTypes } = kafkajs

/** What kafkajs hands to a codec. */
interface RecordsEncoder {
  readonly buffer: Buffer
}

const compressZstd = promisify(zstdCompress)
const decompressZstd = promisify(zstdDecompress)
const compressGzip = promisify(gzip)
const decompressGzip = promisify(gunzip)

// Audit records repeat themselves: the first level already takes most of what there is to take, at half the time.
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const gzipOptions = { level: 1 }

let registered = false

/**
 * Teaches kafkajs zstd, and gzip off the main thread at a level that keeps up. snappy and lz4 are not in Node.js: a
 * batch in one of these is refused with the words of {@link journalError}.
 */
export function registerCodecs(): void {
  if (registered) return
  registered = true
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: (encoder: RecordsEncoder) => compressZstd(encoder.buffer, zstdOptions),
    decompress: (buffer: Buffer) => decompressZstd(buffer),
  })
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: (encoder: RecordsEncoder) => compressGzip(encoder.buffer, gzipOptions),
    decompress: (buffer: Buffer) => decompressGzip(buffer),
  })
}

export function compressionType(compression: 'none' | 'gzip' | 'zstd'): number {
  switch (compression) {
    case 'none':
      return CompressionTypes.None
    case 'gzip':
      return CompressionTypes.GZIP
    case 'zstd':
      return CompressionTypes.ZSTD
  }
}
