import { v5 as uuidV5 } from 'uuid'
import { type Organization, sourceUri } from '../../src/event/organization.ts'
import type { AuditRecord } from '../../src/event/records.ts'

export interface RecordPlace {
  readonly organization: Organization
  readonly sequence: number
  readonly chainHash: Buffer
  readonly eventId: string
  readonly rawLog: string
  readonly receivedAt: number
}

/** A plainly invented event at its place in the trail, with little in its columns. */
export function auditRecord(place: RecordPlace): AuditRecord {
  const { organization, sequence, chainHash, eventId, rawLog, receivedAt } = place
  const sourceID = uuidV5(sourceUri(organization), uuidV5.URL)
  return {
    workspaceID: '',
    sourceID,
    sourceType: 'huggingface',
    sourceTTL: 0,
    receivedAt,
    id: uuidV5(eventId, sourceID),
    eventTime: receivedAt - 1_000,
    eventName: 'repo.create',
    eventID: eventId,
    srcIP: '192.0.2.1',
    srcASCountryCode: null,
    srcASNumber: null,
    srcASOrganization: null,
    srcCity: null,
    srcConnectionType: null,
    srcISP: null,
    srcLatitude: null,
    srcLongitude: null,
    srcUserType: null,
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
    actor: { user: 'invented' },
    tags: { scope: 'repo', action: 'create' },
    resources: ['invented/repo'],
    serviceName: 'huggingface',
    enrichments: [],
    readOnly: false,
    rawLog,
    auditID: eventId,
    eventType: 'repo.create',
    message: 'created a repository',
    authorID: '',
    authorUser: 'invented',
    authorType: 'user',
    actorIP: '192.0.2.1',
    locationFormatted: null,
    locationCountry: null,
    locationCity: null,
    tokenType: null,
    tokenID: null,
    tokenRole: null,
    tokenLast4: null,
    tokenDeleted: null,
    organization: organization.identity,
    sequence,
    chainHash,
    userAgent: null,
    oauthClientID: null,
    oauthName: null,
    authorDeleted: null,
    data: null,
    severity: 'INFO',
    ocsfClassUID: 6003,
    ocsfActivityID: 99,
  }
}
