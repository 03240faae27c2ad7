import { randomBytes } from 'node:crypto'
import { closeSync, constants, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ConnectorError } from '../errors.ts'
import type { Spool } from '../ports.ts'
import { makePrivateDirectory } from '../private-directory.ts'

export interface SpoolSettings {
  /** Where the file is made when it is needed; created with mode 0700 when it does not exist. */
  readonly directory: string
  /** How much is held in memory before it is written. */
  readonly memoryBytes: number
  /** What to do when the file cannot be written: a sentence. Default: what to do in a poll. */
  readonly mend?: string
}

const POLL_MEND =
  'Make room or the directory writable, or set HF_AUDIT_DATA_DIR to another one. A poll that ends so publishes nothing.'

/** Neighbours in time are mostly neighbours in the export, so reading ahead saves most of the system calls. */
const READ_WINDOW_BYTES = 256 * 1024

/**
 * A spool that keeps the first bytes in memory and the rest in a file that has no name: it is unlinked as soon as it is
 * open, so that neither a crash nor a SIGKILL leaves audit events behind.
 *
 * Throws `JOURNAL_UNAVAILABLE` (retryable) when the disk is full or the directory cannot be written.
 */
export function createFileSpool(settings: SpoolSettings): Spool {
  const tail = Buffer.allocUnsafe(settings.memoryBytes)
  /** The bytes from `flushedBytes` on stand in `tail`. */
  let tailBytes = 0
  let flushedBytes = 0
  let file: number | undefined
  let window: Buffer | undefined
  let windowStart = 0
  let windowBytes = 0

  function flush(): void {
    try {
      file ??= openPrivateFile(settings.directory)
      writeFully(file, tail.subarray(0, tailBytes))
    } catch (error) {
      throw spoolError(settings, error)
    }
    flushedBytes += tailBytes
    tailBytes = 0
  }

  function readFile(offset: number, length: number): Buffer {
    const inWindow = offset >= windowStart && offset + length <= windowStart + windowBytes
    if (!inWindow && length <= READ_WINDOW_BYTES) {
      window ??= Buffer.allocUnsafe(READ_WINDOW_BYTES)
      // Half before, half after: the export may run either way through time.
      windowStart = Math.max(0, Math.min(offset - READ_WINDOW_BYTES / 2 + length, offset))
      windowBytes = readFully(
        file!,
        window,
        windowStart,
        Math.min(READ_WINDOW_BYTES, flushedBytes - windowStart),
      )
    }
    if (window !== undefined && offset >= windowStart && offset + length <= windowStart + windowBytes) {
      return window.subarray(offset - windowStart, offset - windowStart + length)
    }
    const bytes = Buffer.allocUnsafe(length)
    readFully(file!, bytes, offset, length)
    return bytes
  }

  return {
    append(bytes) {
      const offset = flushedBytes + tailBytes
      let rest = bytes
      while (rest.length > 0) {
        if (tailBytes === tail.length) flush()
        const part = rest.subarray(0, tail.length - tailBytes)
        tail.set(part, tailBytes)
        tailBytes += part.length
        rest = rest.subarray(part.length)
      }
      return offset
    },
    read(offset, length) {
      if (offset < 0 || offset + length > flushedBytes + tailBytes) {
        throw new RangeError(`the spool holds ${flushedBytes + tailBytes} bytes, not ${offset} + ${length}`)
      }
      if (offset >= flushedBytes) {
        return tail.subarray(offset - flushedBytes, offset - flushedBytes + length)
      }
      const inFile = Math.min(length, flushedBytes - offset)
      const head = readFile(offset, inFile)
      return inFile === length ? head : Buffer.concat([head, tail.subarray(0, length - inFile)])
    },
    dispose() {
      if (file !== undefined) closeSync(file)
      file = undefined
    },
  }
}

function openPrivateFile(directory: string): number {
  makePrivateDirectory(directory)
  const path = join(directory, `spool-${randomBytes(8).toString('hex')}`)
  const file = openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600)
  unlinkSync(path)
  return file
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done)
}

function readFully(file: number, into: Buffer, position: number, length: number): number {
  let done = 0
  while (done < length) {
    const count = readSync(file, into, done, length - done, position + done)
    if (count === 0)
      throw new ConnectorError('UNEXPECTED', 'the spool file is shorter than what was written to it')
    done += count
  }
  return done
}

function spoolError({ directory, mend = POLL_MEND }: SpoolSettings, cause: unknown): ConnectorError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
  return new ConnectorError(
    'SPOOL_UNAVAILABLE',
    `Cannot write the spool file in ${directory} (${code}). It holds for a while what does not fit into memory. ${mend}`,
    { retryable: true, cause },
  )
}
