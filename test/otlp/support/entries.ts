import fc from 'fast-check'
import type { AuditRecord, Finding, LedgerEntry, StreamName } from '../../../src/event/records.ts'
import type { JournalEntry } from '../../../src/ports.ts'
import { arbitraryRecord, wellFormed } from '../../support/arbitrary-record.ts'

/** An invented event with every column that the Hub fills. */
export function auditRecord(sequence = 1, changes: Partial<AuditRecord> = {}): AuditRecord {
  const eventID = sequence.toString(16).padStart(24, '0')
  const rawLog = `{"_id":"${eventID}","type":"repo.create","message":"made é ${sequence}"}`
  return {
    workspaceID: 'security',
    sourceID: '5f0f0c8a-2c3b-5e7e-9d7e-2b1e6b0f5a11',
    sourceType: 'huggingface',
    sourceTTL: 30,
    receivedAt: 1_786_958_200_000,
    id: `5f0f0c8a-2c3b-5e7e-9d7e-${sequence.toString(16).padStart(12, '0')}`,
    eventTime: 1_786_958_142_123,
    eventName: 'repo.create',
    eventID,
    srcIP: '203.0.113.7',
    srcASCountryCode: 'FR',
    srcASNumber: 64_500,
    srcASOrganization: 'Example Net',
    srcCity: 'Paris',
    srcConnectionType: 'Corporate',
    srcISP: 'Example ISP',
    srcLatitude: 48.5,
    srcLongitude: 2,
    srcUserType: 'business',
    dstIP: null,
    dstASCountryCode: null,
    dstASNumber: null,
    dstASOrganization: null,
    dstCity: null,
    dstConnectionType: null,
    dstISP: null,
    dstLatitude: null,
    dstLongitude: null,
    dstUserType: null,
    actor: { id: '62f264b9f3c90f4b6514a269', user: 'jdoe', type: 'user', avatarUrl: '/avatars/x.svg' },
    tags: { scope: 'repo', action: 'create', resource: 'repo' },
    resources: ['acme/model', 'acme'],
    serviceName: 'huggingface',
    enrichments: [{ data: { city: 'Paris' }, name: 'city', provider: 'test', type: 'geo', value: 'Paris' }],
    readOnly: false,
    rawLog,
    auditID: eventID,
    eventType: 'repo.create',
    message: `made é ${sequence}`,
    authorID: '62f264b9f3c90f4b6514a269',
    authorUser: 'jdoe',
    authorType: 'user',
    actorIP: '203.0.113.7',
    locationFormatted: 'Paris, FR',
    locationCountry: 'FR',
    locationCity: 'Paris',
    tokenType: 'access_token',
    tokenID: 'token-1',
    tokenRole: 'write',
    tokenLast4: 'wxyz',
    tokenDeleted: false,
    organization: 'acme',
    sequence,
    chainHash: Buffer.alloc(32, sequence % 256),
    userAgent: 'curl/8',
    oauthClientID: 'client-1',
    oauthName: 'An App',
    authorDeleted: true,
    data: '{"repo":{"type":"model","name":"acme/model"}}',
    severity: 'INFO',
    ocsfClassUID: 6003,
    ocsfActivityID: 1,
    ...changes,
  }
}

export function eventEntry(sequence: number, changes: Partial<AuditRecord> = {}): JournalEntry {
  const record = auditRecord(sequence, changes)
  return { stream: 'events', organization: record.organization, position: `row ${sequence}`, record }
}

/** `count` events with the sequences 1, 2, 3, …. */
export function eventEntries(count: number): JournalEntry[] {
  return Array.from({ length: count }, (_, index) => eventEntry(index + 1))
}

export const finding: Finding = {
  organization: 'acme',
  endpoint: 'https://hub.example',
  kind: 'VANISHED',
  foundAt: 1_786_958_200_500,
  severity: 'WARN',
  message: '2 published events are missing from the export',
  count: 2,
  ids: ['a', 'b'],
  newestPublishedAt: 1_786_958_142_123,
  oldestReceivedAt: null,
  sequence: 41,
}

export const ledgerEntry: LedgerEntry = {
  organization: 'acme',
  endpoint: 'https://hub.example',
  kind: 'POLL',
  startedAt: 1_786_958_199_000,
  receivedAt: 1_786_958_200_000,
  finishedAt: 1_786_958_201_000,
  complete: true,
  fetched: 10,
  published: 4,
  alreadySeen: 3,
  filtered: 1,
  deadLettered: 1,
  repeated: 1,
  transactions: 2,
  wireBytes: 1_000,
  bodyBytes: 7_500,
  oldestCreatedAt: 1_786_000_000_000,
  newestCreatedAt: null,
  olderHistoryOutOfReach: false,
  findings: 1,
  sequence: 41,
  chainHash: Buffer.alloc(32, 7),
  anchor: `41:${'07'.repeat(32)}`,
}

/** Any entry of any stream, as it is read from a journal: its texts are well-formed. */
export const anyEntry: fc.Arbitrary<JournalEntry> = fc
  .constantFrom<StreamName[]>('events', 'findings', 'ledger', 'dead-letters')
  .chain(stream =>
    arbitraryRecord(stream).map(record => {
      const read = wellFormed(record)
      return { stream, organization: read.organization, position: 'row 1', record: read } as JournalEntry
    }),
  )
