/**
 * Commits until the disk refuses, then tells as JSON what the error was and what the journal holds by its own account:
 * `<data directory> <organization as JSON>`.
 */
import { ConnectorError } from '../../../src/errors.ts'
import { createSqliteJournal } from '../../../src/sqlite/journal.ts'
import { batchFrom } from '../../contract/batches.ts'

const [dataDirectory = '', json = ''] = process.argv.slice(2)
const organization = JSON.parse(json)
const { signal } = new AbortController()
const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
await journal.open(signal)
try {
  for (;;) {
    const checkpoint = await journal.resume(organization, signal)
    await journal.commit(batchFrom(journal, organization, checkpoint, { events: 200, rawLogBytes: 1_000 }))
  }
} catch (error) {
  if (!(error instanceof ConnectorError)) throw error
  const { head, seen } = await journal.resume(organization, signal)
  const { code, retryable, message } = error
  console.log(JSON.stringify({ code, retryable, message, sequence: head?.sequence ?? 0, entries: seen.size }))
}
await journal.close()
