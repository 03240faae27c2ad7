import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { nextChainHash } from '../src/event/chain.ts'
import type { Head, SeenEntry } from '../src/event/checkpoint.ts'
import { newHead } from '../src/event/new-head.ts'
import type { Organization } from '../src/event/organization.ts'
import { rebuildLedgerEntry } from '../src/event/rebuild-records.ts'
import { RebuiltTrail } from '../src/event/rebuilt-trail.ts'
import type { AuditRecord } from '../src/event/records.ts'
import { SeenEvents } from '../src/event/seen-events.ts'
import { lossOf, recoveredEntries, recoveredHead, type TrailEvidence } from '../src/event/trail-evidence.ts'
import { planRecovery, recoveredTrail, recoverTrail } from '../src/recovery.ts'
import { auditRecord } from './contract/audit-record.ts'
import { seenEntry } from './contract/batches.ts'

const organization: Organization = { name: 'acme', identity: 'acme', endpoint: 'https://hub.example' }
const elsewhere = { ...organization, endpoint: 'https://mirror.example' }
const never = { confirmEndpoint: false }
const at = { startedAtMs: 1, finishedAtMs: 2 }
/** The receipt of record n. */
const receivedAt = (n: number): number => 1_795_219_200_000 + n * 1_000

/** The records `numbers` of one trail, and the chain after each; each of `copies` again at the end. */
function recordsOf(
  numbers: readonly number[],
  of: Organization = organization,
  copies: readonly number[] = [],
) {
  const records = new RebuiltTrail(organization, 1_000)
  const all: AuditRecord[] = []
  let chainHash = newHead(of).chainHash
  const chain = [chainHash]
  for (let sequence = 1; sequence <= Math.max(0, ...numbers); sequence++) {
    const eventId = `event-${sequence}`
    const rawLog = JSON.stringify({ _id: eventId })
    chainHash = nextChainHash(chainHash, createHash('sha256').update(rawLog).digest())
    chain.push(chainHash)
    const place = { sequence, chainHash, eventId, rawLog, receivedAt: receivedAt(sequence) }
    all.push(auditRecord({ organization: of, ...place }))
    if (numbers.includes(sequence)) records.addEvent(all.at(-1)!, `${sequence}`)
  }
  for (const copy of copies) records.addEvent(all[copy - 1]!, 'a copy')
  return { records, chain, all }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** A record at a place that has nothing to do with the trail of {@link recordsOf}. */
function placeOf(sequence: number) {
  const rawLog = JSON.stringify({ _id: `strange-${sequence}` })
  return {
    sequence,
    chainHash: createHash('sha256').update(rawLog).digest(),
    eventId: `strange-${sequence}`,
    rawLog,
    receivedAt: receivedAt(sequence),
  }
}

function ledgerAt(sequence: number) {
  return {
    ...rebuildLedgerEntry(organization, headAt(sequence), { ...at, findings: 0 }),
    kind: 'POLL' as const,
  }
}

function headAt(sequence: number, changes: Partial<Head> = {}): Head {
  const { chain } = recordsOf(upTo(sequence))
  return { ...newHead(organization), sequence, chainHash: chain[sequence]!, ...changes }
}

function published(count: number): SeenEntry[] {
  return upTo(count).map(n => seenEntry(`event-${n}`, { firstSeenSeconds: receivedAt(n) / 1000, digest: 7 }))
}

function whole(
  head: Head,
  entries: readonly SeenEntry[] = published(head.sequence),
): TrailEvidence['stored'] {
  const seen = new SeenEvents()
  for (const entry of entries) seen.put(entry)
  return { kind: 'whole', head, seen }
}

function evidenceOf(
  stored: TrailEvidence['stored'],
  numbers: readonly number[],
  changes: Partial<TrailEvidence> = {},
): TrailEvidence {
  return { organization, stored, records: recordsOf(numbers).records, expired: false, ...changes }
}

const keysOf = (entries: readonly SeenEntry[]): string[] => entries.map(({ key }) => key).sort()

test('a checkpoint that fits is left alone, and so is an organization that has none', () => {
  assert.deepEqual(planRecovery(evidenceOf(whole(headAt(3)), upTo(3)), never).actions, [])
  assert.deepEqual(planRecovery(evidenceOf({ kind: 'missing' }, []), never).actions, [])
  assert.deepEqual(planRecovery(evidenceOf(whole(headAt(0)), []), never).actions, [])
})

test('records that stand there once more are neither an end nor a loss', () => {
  for (const stored of [whole(headAt(9)), { kind: 'missing' } as const]) {
    const { records } = recordsOf(upTo(9), organization, [5, 6, 1])
    const evidence = { organization, stored, records, expired: false }
    assert.equal(lossOf(evidence), undefined)
    const head = recoveredHead(evidence)
    assert.deepEqual([head.sequence, head.chainHash], [9, headAt(9).chainHash])
    assert.deepEqual(keysOf(recoveredEntries(evidence)), keysOf(published(9)))
  }
})

test('what another organization, or another trail, has under this key is no part of this one', () => {
  const beta = { ...organization, identity: 'beta', name: 'beta' }
  const strangers = [
    // Further than ours, and exactly the next.
    auditRecord({ ...placeOf(40), organization: beta }),
    auditRecord({ ...placeOf(10), organization: beta }),
    // Of the same organization, published by another deployment.
    auditRecord({ ...placeOf(40), organization }),
  ]
  for (const at of [5, 9]) {
    for (const ledgerSequence of [undefined, 9]) {
      const records = new RebuiltTrail(organization, 1_000)
      const { all } = recordsOf(upTo(9))
      for (const [index, record] of all.entries()) {
        if (index === at) for (const stranger of strangers) records.addEvent(stranger, 'strange')
        records.addEvent(record, `${record.sequence}`)
      }
      if (at === 9) for (const stranger of strangers) records.addEvent(stranger, 'strange')
      const ledger = ledgerSequence === undefined ? [] : [ledgerAt(ledgerSequence)]
      for (const entry of ledger) records.addLedgerEntry(entry)
      // Nothing but the ledger tells that the last of them is not the end.
      if (at === 9 && ledger.length === 0) continue
      assert.deepEqual([records.head()?.sequence, records.holes], [9, []], `at ${at}`)
    }
  }
})

test('records that stand behind a hole are the trail: where it goes on after them, and at its end', () => {
  for (const numbers of [
    [1, 2, 3, 7, 8, 9],
    [1, 2, 3, 9],
  ]) {
    const { records } = recordsOf(numbers)
    records.addLedgerEntry(ledgerAt(9))
    assert.equal(records.head()?.sequence, 9)
    assert.deepEqual(records.holes, [{ from: 4, to: numbers[3]! - 1 }])
  }
})

test('a checkpoint that its own ledger has passed is an old one: the records and the ledger count', () => {
  const ledger = ledgerAt(9)
  const evidence = evidenceOf(whole(headAt(6)), upTo(9))
  evidence.records.addLedgerEntry(ledger)
  assert.equal(lossOf(evidence), undefined)
  assert.equal(recoveredHead(evidence).sequence, 9)
  assert.deepEqual(keysOf(recoveredEntries(evidence)), keysOf(published(9)))
  // And where its records are gone with it.
  const gone = evidenceOf(whole(headAt(6)), upTo(6))
  gone.records.addLedgerEntry(ledger)
  assert.deepEqual(lossOf(gone)?.ranges, [{ from: 7, to: 9 }])
})

test('a lost end: the range is told, its ids are forgotten, the rest of the checkpoint stays', () => {
  const filtered = seenEntry('filtered', { state: 'filtered' })
  const head = headAt(9, { openPoll: { startedAtMs: 5, oldestUnpublishedCreatedAtMs: 6 } })
  const evidence = evidenceOf(whole(head, [...published(9), filtered]), upTo(6))
  const plan = planRecovery(evidence, never)
  assert.deepEqual(plan.actions, ['rebuild-checkpoint', 'accept-loss'])
  assert.deepEqual(plan.loss, { ranges: [{ from: 7, to: 9 }], count: 3 })
  assert.match(plan.lines.join('\n'), /LOST: 3 published records, sequence 7 to 9/)

  const trail = recoveredTrail(evidence, never, at)
  assert.deepEqual([trail.head.sequence, trail.head.lastPosition], [6, '6'])
  assert.deepEqual(trail.head.chainHash, recordsOf(upTo(6)).chain[6])
  assert.deepEqual(trail.head.openPoll, head.openPoll)
  assert.deepEqual(keysOf(trail.entries), keysOf([...published(6), filtered]))
  // What the checkpoint knew of the content of those that are left.
  assert.ok(trail.entries.filter(({ state }) => state === 'published').every(({ digest }) => digest === 7))
  assert.deepEqual([trail.ledger.kind, trail.ledger.sequence, trail.ledger.findings], ['REBUILD', 6, 1])
  const [finding] = trail.findings
  assert.deepEqual([finding?.kind, finding?.severity, finding?.count], ['GAP', 'ERROR', 3])
  assert.match(finding!.message, /sequence 7 to 9.*it stood at 9:[0-9a-f]{64}/)
})

test('what retention took from the front before the loss stays seen', () => {
  const evidence = evidenceOf(whole(headAt(9)), [4, 5, 6])
  const { entries } = recoveredTrail(evidence, never, at)
  assert.deepEqual(keysOf(entries), keysOf(published(6)))
})

test('everything lost: the trail begins anew at the configured endpoint', () => {
  for (const moved of [organization, elsewhere]) {
    const evidence = { ...evidenceOf(whole(headAt(9)), []), organization: moved }
    assert.deepEqual(planRecovery(evidence, never).loss, { ranges: [{ from: 1, to: 9 }], count: 9 })
    const { head, entries } = recoveredTrail(evidence, never, at)
    assert.deepEqual([head.sequence, head.endpoint, entries.length], [0, moved.endpoint, 0])
    assert.deepEqual(head.chainHash, newHead(moved).chainHash)
  }
})

test('everything deleted by age is no loss: sequence, chain and ids go on', () => {
  const evidence = evidenceOf(whole(headAt(9)), [], { expired: true })
  assert.deepEqual(planRecovery(evidence, never).actions, [])
  const { head, entries } = recoveredTrail(evidence, never, at)
  assert.deepEqual([head.sequence, head.chainHash, entries.length], [9, headAt(9).chainHash, 9])
})

test('with the checkpoint gone, the ledger tells how far the trail had come', () => {
  const evidence = evidenceOf({ kind: 'missing' }, upTo(6))
  evidence.records.addLedgerEntry(rebuildLedgerEntry(organization, headAt(9), { ...at, findings: 0 }))
  assert.deepEqual(planRecovery(evidence, never).loss, { ranges: [{ from: 7, to: 9 }], count: 3 })

  const expired = evidenceOf({ kind: 'missing' }, [], { expired: true })
  expired.records.addLedgerEntry(rebuildLedgerEntry(organization, headAt(9), { ...at, findings: 0 }))
  assert.equal(planRecovery(expired, never).loss, undefined)
  assert.deepEqual(recoveredTrail(expired, never, at).head.chainHash, headAt(9).chainHash)
})

test('holes in the middle are lost records too', () => {
  const { loss } = planRecovery(evidenceOf(whole(headAt(9)), [1, 2, 5, 6, 8, 9]), never)
  const ranges = [
    { from: 3, to: 4 },
    { from: 7, to: 7 },
  ]
  assert.deepEqual(loss, { ranges, count: 3 })
})

test('another record in the place of the last one: the trail was replaced', () => {
  const other = headAt(5, { chainHash: Buffer.alloc(32, 7) })
  assert.deepEqual(planRecovery(evidenceOf(whole(other), upTo(5)), never).loss?.count, 5)
})

test('a checkpoint older than what is published is rebuilt, and nothing is lost', () => {
  const plan = planRecovery(evidenceOf(whole(headAt(3)), upTo(5)), never)
  assert.deepEqual([plan.actions, plan.loss], [['rebuild-checkpoint'], undefined])
})

test('a changed endpoint is confirmed only when the operator says so', () => {
  const evidence = { ...evidenceOf(whole(headAt(3)), upTo(3)), organization: elsewhere }
  const kept = planRecovery(evidence, never)
  assert.deepEqual([kept.actions, kept.unconfirmedEndpoint], [[], organization.endpoint])
  assert.match(kept.lines.join('\n'), /--confirm-endpoint/)

  const confirm = { confirmEndpoint: true }
  assert.deepEqual(planRecovery(evidence, confirm).actions, ['confirm-endpoint'])
  const { head, entries, ledger } = recoveredTrail(evidence, confirm, at)
  assert.deepEqual([head.endpoint, head.sequence, entries.length], [elsewhere.endpoint, 3, 3])
  assert.deepEqual(head.chainHash, headAt(3).chainHash)
  assert.equal(ledger.endpoint, elsewhere.endpoint)
})

test('records of another endpoint do not pass for ours, unless the ledger says that was confirmed', () => {
  const evidence = { ...evidenceOf({ kind: 'missing' }, upTo(3)), organization: elsewhere }
  const records = new RebuiltTrail(elsewhere, 10)
  const { chain } = recordsOf(upTo(1))
  const record = { sequence: 1, chainHash: chain[1]!, eventId: 'event-1', rawLog: '{}', receivedAt: 1 }
  records.addEvent(auditRecord({ organization, ...record }), '0')
  assert.match(planRecovery({ ...evidence, records }, never).unconfirmedEndpoint ?? '', /another endpoint/)
  const head = { ...newHead(elsewhere), sequence: 1, chainHash: chain[1]! }
  records.addLedgerEntry(rebuildLedgerEntry(elsewhere, head, { ...at, findings: 0 }))
  assert.equal(planRecovery({ ...evidence, records }, never).unconfirmedEndpoint, null)
})

test('nothing is stored when the trail is another one by the time of the answer', async () => {
  const looked = [evidenceOf(whole(headAt(9)), upTo(6)), evidenceOf(whole(headAt(9)), upTo(5))]
  const stored: unknown[] = []
  const recovery = {
    examine: async () => looked[0]!,
    rewrite: async (_: Organization, decide: (evidence: TrailEvidence) => unknown) => {
      stored.push(decide(looked[1]!))
    },
  }
  const dependencies = { recovery, now: () => 0, approve: async () => true }
  const { signal } = new AbortController()
  await assert.rejects(recoverTrail(organization, never, dependencies, signal), {
    code: 'JOURNAL_STALE',
    message: /sequence 6 to 9/,
  })
  assert.deepEqual(stored, [])
  const refusing = { ...dependencies, approve: async () => false }
  assert.equal((await recoverTrail(organization, never, refusing, signal)).done, false)
})
