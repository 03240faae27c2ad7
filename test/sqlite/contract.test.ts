import { journalContract } from '../contract/journal.ts'
import { sqliteStore, temporaryDirectory } from '../support/sqlite/store.ts'

journalContract('SQLite journal', async t => sqliteStore(temporaryDirectory(t)))
