import { sharedTags } from './avro.ts'
import { type CatalogueEntry, lookup, unknownType } from './catalogue.ts'
import { type AddressEnrichment, NO_ENRICHMENT } from './enrich.ts'
import { memberText } from './exact-json.ts'
import type { ParsedEvent } from './hub-event.ts'
import { sourceId, uuidV5In } from './ids.ts'
import { checkFields, type KnownFields } from './known-fields.ts'
import { type Organization, sourceUri } from './organization.ts'
import type { AuditRecord } from './records.ts'
import { resourcesOf } from './resources.ts'

export interface NormalizerSettings {
  readonly organization: Organization
  /** Column `workspaceID`, "" for none. */
  readonly workspaceId: string
  /** Column `sourceTTL`, a hint to who stores the records; 0 for none. */
  readonly sourceTtlDays: number
  /** What is known of an `ip`; nothing when not given. */
  readonly enrich?: (ip: string) => AddressEnrichment
  /** Told of every event whose type is not in the catalogue. */
  readonly onUnknownType?: (type: string) => void
}

/** What a record says of its place in the trail. */
export interface RecordPlace {
  readonly receivedAtMs: number
  readonly sequence: number
  /** Of this record, 32 bytes. */
  readonly chainHash: Buffer
  /** `_id` of the user whose token polls: its own exports are marked `self`. */
  readonly ownUserId: string | undefined
}

const SOURCE_NAME = 'huggingface'
const EXPORT_TYPE = 'org.audit_log.export'

/**
 * Makes the function that turns an event into its record, every column as `schemas/audit-record.avsc` has it. Texts may
 * still hold lone surrogates: encoding takes them out.
 */
export function createNormalizer(settings: NormalizerSettings) {
  const { workspaceId, sourceTtlDays, enrich, onUnknownType } = settings
  const { identity } = settings.organization
  const sourceID = sourceId(sourceUri(settings.organization))
  const idOf = uuidV5In(sourceID)

  return function normalize(parsed: ParsedEvent, place: RecordPlace): AuditRecord {
    const { id, type, event } = parsed
    const { fields, malformed } = checkFields(event)
    const { author, location, token, oauth } = fields
    const known = lookup(type)
    const entry = known ?? unknownType(type)
    if (known === undefined) onUnknownType?.(type)
    const isSelf = isOwnExport(type, author?._id, place.ownUserId)
    const tags =
      known !== undefined && malformed.length === 0 && !isSelf
        ? typeTags(known)
        : {
            ...tagsOf(entry),
            ...(known === undefined && { unknownType: 'true' }),
            ...(malformed.length > 0 && { malformed: malformed.join(',') }),
            ...(isSelf && { self: 'true' }),
          }
    const ip = fields.ip ?? null
    const { columns, enrichments } = ip === null || enrich === undefined ? NO_ENRICHMENT : enrich(ip)
    return {
      workspaceID: workspaceId,
      sourceID,
      sourceType: SOURCE_NAME,
      sourceTTL: sourceTtlDays,
      receivedAt: place.receivedAtMs,
      id: idOf(id),
      eventTime: parsed.createdAtMs,
      eventName: type,
      eventID: id,
      srcIP: ip,
      srcASCountryCode: columns.srcASCountryCode,
      srcASNumber: columns.srcASNumber,
      srcASOrganization: columns.srcASOrganization,
      srcCity: columns.srcCity ?? location?.city ?? null,
      srcConnectionType: columns.srcConnectionType,
      srcISP: columns.srcISP,
      srcLatitude: columns.srcLatitude,
      srcLongitude: columns.srcLongitude,
      srcUserType: columns.srcUserType,
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
      actor: actorOf(author),
      tags,
      resources: resourcesOf(type, event.data),
      serviceName: SOURCE_NAME,
      enrichments,
      readOnly: entry.readOnly,
      rawLog: parsed.text,
      auditID: id,
      eventType: type,
      message: fields.message ?? '',
      authorID: author?._id ?? '',
      authorUser: author?.user ?? '',
      authorType: author?.type ?? '',
      actorIP: ip,
      locationFormatted: location?.formatted ?? null,
      locationCountry: location?.country ?? null,
      locationCity: location?.city ?? null,
      tokenType: token?.type ?? null,
      tokenID: token?.id ?? null,
      tokenRole: token?.role ?? null,
      tokenLast4: token?.last4 ?? null,
      tokenDeleted: token?.deleted ?? null,
      organization: identity,
      sequence: place.sequence,
      chainHash: place.chainHash,
      userAgent: fields.userAgent ?? null,
      oauthClientID: oauth?.clientId ?? null,
      oauthName: oauth?.name ?? null,
      authorDeleted: author?.deleted ?? null,
      data: dataText(parsed),
      severity: entry.severity,
      ocsfClassUID: entry.ocsf.class_uid,
      ocsfActivityID: entry.ocsf.activity_id,
    }
  }
}

/** The exact text of `data`; null where it is absent or null. */
function dataText(parsed: ParsedEvent): string | null {
  const { data } = parsed.event
  if (data === undefined || data === null) return null
  return memberText(parsed.text, 'data') ?? null
}

const tagsByType = new Map<CatalogueEntry, Record<string, string>>()

/** Of nearly every record. */
function typeTags(entry: CatalogueEntry): Record<string, string> {
  let tags = tagsByType.get(entry)
  if (tags === undefined) {
    tags = sharedTags(tagsOf(entry))
    tagsByType.set(entry, tags)
  }
  return tags
}

function tagsOf(entry: CatalogueEntry): Record<string, string> {
  return {
    scope: entry.scope,
    action: entry.action,
    resource: entry.resource,
    severity: entry.severity,
    ocsfClass: entry.ocsf.class_name,
    ocsfClassUID: String(entry.ocsf.class_uid),
    ocsfActivity: entry.ocsf.activity_name,
    ocsfActivityID: String(entry.ocsf.activity_id),
  }
}

/** The author's fields as far as they are present. */
function actorOf(author: KnownFields['author']): Record<string, string> {
  const actor: Record<string, string> = {}
  if (author === undefined || author === null) return actor
  if (typeof author._id === 'string') actor.id = author._id
  if (typeof author.user === 'string') actor.user = author.user
  if (typeof author.type === 'string') actor.type = author.type
  if (typeof author.deleted === 'boolean') actor.deleted = String(author.deleted)
  if (typeof author.avatarUrl === 'string') actor.avatarUrl = author.avatarUrl
  return actor
}

function isOwnExport(
  type: string,
  authorId: string | null | undefined,
  ownUserId: string | undefined,
): boolean {
  return type === EXPORT_TYPE && ownUserId !== undefined && authorId === ownUserId
}
