/** The TypeScript shapes of the four Avro schemas in `schemas/`, field by field as there. Times are epoch milliseconds. */

export type Severity = 'INFO' | 'WARN' | 'ERROR'

export interface Enrichment {
  data: Record<string, string>
  name: string
  provider: string
  type: string
  value: string
}

/** `schemas/audit-record.avsc`: the 51 columns of the `huggingface_logs` table, then ours. */
export interface AuditRecord {
  workspaceID: string
  sourceID: string
  sourceType: string
  sourceTTL: number
  receivedAt: number
  id: string
  eventTime: number
  eventName: string
  eventID: string
  srcIP: string | null
  srcASCountryCode: string | null
  srcASNumber: number | null
  srcASOrganization: string | null
  srcCity: string | null
  srcConnectionType: string | null
  srcISP: string | null
  srcLatitude: number | null
  srcLongitude: number | null
  srcUserType: string | null
  dstIP: string | null
  dstASCountryCode: string | null
  dstASNumber: number | null
  dstASOrganization: string | null
  dstCity: string | null
  dstConnectionType: string | null
  dstISP: string | null
  dstLatitude: number | null
  dstLongitude: number | null
  dstUserType: string | null
  actor: Record<string, string>
  tags: Record<string, string>
  resources: string[]
  serviceName: string
  enrichments: readonly Enrichment[]
  readOnly: boolean
  rawLog: string
  auditID: string
  eventType: string
  message: string
  authorID: string
  authorUser: string
  authorType: string
  actorIP: string | null
  locationFormatted: string | null
  locationCountry: string | null
  locationCity: string | null
  tokenType: string | null
  tokenID: string | null
  tokenRole: string | null
  tokenLast4: string | null
  tokenDeleted: boolean | null
  organization: string
  sequence: number
  /** 32 bytes. */
  chainHash: Buffer
  userAgent: string | null
  oauthClientID: string | null
  oauthName: string | null
  authorDeleted: boolean | null
  data: string | null
  severity: string
  ocsfClassUID: number
  ocsfActivityID: number
}

/** `schemas/dead-letter.avsc`. */
export interface DeadLetter {
  organization: string
  endpoint: string
  receivedAt: number
  destination: 'JOURNAL' | 'OTLP'
  reason: string
  detail: string
  length: number
  sha256: Buffer
  bytes: Buffer
}

/** `schemas/finding.avsc`. */
export interface Finding {
  organization: string
  endpoint: string
  kind: 'UNKNOWN' | 'GAP' | 'VANISHED' | 'CHANGED' | 'UNFORWARDED'
  foundAt: number
  severity: string
  message: string
  count: number
  ids: string[]
  newestPublishedAt: number | null
  oldestReceivedAt: number | null
  sequence: number
}

/** `schemas/ledger-entry.avsc`. */
export interface LedgerEntry {
  organization: string
  endpoint: string
  kind: 'POLL' | 'IMPORT' | 'REBUILD' | 'OTHER'
  startedAt: number
  receivedAt: number | null
  finishedAt: number
  complete: boolean
  fetched: number
  published: number
  alreadySeen: number
  filtered: number
  deadLettered: number
  repeated: number
  transactions: number
  wireBytes: number
  bodyBytes: number
  oldestCreatedAt: number | null
  newestCreatedAt: number | null
  olderHistoryOutOfReach: boolean
  findings: number
  sequence: number
  chainHash: Buffer
  anchor: string
}

/** The four streams of the journal, each with its schema; also the suffix of the Kafka topic (`events` has none). */
export interface StreamRecords {
  events: AuditRecord
  findings: Finding
  ledger: LedgerEntry
  'dead-letters': DeadLetter
}
export type StreamName = keyof StreamRecords
