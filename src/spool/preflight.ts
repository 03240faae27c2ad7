import { closeSync, existsSync, openSync, statfsSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { areaResults, type CheckResult } from '../preflight.ts'

/** A download of 100,000 large events, spooled, and the embedded journal's write-ahead log. */
const LEAST_FREE_BYTES = 256 * 1024 * 1024
const COMFORTABLE_FREE_BYTES = 2 * 1024 * 1024 * 1024
const TRIAL_BYTES = 64 * 1024

/** Whether the data directory takes files, and how much room it has. Leaves nothing behind and makes no directory. */
export function checkDisk(directory: string): CheckResult[] {
  const lines = areaResults('disk')
  const path = resolve(directory)
  const subject = `data directory ${path}`
  const mend = `give this user a directory that it may write to: HF_AUDIT_DATA_DIR=…, or chown "$(id -u)" ${path}`
  const existing = firstExisting(path)
  try {
    if (!statSync(existing).isDirectory()) {
      lines.fail(subject, `${existing} is not a directory`, mend)
      return lines.results
    }
    tryToWrite(existing)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const cause = code === 'ENOSPC' || code === 'EDQUOT' ? 'is full' : 'cannot be written to'
    lines.fail(
      subject,
      `${existing} ${cause} (${code ?? message})`,
      code === 'ENOSPC' || code === 'EDQUOT' ? `free some space: df -h ${existing}` : mend,
    )
    return lines.results
  }
  const free = freeBytes(existing)
  const room = free === undefined ? 'free space unknown' : `${inGigabytes(free)} GB free`
  const words = existing === path ? room : `will be made in ${existing}, ${room}`
  if (free === undefined || free >= COMFORTABLE_FREE_BYTES) lines.ok(subject, words)
  else if (free >= LEAST_FREE_BYTES)
    lines.warn(subject, words, 'leave at least 2 GB for a download and the journal')
  else lines.fail(subject, words, `free at least 0.3 GB, better 2: df -h ${existing}`)
  return lines.results
}

/** The directory itself, or the one that it would be made in. */
function firstExisting(path: string): string {
  let candidate = path
  while (!existsSync(candidate) && dirname(candidate) !== candidate) candidate = dirname(candidate)
  return candidate
}

/** A few blocks: a full disk still takes an empty file. */
function tryToWrite(directory: string): void {
  const path = join(directory, `.hf-audit-check-${process.pid}`)
  const file = openSync(path, 'wx', 0o600)
  try {
    unlinkSync(path)
    writeSync(file, Buffer.alloc(TRIAL_BYTES))
  } finally {
    closeSync(file)
  }
}

/** What users other than root get. Undefined where the file system does not tell. */
function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize, blocks } = statfsSync(path)
    return blocks === 0 ? undefined : bavail * bsize
  } catch {
    return undefined
  }
}

function inGigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1)
}
