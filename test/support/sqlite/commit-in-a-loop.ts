/**
 * Commits batches of growing and shrinking size until it is killed, and prints the sequence after each:
 * `<data directory> <organization as JSON>`.
 */
import { writeSync } from 'node:fs'
import { createSqliteJournal } from '../../../src/sqlite/journal.ts'
import { batchFrom } from '../../contract/batches.ts'

const [dataDirectory = '', json = ''] = process.argv.slice(2)
const organization = JSON.parse(json)
const { signal } = new AbortController()
const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
await journal.open(signal)
for (let round = 0; ; round++) {
  const contents = { events: 1 + ((round * 37) % 400), findings: 1, ledger: true, rawLogBytes: 500 }
  const batch = batchFrom(journal, organization, await journal.resume(organization, signal), contents)
  await journal.commit(batch)
  // At once: what was printed was stored.
  writeSync(1, `${batch.head.sequence}\n`)
}
