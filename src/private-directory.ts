import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory that only its owner may enter, and those above it that are missing; one that is there stays as it
 * is. Throws the system's error.
 *
 * Node's own `recursive` never returns where a file system refuses a new directory with ENOENT although the one above
 * is there, as /proc does: it tries for ever, and not even SIGTERM is heard.
 */
export function makePrivateDirectory(path: string): void {
  const missing: string[] = []
  for (let at = resolve(path); !make(at); at = dirname(at)) missing.push(at)
  // From the top down; what could not be made although the one above is there says why.
  for (const at of missing.reverse()) mkdirUnlessThere(at)
}

/** True when it is there now; false when the one above is missing. */
function make(path: string): boolean {
  try {
    mkdirUnlessThere(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    return false
  }
}

function mkdirUnlessThere(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // On a file system that is read-only the error may be another one than EEXIST.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
