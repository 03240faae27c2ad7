import { createHash, randomUUID } from 'node:crypto'
import { encodeValue } from '../../src/event/avro.ts'
import { anchorOf, nextChainHash } from '../../src/event/chain.ts'
import type { Checkpoint, SeenEntry } from '../../src/event/checkpoint.ts'
import { newHead } from '../../src/event/new-head.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { DeadLetter, Finding, LedgerEntry } from '../../src/event/records.ts'
import type { Batch, EncodedEvent, Journal } from '../../src/ports.ts'
import { auditRecord } from './audit-record.ts'

/** 21 November 2026. */
const NOW_MS = 1_795_219_200_000

/** One that no other test has, so that many tests may share one broker. */
export function freshOrganization(): Organization {
  const name = `org-${randomUUID()}`
  return { name, identity: name, endpoint: 'https://hub.example' }
}

/** What a batch holds; whatever is left out is not in it. */
export interface Contents {
  /** Ids of the events, or how many: then they get new ones. */
  readonly events?: number | readonly string[]
  readonly deadLetters?: number
  readonly findings?: number
  readonly ledger?: boolean
  /** Besides one entry for each event. */
  readonly put?: readonly SeenEntry[]
  readonly remove?: readonly string[]
  readonly timestampMs?: number
  /** Length of each event's `rawLog`. */
  readonly rawLogBytes?: number
}

/** A valid batch that goes on from the checkpoint, as the poller makes them: real values, an unbroken chain. */
export function batchFrom(
  journal: Pick<Journal, 'framing'>,
  organization: Organization,
  checkpoint: Pick<Checkpoint, 'term' | 'head'>,
  contents: Contents,
): Batch {
  const start = checkpoint.head ?? newHead(organization)
  const timestampMs = contents.timestampMs ?? NOW_MS
  const ids = eventIds(contents.events ?? 0)
  let { sequence, chainHash } = start

  const events = ids.map((eventId): EncodedEvent => {
    const rawLog = JSON.stringify({ _id: eventId }).padEnd(contents.rawLogBytes ?? 0)
    sequence += 1
    chainHash = nextChainHash(chainHash, createHash('sha256').update(rawLog).digest())
    const place = { organization, sequence, chainHash, eventId, rawLog, receivedAt: timestampMs }
    const record = auditRecord(place)
    const value = encodeValue('events', journal.framing('events'), record)
    const { id, eventType: type, eventTime: createdAtMs } = record
    return { value, timestampMs, sequence, id, type, createdAtMs }
  })

  const common = { organization: organization.identity, endpoint: organization.endpoint }
  const finding: Finding = {
    ...common,
    kind: 'CHANGED',
    foundAt: timestampMs,
    severity: 'WARN',
    message: 'changed',
    count: 1,
    ids: ['a'],
    newestPublishedAt: null,
    oldestReceivedAt: timestampMs,
    sequence,
  }
  const findingValue = encodeValue('findings', journal.framing('findings'), finding)
  const ledgerValue = encodeValue(
    'ledger',
    journal.framing('ledger'),
    ledgerEntry(common, timestampMs, events.length, sequence, chainHash),
  )
  return {
    organization,
    term: checkpoint.term,
    previous: { sequence: start.sequence, chainHash: start.chainHash },
    events,
    deadLetters: Array.from({ length: contents.deadLetters ?? 0 }, (_, index) => ({
      value: encodeValue(
        'dead-letters',
        journal.framing('dead-letters'),
        deadLetter(organization, `[${sequence},${index}]`, timestampMs),
      ),
      timestampMs,
    })),
    findings: Array.from({ length: contents.findings ?? 0 }, () => ({ value: findingValue, timestampMs })),
    ledger: contents.ledger ? { value: ledgerValue, timestampMs } : undefined,
    head: { ...start, sequence, chainHash, polledAtMs: timestampMs },
    put: [...ids.map(key => seenEntry(key)), ...(contents.put ?? [])],
    remove: contents.remove ?? [],
  }
}

export function seenEntry(key: string, values: Partial<SeenEntry> = {}): SeenEntry {
  return {
    key,
    crc: 1,
    digest: 2,
    createdAtMs: NOW_MS,
    firstSeenSeconds: NOW_MS / 1000,
    state: 'published',
    missed: 0,
    pairTold: false,
    absentSinceSeconds: 0,
    ...values,
  }
}

export function deadLetter(organization: Organization, text: string, receivedAt: number): DeadLetter {
  const bytes = Buffer.from(text)
  return {
    organization: organization.identity,
    endpoint: organization.endpoint,
    receivedAt,
    destination: 'JOURNAL',
    reason: 'not_an_object',
    detail: 'the element is no object',
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest(),
    bytes,
  }
}

function eventIds(events: number | readonly string[]): readonly string[] {
  if (typeof events !== 'number') return events
  return Array.from({ length: events }, () => randomUUID().replaceAll('-', '').slice(0, 24))
}

function ledgerEntry(
  common: Pick<LedgerEntry, 'organization' | 'endpoint'>,
  finishedAt: number,
  published: number,
  sequence: number,
  chainHash: Buffer,
): LedgerEntry {
  return {
    ...common,
    kind: 'POLL',
    startedAt: finishedAt,
    receivedAt: finishedAt,
    finishedAt,
    complete: true,
    fetched: published,
    published,
    alreadySeen: 0,
    filtered: 0,
    deadLettered: 0,
    repeated: 0,
    transactions: 1,
    wireBytes: 2,
    bodyBytes: 2,
    oldestCreatedAt: null,
    newestCreatedAt: null,
    olderHistoryOutOfReach: false,
    findings: 0,
    sequence,
    chainHash,
    anchor: anchorOf(sequence, chainHash),
  }
}
