import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

/**
 * Opens a regular file for reading. To open anything else may have no end: a pipe waits for its writer, and with it one
 * of the few threads in which this process reads files.
 */
export async function openFile(path: string): Promise<FileHandle> {
  if (!(await stat(path)).isFile()) throw notAFile()
  // Another one may have come to the path meanwhile: opened so, a pipe waits for nobody.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if ((await handle.stat()).isFile()) return handle
  await handle.close()
  throw notAFile()
}

function notAFile(): Error {
  return new Error('is no file')
}
