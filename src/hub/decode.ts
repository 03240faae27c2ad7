import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib'
import { ConnectorError } from '../errors.ts'

/** What is asked for, the cheapest to decompress first. */
export const ACCEPT_ENCODING = 'zstd, gzip, br'

/** Larger pieces than zlib's 16 KiB: each one is a trip through the thread pool. */
const CHUNK_BYTES = 128 * 1024
const MAX_ENCODINGS = 3

/** Memory that a zstd frame may ask for, as a power of 2: more than 8 MiB is not for the web (RFC 9659). */
export const WEB_ZSTD_WINDOW_LOG = 23

const DECODERS: Readonly<Record<string, (zstdWindowLog: number) => Transform>> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  deflate: () => createInflate({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
  zstd: zstdWindowLog =>
    createZstdDecompress({
      chunkSize: CHUNK_BYTES,
      params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog },
    }),
}
const ALIASES: Readonly<Record<string, string>> = { 'x-gzip': 'gzip' }

/** Bytes that went by so far. */
export interface ByteCounts {
  /** As they came. */
  wire: number
  /** Decompressed. */
  body: number
}

/** The codings of a `Content-Encoding` header in the order in which they were applied. Throws `HUB_BODY_BROKEN`. */
export function contentCodings(header: string): string[] {
  const codings = header
    .split(',')
    .map(coding => coding.trim().toLowerCase())
    .map(coding => ALIASES[coding] ?? coding)
    .filter(coding => coding !== '' && coding !== 'identity')
  const unknown = codings.find(coding => !Object.hasOwn(DECODERS, coding))
  if (unknown !== undefined || codings.length > MAX_ENCODINGS) {
    const what =
      unknown === undefined
        ? `${codings.length} compressions at once`
        : 'a compression that was not asked for'
    throw new ConnectorError('HUB_BODY_BROKEN', `The body uses ${what}; ${ACCEPT_ENCODING} are understood.`, {
      retryable: true,
    })
  }
  return codings
}

/**
 * The decompressed bytes of a stream, counted on both sides. Memory stays bounded whatever the bytes unpack to, for
 * nothing is read before it is asked for. Leaving the loop destroys the source. The source's own errors come as they
 * are; bytes that cannot be decompressed, or end too early, are `HUB_BODY_BROKEN`.
 */
export async function* decodedChunks(
  source: Readable,
  codings: readonly string[],
  counts: ByteCounts,
  zstdWindowLog = WEB_ZSTD_WINDOW_LOG,
): AsyncGenerator<Buffer, void, void> {
  if (codings.length === 0) {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      counts.wire += chunk.length
      counts.body += chunk.length
      yield chunk
    }
    return
  }
  // When one fails the pipeline destroys all with the same error: who was first tells whose it is.
  let sourceFailed: boolean | undefined
  source.on('error', () => {
    sourceFailed ??= true
  })
  const decoders = codings.toReversed().map(coding => DECODERS[coding]!(zstdWindowLog))
  for (const decoder of decoders) {
    decoder.on('error', () => {
      sourceFailed ??= false
    })
  }
  pipeline([source, ...decoders], () => {})
  source.on('data', (chunk: Buffer) => {
    counts.wire += chunk.length
  })
  try {
    for await (const chunk of decoders.at(-1)! as AsyncIterable<Buffer>) {
      counts.body += chunk.length
      yield chunk
    }
  } catch (error) {
    throw sourceFailed === true ? error : undecodable(error as Error, codings)
  } finally {
    source.destroy()
  }
}

function undecodable(error: Error, codings: readonly string[]): ConnectorError {
  const message = `The body breaks off, or is not ${codings.join(' and ')} as announced (${error.message}).`
  return new ConnectorError('HUB_BODY_BROKEN', message, { retryable: true, cause: error })
}
