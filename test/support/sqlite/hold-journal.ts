/**
 * Opens the journal of a directory and keeps it until it is killed, or prints why it could not:
 * `<data directory> <organization as JSON>`.
 */
import { asConnectorError } from '../../../src/errors.ts'
import { createSqliteJournal } from '../../../src/sqlite/journal.ts'

const [dataDirectory = '', organization = ''] = process.argv.slice(2)
const journal = createSqliteJournal({ dataDirectory, organizations: [JSON.parse(organization)] })
try {
  await journal.open(new AbortController().signal)
  console.log('open')
  setInterval(() => journal.kind, 1_000)
} catch (error) {
  console.log(asConnectorError(error).code)
}
