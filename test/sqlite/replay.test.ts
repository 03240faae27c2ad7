import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newState } from '../../src/replay/start.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createSqliteReplayCursor } from '../../src/sqlite/replay-cursor.ts'
import { createSqliteReplaySource } from '../../src/sqlite/replay-source.ts'
import { freshOrganization } from '../contract/batches.ts'
import { replaySourceContract } from '../contract/replay-source-contract.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()

replaySourceContract('SQLite', async t => {
  const dataDirectory = temporaryDirectory(t)
  return {
    createJournal: organizations => createSqliteJournal({ dataDirectory, organizations }),
    createSource: () => createSqliteReplaySource({ dataDirectory }),
    async settled() {},
  }
})

test('where there is no journal the source says what makes one', async t => {
  const source = createSqliteReplaySource({ dataDirectory: temporaryDirectory(t) })
  await assert.rejects(source.open(signal), { code: 'JOURNAL_UNAVAILABLE', message: /hf-audit run/ })
})

test('a cursor keeps its state, and is one process at a time', async t => {
  const dataDirectory = temporaryDirectory(t)
  const cursor = createSqliteReplayCursor({ dataDirectory, name: 'one' })
  assert.equal(await cursor.resume(signal), undefined)
  const state = newState('words', 1, [{ partition: 0, from: 1, to: 9 }])
  await cursor.save(state, undefined)
  assert.deepEqual(await cursor.resume(signal), state)

  const second = createSqliteReplayCursor({ dataDirectory, name: 'one' })
  await assert.rejects(second.resume(signal), {
    code: 'JOURNAL_LOCKED',
    message: /another process runs the replay one/,
  })
  const other = createSqliteReplayCursor({ dataDirectory, name: 'two' })
  assert.equal(await other.resume(signal), undefined)
  await other.close()
  await cursor.close()
  assert.deepEqual(await second.resume(signal), state)
  await second.close()
  assert.equal(statSync(join(dataDirectory, 'replay', 'one.db')).mode & 0o777, 0o600)
})

test('neither source nor cursor touches the journal', async t => {
  const dataDirectory = temporaryDirectory(t)
  const journal = createSqliteJournal({ dataDirectory, organizations: [freshOrganization()] })
  await journal.open(signal)
  await journal.close()
  const before = readFileSync(join(dataDirectory, 'journal.db'))
  const source = createSqliteReplaySource({ dataDirectory })
  await source.open(signal)
  const range = { by: 'received-time', fromMs: undefined, toMs: undefined } as const
  assert.deepEqual(await source.spans({ stream: 'events', organization: undefined, range }, signal), [])
  const cursor = createSqliteReplayCursor({ dataDirectory, name: 'one' })
  await cursor.resume(signal)
  await cursor.close()
  await source.close()
  assert.deepEqual(readFileSync(join(dataDirectory, 'journal.db')), before)
})
