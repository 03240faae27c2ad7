import { access, mkdir, mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectRoot } from './project-root.ts'

/** Git-ignored; safe to delete at any time when nothing runs. */
export const cacheRoot: string = join(projectRoot, '.cache')

const heartbeatMs = 2_000
const staleAfterMs = 20_000

export interface CacheEntry {
  /** Folder under `.cache`; holds everything its content depends on (versions, a digest of its inputs). */
  readonly name: string
  /** Entries with the same lock are made one after the other: tools that share a download folder must not race. */
  readonly lock: 'maven' | 'go' | 'pip' | 'java'
  /** Told once on stderr before it starts, since it takes a while. */
  readonly announce: string
  /** Fills an empty folder. The folder is moved afterwards: nothing inside may hold its own path. */
  readonly make: (directory: string) => Promise<void>
}

/**
 * The path of a folder in the cache, made when it is not there. It is made under another name and renamed when
 * complete: an interrupted make is never taken for whole, and of two processes that make it at once one rename wins
 * and the other uses it. The lock only spares the double work.
 */
export async function cached(entry: CacheEntry, root: string = cacheRoot): Promise<string> {
  const path = join(root, entry.name)
  if (await exists(path)) return path
  await mkdir(root, { recursive: true })
  const release = await acquire(join(root, `${entry.lock}.lock`))
  try {
    if (await exists(path)) return path
    await removeLeftovers(root, `${entry.name}.partial-`)
    process.stderr.write(`stack: ${entry.announce}\n`)
    const started = performance.now()
    const partial = await mkdtemp(join(root, `${entry.name}.partial-`))
    try {
      await entry.make(partial)
      await rename(partial, path)
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      if (await exists(path)) return path
      throw error
    }
    process.stderr.write(
      `stack: ${entry.name} ready after ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
    )
    return path
  } finally {
    await release()
  }
}

/** What processes that were killed while they made it left behind. */
async function removeLeftovers(root: string, prefix: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (name.startsWith(prefix)) await rm(join(root, name), { recursive: true, force: true })
  }
}

/** A folder that one process holds; its modification time is renewed, so a dead holder's is taken over. */
async function acquire(lock: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await mkdir(lock)
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const held = await stat(lock).catch(() => undefined)
    if (held !== undefined && Date.now() - held.mtimeMs > staleAfterMs) {
      await rm(lock, { recursive: true, force: true })
      continue
    }
    await sleep(100)
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    utimes(lock, now, now).catch(() => undefined)
  }, heartbeatMs)
  return async () => {
    clearInterval(heartbeat)
    await rm(lock, { recursive: true, force: true })
  }
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
