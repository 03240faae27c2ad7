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

/** Java clients put blocks of snappy behind this: https://github.com/xerial/snappy-java (SnappyOutputStream). */
const XERIAL_MAGIC = Buffer.from('82534e4150505900', 'hex')
const XERIAL_HEADER_BYTES = 16

let registered = false

/**
 * Teaches kafkajs zstd, and gzip off the main thread at a level that keeps up. Nothing of ours is written in snappy or
 * lz4, but a topic may be set to them, and others write what they like: one batch that cannot be read would keep
 * everything behind it from being read. What reads them is loaded when it is needed.
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
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: neverWritten,
    decompress: decompressSnappy,
  })
  CompressionCodecs[CompressionTypes.LZ4] = () => ({ compress: neverWritten, decompress: decompressLz4 })
}

async function neverWritten(): Promise<never> {
  throw new TypeError('nothing is written in this compression')
}

async function decompressLz4(buffer: Buffer): Promise<Buffer> {
  const { decompressFrame } = await import('lz4-napi')
  return decompressFrame(buffer)
}

async function decompressSnappy(buffer: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy')
  const decompress = async (block: Buffer) => (await uncompress(block, { asBuffer: true })) as Buffer
  if (!buffer.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return decompress(buffer)
  const blocks: Buffer[] = []
  for (let offset = XERIAL_HEADER_BYTES; offset < buffer.length; ) {
    const start = offset + 4
    offset = start + buffer.readInt32BE(offset)
    blocks.push(await decompress(buffer.subarray(start, offset)))
  }
  return Buffer.concat(blocks)
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
