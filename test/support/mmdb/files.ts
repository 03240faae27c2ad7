import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { encodeMmdb, type MmdbOptions } from './encode.ts'

export function mmdbDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-geo-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Writes a database and returns its path. */
export function mmdbFile(directory: string, name: string, options: MmdbOptions): string {
  const path = join(directory, `${name}.mmdb`)
  writeFileSync(path, encodeMmdb(options))
  return path
}
