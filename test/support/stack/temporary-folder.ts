import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atExit } from './at-exit.ts'

export interface TemporaryFolder {
  readonly path: string
  remove(): Promise<void>
}

/** A new folder that is gone, with all that is in it, at the latest when this process ends. */
export async function temporaryFolder(purpose: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `hf-audit-${purpose}-`))
  const forget = atExit(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true })
      forget()
    },
  }
}
