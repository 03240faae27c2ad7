import { existsSync, readFileSync } from 'node:fs'
import { asConnectorError } from '../errors.ts'
import { areaResults, type CheckResult } from '../preflight.ts'
import { openDatabase } from './database.ts'
import { journalPath, lockHolderPath } from './files.ts'

/** Whether the embedded journal is one that this release can use. Only reads, beside its writer too. */
export function checkJournalFile(dataDirectory: string): CheckResult[] {
  const lines = areaResults('disk')
  const path = journalPath(dataDirectory)
  const subject = 'embedded journal'
  if (!existsSync(path)) {
    lines.ok(subject, `${path} will be made at the first start`)
    return lines.results
  }
  try {
    openDatabase(dataDirectory, { readOnly: true }).close()
    const holder = holderOf(dataDirectory)
    lines.ok(subject, holder === undefined ? path : `${path}, written by ${holder}`)
  } catch (error) {
    const { message } = asConnectorError(error)
    lines.fail(subject, message, 'restore it from a backup, or name another HF_AUDIT_DATA_DIR')
  }
  return lines.results
}

/** Undefined when nobody says so; after a SIGKILL the name of who is gone stays. */
function holderOf(dataDirectory: string): string | undefined {
  try {
    return readFileSync(lockHolderPath(dataDirectory), 'utf8')
  } catch {
    return undefined
  }
}
