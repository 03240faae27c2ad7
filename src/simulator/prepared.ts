import { mkdtemp, open, rmdir, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A body in a temporary file without a name, so that sending it costs reads only. */
export interface PreparedBody {
  readonly size: number
  /**
   * Chunks of 1 MiB at most, to be read to the end or left early; each may be used until the one after the next is
   * asked for. Undefined when it was given up.
   */
  open(): AsyncGenerator<Buffer> | undefined
  /** Gives the file up as soon as nobody reads it. */
  dispose(): Promise<void>
}

const READ_BYTES = 1 << 20

export async function prepareBody(chunks: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<PreparedBody> {
  const directory = await mkdtemp(join(tmpdir(), 'hf-audit-simulator-'))
  const path = join(directory, 'body')
  const file = await open(path, 'wx+', 0o600)
  // The open file needs no name: nothing is left behind, whatever ends the process.
  await unlink(path)
  await rmdir(directory)

  let size = 0
  try {
    for await (const chunk of chunks) {
      await file.writeFile(chunk) // from the present position
      size += chunk.length
    }
  } catch (error) {
    await file.close()
    throw error
  }

  let readers = 0
  let disposed = false
  const closeWhenIdle = async () => {
    if (disposed && readers === 0) await file.close()
  }
  async function* read(): AsyncGenerator<Buffer> {
    try {
      const buffers = [Buffer.allocUnsafe(READ_BYTES), Buffer.allocUnsafe(READ_BYTES)] as const
      for (let offset = 0, turn = 0; offset < size; turn ^= 1) {
        const buffer = buffers[turn as 0 | 1]
        const { bytesRead } = await file.read(buffer, 0, READ_BYTES, offset)
        if (bytesRead === 0) throw new Error(`the prepared body ends at byte ${offset} of ${size}`)
        yield buffer.subarray(0, bytesRead)
        offset += bytesRead
      }
    } finally {
      readers -= 1
      await closeWhenIdle()
    }
  }
  return {
    size,
    open() {
      if (disposed) return undefined
      readers += 1
      return read()
    },
    async dispose() {
      if (disposed) return
      disposed = true
      await closeWhenIdle()
    },
  }
}
