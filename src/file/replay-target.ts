import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { access, type FileHandle, open, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { ConnectorError } from '../errors.ts'
import type { FileMark, ReplayCursor, ReplayTarget } from '../replay-ports.ts'
import type { FileFormat } from './formats.ts'

export interface FileTargetOptions {
  readonly path: string
  readonly format: FileFormat
  readonly cursor: ReplayCursor
}

/**
 * A private file that is only added to, always a whole part behind a whole part. The cursor says how long it was after the
 * last part that is safely on the disk: what a crash left behind that is cut off.
 */
export function createFileTarget({ path: given, format, cursor }: FileTargetOptions): ReplayTarget {
  const path = resolve(given)
  let file: FileHandle | undefined

  /** Made anew, under whatever name another process may still be writing to. */
  async function create(mark: FileMark): Promise<FileMark> {
    await rm(path, { force: true })
    file = await open(path, 'wx', 0o600)
    return append(file, { ...mark, bytes: 0 }, await format.header(Buffer.from(mark.syncMarker, 'hex')))
  }

  /** At the mark's end. */
  async function reopen(mark: FileMark): Promise<FileMark> {
    if (mark.bytes === 0) return create(mark)
    file = await open(path, 'r+')
    const { size } = await file.stat()
    const last = Buffer.alloc(mark.lastBytes)
    await file.read(last, 0, mark.lastBytes, mark.bytes - mark.lastBytes)
    if (size < mark.bytes || sha256(last) !== mark.lastSha256) throw notOurs(path)
    await file.truncate(mark.bytes)
    return mark
  }

  async function closeFile(): Promise<void> {
    const closing = file
    file = undefined
    await closing?.close()
  }

  return {
    destination: path,

    async check() {
      try {
        const found = await stat(path).catch(nothing)
        if (found !== undefined && !found.isFile()) throw unusable(path, 'it is no ordinary file')
        await access(dirname(path), constants.W_OK)
      } catch (error) {
        throw fileError(path, error)
      }
    },

    async resume(signal) {
      await closeFile()
      const state = await cursor.resume(signal)
      const exists = (await stat(path).catch(nothing)) !== undefined
      if (exists && state?.file === undefined) throw isForeign(path)
      return { state, occupied: false, lost: state !== undefined && !exists }
    },

    async begin(state) {
      const syncMarker = randomBytes(format.syncMarkerBytes).toString('hex')
      const mark = { bytes: 0, lastBytes: 0, lastSha256: '', syncMarker }
      // First: a file without a cursor would be taken for somebody else's.
      await cursor.save({ ...state, file: mark }, undefined)
      await closeFile()
      try {
        return { ...state, file: await create(mark) }
      } catch (error) {
        throw fileError(path, error)
      }
    },

    async write(records, state, changed) {
      try {
        let mark = state.file!
        if (file === undefined) mark = await reopen(mark)
        const entries = records.map(({ entry }) => entry)
        const part =
          entries.length === 0 ? undefined : await format.part(entries, Buffer.from(mark.syncMarker, 'hex'))
        if (part !== undefined) mark = await append(file!, mark, part)
        const kept = { ...state, file: mark }
        await cursor.save(kept, changed)
        return kept
      } catch (error) {
        throw fileError(path, error)
      }
    },

    async close() {
      await closeFile()
      await cursor.close()
    },
  }
}

/** On the disk when it resolves. */
async function append(file: FileHandle, mark: FileMark, part: Buffer): Promise<FileMark> {
  for (let done = 0; done < part.length; ) {
    done += (await file.write(part, done, part.length - done, mark.bytes + done)).bytesWritten
  }
  await file.sync()
  return { ...mark, bytes: mark.bytes + part.length, lastBytes: part.length, lastSha256: sha256(part) }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function nothing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function fileError(path: string, error: unknown): ConnectorError {
  if (error instanceof ConnectorError) return error
  const { code = 'unknown error' } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO' || code === 'EFBIG') {
    const mend = 'Make room; then the same command goes on where this one stopped.'
    return new ConnectorError('JOURNAL_UNAVAILABLE', `${path} cannot be written (${code}). ${mend}`, {
      cause: error,
    })
  }
  if (code === 'ENOENT') return unusable(path, 'its directory is not there')
  return unusable(path, code, error)
}

function unusable(path: string, why: string, cause?: unknown): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `${path} cannot be written (${why}): name a file in a directory that this user may write to`,
    { cause },
  )
}

function isForeign(path: string): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `${path} is there already, and no replay of this name wrote it. Nothing was changed: name another file, or delete it.`,
  )
}

function notOurs(path: string): ConnectorError {
  return new ConnectorError(
    'CONFIG_INVALID',
    `${path} is not as the replay left it: something else wrote to it or cut it. Delete it, and the same command ` +
      'begins anew; or give another file and another --name.',
  )
}
