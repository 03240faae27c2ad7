import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { silentLogger } from '../../../src/log.ts'
import { createSqliteForwardingSource } from '../../../src/sqlite/forwarding.ts'
import { createSqliteJournal } from '../../../src/sqlite/journal.ts'
import { createSqliteReader } from '../../../src/sqlite/reader.ts'
import type { JournalUnderTest } from '../../contract/under-test.ts'

/** An empty directory, deleted when the test ends. */
export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-sqlite-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

export function sqliteStore(dataDirectory: string): JournalUnderTest {
  return {
    createJournal: organizations => createSqliteJournal({ dataDirectory, organizations }),
    createReader: () => createSqliteReader({ dataDirectory }),
    createForwarding: () => createSqliteForwardingSource({ dataDirectory, log: silentLogger }),
    // Nothing is finished at a close, so it leaves what a death leaves; real deaths are in kill.test.ts.
    crash: journal => journal.close(),
    prunes: true,
  }
}
