import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { nextChainHash } from '../../src/event/chain.ts'
import { newHead } from '../../src/event/new-head.ts'
import type { Organization } from '../../src/event/organization.ts'
import { createSqliteJournal } from '../../src/sqlite/journal.ts'
import { createSqliteReader } from '../../src/sqlite/reader.ts'
import { freshOrganization } from '../contract/batches.ts'
import { startChild } from '../support/sqlite/children.ts'
import { temporaryDirectory } from '../support/sqlite/store.ts'

const { signal } = new AbortController()
const ROUNDS = 5

test('no loss, no duplicate, no hole: a SIGKILL at any moment leaves whole commits only', async t => {
  const dataDirectory = temporaryDirectory(t)
  const organization = freshOrganization()
  let lastSequence = 0
  for (let round = 0; round < ROUNDS; round++) {
    const child = startChild(t, 'commit-in-a-loop', dataDirectory, organization)
    await child.nextLine()
    await delay(Math.random() * 150)
    // Beside the writing process a reader sees whole commits too.
    await verifyTrail(t, dataDirectory, organization)
    await child.kill()

    const told = Number(child.lines.at(-1))
    // Read before any writer has opened it: the write-ahead log is as the death left it.
    const sequence = await verifyTrail(t, dataDirectory, organization)
    assert.ok(sequence >= told && told > lastSequence, `${lastSequence} < ${told} <= ${sequence}`)
    lastSequence = sequence

    const journal = createSqliteJournal({ dataDirectory, organizations: [organization] })
    await journal.open(signal)
    const { head, seen } = await journal.resume(organization, signal)
    assert.equal(head?.sequence, sequence)
    assert.equal(seen.size, sequence)
    await journal.close()
  }
})

/** Follows sequence and chain from the first record on; returns the last sequence. */
async function verifyTrail(
  t: TestContext,
  dataDirectory: string,
  organization: Organization,
): Promise<number> {
  const reader = createSqliteReader({ dataDirectory })
  t.after(() => reader.close())
  await reader.open(signal)
  let { sequence, chainHash } = newHead(organization)
  const ids = new Set<string>()
  const options = { streams: ['events', 'ledger'] as const, fromBeginning: true, follow: false }
  for await (const entry of reader.tail(options, signal)) {
    if (entry.stream === 'ledger') assert.equal(entry.record.sequence, sequence)
    if (entry.stream !== 'events') continue
    const { record } = entry
    sequence += 1
    chainHash = nextChainHash(chainHash, createHash('sha256').update(record.rawLog).digest())
    assert.equal(record.sequence, sequence)
    assert.deepEqual(record.chainHash, chainHash)
    ids.add(record.id)
  }
  assert.equal(ids.size, sequence)
  await reader.close()
  return sequence
}
