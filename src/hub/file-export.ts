import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { ConnectorError } from '../errors.ts'
import type { AuditLogExport, ExportElement } from '../ports.ts'
import { stoppedError } from '../retry.ts'
import { type ByteCounts, decodedChunks } from './decode.ts'
import { splitJsonArray } from './json-array.ts'

const CHUNK_BYTES = 256 * 1024
const MAGIC: readonly (readonly [coding: string, bytes: Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
]
const MAGIC_BYTES = 4
/** What the zstd command makes unless it is told otherwise: a person chose this file. */
const FILE_ZSTD_WINDOW_LOG = 27

/**
 * A saved export, as if it were downloaded: plain, gzip or zstd (told by its first bytes) or Brotli (by the name's
 * end, `.br`). Throws `CONFIG_INVALID` when it cannot be read.
 */
export async function openExportFile(
  path: string,
  receivedAtMs: number,
  signal: AbortSignal,
): Promise<AuditLogExport> {
  const info = await stat(path).catch(error => {
    throw unreadable(path, error)
  })
  if (info.isDirectory()) throw unreadable(path, new Error('it is a directory'))
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES, signal })
  await new Promise<void>((resolve, reject) => {
    source.once('open', () => resolve())
    source.once('error', error => reject(signal.aborted ? stoppedError(signal) : unreadable(path, error)))
  })
  source.on('error', () => {})
  const counts: ByteCounts = { wire: 0, body: 0 }
  return {
    receivedAtMs,
    elements: fileElements(path, source, counts, signal),
    wireBytes: () => counts.wire,
    bodyBytes: () => counts.body,
    expectedWireBytes: info.isFile() ? info.size : undefined,
  }
}

async function* fileElements(
  path: string,
  source: Readable,
  counts: ByteCounts,
  signal: AbortSignal,
): AsyncGenerator<readonly ExportElement[], void, void> {
  try {
    const [head, rest] = await peek(source)
    const chunks = Readable.from(rest, { objectMode: false, highWaterMark: CHUNK_BYTES })
    for await (const elements of splitJsonArray(
      decodedChunks(chunks, codingsOf(path, head), counts, FILE_ZSTD_WINDOW_LOG),
    )) {
      if (signal.aborted) throw stoppedError(signal)
      yield elements
    }
  } catch (error) {
    if (signal.aborted) throw stoppedError(signal)
    if (!(error instanceof ConnectorError)) throw unreadable(path, error)
    throw new ConnectorError(error.code, `${path}: ${error.message}`, { cause: error })
  } finally {
    source.destroy()
  }
}

/** The first bytes, and all bytes again. (A pipe cannot be read twice.) */
async function peek(source: Readable): Promise<[Buffer, AsyncIterable<Buffer>]> {
  const chunks: AsyncIterator<Buffer> = source[Symbol.asyncIterator]()
  const first: Buffer[] = []
  let length = 0
  while (length < MAGIC_BYTES) {
    const { done, value } = await chunks.next()
    if (done) break
    first.push(value)
    length += value.length
  }
  async function* all(): AsyncGenerator<Buffer, void, void> {
    yield* first
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  }
  return [Buffer.concat(first).subarray(0, MAGIC_BYTES), all()]
}

function codingsOf(path: string, head: Buffer): string[] {
  const byMagic = MAGIC.find(([, bytes]) => head.subarray(0, bytes.length).equals(bytes))
  if (byMagic) return [byMagic[0]]
  return path.endsWith('.br') ? ['br'] : []
}

function unreadable(path: string, error: unknown): ConnectorError {
  const reason = error instanceof Error ? error.message : String(error)
  return new ConnectorError('CONFIG_INVALID', `The export file ${path} cannot be read: ${reason}.`, {
    cause: error,
  })
}
