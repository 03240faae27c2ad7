import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { ConnectorError } from '../src/errors.ts'
import { decodeValue, encodeValue, singleObjectHeader } from '../src/event/avro.ts'
import { anchorOf, nextChainHash } from '../src/event/chain.ts'
import type { ForwardedOffsets, Head } from '../src/event/checkpoint.ts'
import { newHead } from '../src/event/new-head.ts'
import { rebuildLedgerEntry } from '../src/event/rebuild-records.ts'
import { SeenEvents } from '../src/event/seen-events.ts'
import { migrate } from '../src/migration.ts'
import type {
  EmbeddedValue,
  MigratedBatch,
  MigrationSource,
  MigrationTarget,
} from '../src/migration-ports.ts'
import { auditRecord } from './contract/audit-record.ts'
import { deadLetter, seenEntry } from './contract/batches.ts'

const endpoint = 'https://hub.example'
const settings = { maxRecordBytes: 900_000, endpoint, dryRun: false }
const { signal } = new AbortController()

interface EmbeddedJournal {
  readonly values: (EmbeddedValue & { readonly identity: string })[]
  readonly heads: Map<string, Head>
  readonly first: Map<string, number>
  forwarded: number
  moved: string | undefined
}

/** An embedded journal with these steps, in order: an event, a dead letter or a ledger entry of an organization. */
function embeddedJournal(
  steps: readonly (readonly [identity: string, stream: 'events' | 'dead-letters' | 'ledger'])[],
  forwarded: number,
  pruned: number,
): EmbeddedJournal {
  const values: EmbeddedJournal['values'] = []
  const heads = new Map<string, Head>()
  const first = new Map<string, number>()
  for (const [index, [identity, stream]] of steps.entries()) {
    const organization = { name: identity, identity, endpoint }
    const position = index + 1
    let head = heads.get(identity) ?? newHead(organization)
    let value: Buffer
    if (stream === 'events') {
      const sequence = head.sequence + 1
      const rawLog = JSON.stringify({ _id: `${identity}-${sequence}` })
      const chainHash = nextChainHash(head.chainHash, createHash('sha256').update(rawLog).digest())
      head = { ...head, sequence, chainHash }
      const place = { organization, sequence, chainHash, eventId: `${identity}-${sequence}`, rawLog }
      const record = auditRecord({ ...place, receivedAt: position })
      value = encodeValue('events', singleObjectHeader('events'), record)
      if (position <= pruned) first.set(identity, sequence + 1)
    } else if (stream === 'ledger') {
      const entry = rebuildLedgerEntry(organization, head, {
        startedAtMs: position,
        finishedAtMs: 0,
        findings: 0,
      })
      value = encodeValue('ledger', singleObjectHeader('ledger'), entry)
    } else {
      const letter = deadLetter(organization, String(position), position)
      value = encodeValue('dead-letters', singleObjectHeader('dead-letters'), letter)
    }
    heads.set(identity, head)
    if (position > pruned) values.push({ identity, position, stream, timestampMs: position, value })
  }
  return { values, heads, first, forwarded, moved: undefined }
}

/** Small pages, so that a trail takes many transactions. */
function sourceOf(journal: EmbeddedJournal): MigrationSource {
  const of = (identity: string) => journal.values.filter(value => value.identity === identity)
  return {
    location: 'here',
    open() {},
    movedTo: () => journal.moved,
    trails: () =>
      [...journal.heads].map(([identity, head]) => ({
        identity,
        head,
        firstSequence: journal.first.get(identity) ?? 1,
        values: of(identity).length,
      })),
    forwardedThrough: () => journal.forwarded,
    lastPosition: () => journal.values.at(-1)?.position ?? 0,
    read(identity, after, through) {
      const values = of(identity).filter(({ position }) => position > after && position <= through)
      const page = values.slice(0, 2)
      return { values: page, next: values.length > 2 ? page.at(-1)!.position : through }
    },
    chainHashAt(identity, sequence) {
      const records = of(identity).flatMap(({ stream, value }) =>
        stream === 'events' ? [decodeValue('events', value)] : [],
      )
      return records.find(record => record.sequence === sequence)?.chainHash
    },
    seen: identity => [seenEntry(`seen-${identity}`)],
    markMoved(destination) {
      journal.moved = destination
    },
    close() {},
  }
}

/** One shard: what is committed, in order, and where the forwarders go on. */
interface Topics {
  readonly records: { readonly identity: string; readonly stream: string; readonly value: Buffer }[]
  readonly heads: Map<string, Head>
  readonly seen: Map<string, string[]>
  cursor: ForwardedOffsets | undefined
}

type Fate = 'fine' | 'refused' | 'stored, but nobody hears' | 'crash before' | 'crash after'

class Crash extends Error {}

/** A target whose commits meet their fates one after the other; all that is left are fine. */
function targetOf(topics: Topics, fates: Fate[]): MigrationTarget {
  let term = 1
  const lengthOf = (stream: string) => topics.records.filter(record => record.stream === stream).length
  const unavailable = () => new ConnectorError('JOURNAL_UNAVAILABLE', 'away', { retryable: true })
  function store({ organization, events, deadLetters, ledger, head, put, after }: MigratedBatch): void {
    const { identity } = organization
    const there = topics.heads.get(identity)?.migration
    assert.equal(there?.finished ?? null, null, 'nothing is written to a finished trail')
    assert.equal(there?.through, after)
    for (const { value } of events) topics.records.push({ identity, stream: 'events', value })
    for (const { value } of deadLetters) topics.records.push({ identity, stream: 'dead-letters', value })
    for (const { value } of ledger) topics.records.push({ identity, stream: 'ledger', value })
    topics.heads.set(identity, head)
    topics.seen.set(identity, [...(topics.seen.get(identity) ?? []), ...put.map(({ key }) => key)])
  }
  return {
    location: 'there',
    open: async () => true,
    shardOf: () => 0,
    resume: async ({ identity }) => ({ term, head: topics.heads.get(identity), seen: new SeenEvents() }),
    async commit(batch) {
      if (batch.term !== term) throw new ConnectorError('JOURNAL_STALE', 'an older term')
      const fate = fates.shift() ?? 'fine'
      if (fate !== 'fine') term += 1
      if (fate === 'refused') throw unavailable()
      if (fate === 'crash before') throw new Crash()
      store(batch)
      if (fate === 'crash after') throw new Crash()
      if (fate !== 'fine') throw unavailable()
    },
    framing: stream => singleObjectHeader(stream),
    ends: async () => ({ events: lengthOf('events'), findings: 0, ledger: lengthOf('ledger') }),
    requireIdleForwarders: async () => {},
    async forwardFrom(_, offsets) {
      topics.cursor = offsets
    },
    close: async () => {},
  }
}

const emptyTopics = (): Topics => ({ records: [], heads: new Map(), seen: new Map(), cursor: undefined })

function run(journal: EmbeddedJournal, target: MigrationTarget) {
  const source = sourceOf(journal)
  const approve = async () => true
  return migrate(settings, { source, target, now: () => 1, random: () => 0, approve }, signal)
}

test('whatever becomes of its commits and wherever it dies: each value once, in order, forwarded or not as before', async () => {
  const step = fc.tuple(
    fc.constantFrom('acme', 'globex', 'initech'),
    fc.constantFrom('events' as const, 'events' as const, 'dead-letters' as const, 'ledger' as const),
  )
  const fate = fc.constantFrom<Fate>(
    'fine',
    'fine',
    'refused',
    'stored, but nobody hears',
    'crash before',
    'crash after',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.array(fate, { maxLength: 12 }),
      fc.nat(40),
      fc.nat(20),
      async (steps, fates, forwarded, pruned) => {
        const journal = embeddedJournal(steps, Math.min(forwarded, steps.length), Math.min(pruned, forwarded))
        const topics = emptyTopics()
        const left = [...fates]
        for (let done = false; !done; ) {
          try {
            done = (await run(journal, targetOf(topics, left))).done
          } catch (error) {
            if (!(error instanceof Crash)) throw error
            assert.equal(journal.moved, undefined)
          }
        }
        assert.equal(journal.moved, 'there')
        for (const [identity, head] of journal.heads) {
          for (const stream of ['events', 'dead-letters', 'ledger']) {
            const of = (values: readonly { identity: string; stream: string; value: Buffer }[]) =>
              values
                .filter(value => value.identity === identity && value.stream === stream)
                .map(({ value }) => value.toString('hex'))
            assert.deepEqual(of(topics.records), of(journal.values), `${identity} ${stream}`)
          }
          const { migration, ...rest } = topics.heads.get(identity)!
          assert.deepEqual(rest, head)
          assert.equal(migration?.finished, anchorOf(head.sequence, head.chainHash))
          assert.ok(topics.seen.get(identity)?.includes(`seen-${identity}`))
        }
        if (journal.forwarded === 0) {
          assert.equal(topics.cursor, undefined)
          return
        }
        for (const stream of ['events', 'ledger'] as const) {
          const before = journal.values.filter(
            value => value.stream === stream && value.position <= journal.forwarded,
          )
          assert.equal(topics.cursor?.[stream], before.length, `where ${stream} go on`)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('what is there already and is not of this move is refused before anything is written', async () => {
  const steps = [
    ['acme', 'events'],
    ['acme', 'events'],
  ] as const
  const journal = embeddedJournal(steps, 0, 0)
  const head = journal.heads.get('acme')!
  const begun = { through: 1, forwardedThrough: 0, unforwardedFrom: null, finished: null }
  const foreign: Head[] = [
    { ...head, sequence: 7 },
    // Begun with another journal's records.
    { ...head, sequence: 1, chainHash: Buffer.alloc(32, 1), migration: begun },
    // Moved, and the embedded journal went on.
    { ...head, migration: { ...begun, finished: '1:ab' } },
  ]
  for (const stored of foreign) {
    const topics = { ...emptyTopics(), heads: new Map([['acme', stored]]) }
    await assert.rejects(run(journal, targetOf(topics, [])), {
      code: 'CONFIG_INVALID',
      message: /already holds another trail of acme/,
    })
    assert.deepEqual([topics.records, journal.moved], [[], undefined])
  }
})

test('records that are missing in the embedded journal stop the move, and it stays open', async () => {
  const steps = Array.from({ length: 6 }, () => ['acme', 'events'] as const)
  const journal = embeddedJournal(steps, 0, 0)
  journal.values.splice(3, 1)
  const topics = emptyTopics()
  await assert.rejects(run(journal, targetOf(topics, [])), {
    code: 'JOURNAL_MISMATCH',
    message: /sequence 5 where 4/,
  })
  assert.equal(journal.moved, undefined)
  assert.equal(topics.heads.get('acme')?.migration?.finished, null)
})

test('a journal that was moved is not moved again, and not elsewhere', async () => {
  const journal = { ...embeddedJournal([['acme', 'events']], 0, 0), moved: 'there' }
  const target = targetOf(emptyTopics(), [])
  assert.equal((await run(journal, target)).plan.movedTo, 'there')
  await assert.rejects(run(journal, { ...target, location: 'elsewhere' }), {
    code: 'CONFIG_INVALID',
    message: /was moved to there before, not to elsewhere/,
  })
})
