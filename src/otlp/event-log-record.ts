import type { Attributes, LogRecord } from '@opentelemetry/api'
import type { AuditRecord, Enrichment } from '../event/records.ts'
import { rfc3339Text } from '../event/rfc3339.ts'
import { isCountryCode } from './country-codes.ts'
import { isOtlpTime, otlpTime, severityNumber, wholeNumber } from './fields.ts'

/**
 * The log record of an audit event.
 *
 * | field or attribute | from |
 * |---|---|
 * | event name | `huggingface.audit.` and the Hub's type |
 * | body | `message` |
 * | timestamp, observed timestamp | `eventTime`, `receivedAt` |
 * | severity | `severity`: INFO 9, WARN 13, ERROR 17 |
 *
 * By the semantic conventions (https://opentelemetry.io/docs/specs/semconv/registry/attributes/):
 *
 * | attribute | from |
 * |---|---|
 * | `log.record.uid` | `id`: the same on every redelivery |
 * | `log.record.original` | `rawLog`; `data` is part of it and not sent twice |
 * | `user.id`, `user.name` | `authorID`, `authorUser` |
 * | `client.address`, `user_agent.original` | `srcIP`, `userAgent` |
 * | `geo.locality.name`, `geo.location.lat`, `geo.location.lon` | `srcCity`, `srcLatitude`, `srcLongitude` |
 * | `geo.country.iso_code` | `srcASCountryCode`, which databases give for the address; where it is null, `locationCountry` if that is a code of ISO 3166 |
 * | `geo.continent.code`, `geo.region.iso_code`, `geo.postal_code` | the first of `enrichments` that has it and agrees on the country |
 *
 * Everything else under `huggingface.audit.`:
 *
 * | attribute | from |
 * |---|---|
 * | `organization`, `sequence`, `chain_hash` | the same columns, the hash in hex |
 * | `type`, `event_id`, `source_id` | `eventType`, `eventID`, `sourceID` |
 * | `event_time` | `eventTime` in RFC 3339, only when the timestamp cannot carry it (before 1970, after July 2554) |
 * | `read_only`, `ocsf_class_uid`, `ocsf_activity_id` | the same columns |
 * | `author_type`, `author_deleted` | the same columns |
 * | `author_avatar_url` | `actor.avatarUrl`; the rest of `actor` is in other attributes |
 * | `location_formatted`, `location_country`, `location_city` | the same columns |
 * | `token_type`, `token_id`, `token_role`, `token_last4`, `token_deleted` | the same columns |
 * | `oauth_client_id`, `oauth_name` | the same columns |
 * | `src_as_country_code`, …, `src_user_type`, `dst_ip`, …, `dst_user_type` | the `src…` and `dst…` columns |
 * | `workspace_id`, `source_ttl` | the same columns, when configured |
 * | `tags`, `resources`, `enrichments` | map, array, array of maps; left out when empty |
 *
 * A null column is left out, and so is "" of a column that cannot be null, where it means that there was none.
 * `eventName`, `auditID` and `actorIP` repeat other columns, `sourceType` and `serviceName` are always `huggingface`:
 * not sent.
 */
export function eventLogRecord(record: AuditRecord): LogRecord {
  // One literal and stores under constant names: with a loop over a table the engine keeps the object as a hash map,
  // and writing 100,000 records takes a second longer.
  const attributes: Attributes = {
    'log.record.uid': record.id,
    'huggingface.audit.organization': record.organization,
    'huggingface.audit.sequence': wholeNumber(record.sequence),
    'huggingface.audit.chain_hash': record.chainHash.toString('hex'),
    'huggingface.audit.type': record.eventType,
    'huggingface.audit.event_id': record.eventID,
    'huggingface.audit.source_id': record.sourceID,
    'huggingface.audit.read_only': record.readOnly,
    'huggingface.audit.ocsf_class_uid': record.ocsfClassUID,
    'huggingface.audit.ocsf_activity_id': record.ocsfActivityID,
  }
  if (record.rawLog !== '') attributes['log.record.original'] = record.rawLog
  addAuthor(attributes, record)
  addOrigin(attributes, record)
  addCredential(attributes, record)
  addNetwork(attributes, record)
  if (!isOtlpTime(record.eventTime))
    attributes['huggingface.audit.event_time'] = rfc3339Text(record.eventTime)
  if (record.workspaceID !== '') attributes['huggingface.audit.workspace_id'] = record.workspaceID
  if (record.sourceTTL !== 0) attributes['huggingface.audit.source_ttl'] = record.sourceTTL
  if (hasEntries(record.tags)) attributes['huggingface.audit.tags'] = record.tags
  if (record.resources.length > 0) attributes['huggingface.audit.resources'] = record.resources
  if (record.enrichments.length > 0) {
    attributes['huggingface.audit.enrichments'] = record.enrichments.map(plainEnrichment)
  }
  return {
    eventName: `huggingface.audit.${record.eventType}`,
    body: record.message,
    timestamp: otlpTime(record.eventTime),
    observedTimestamp: otlpTime(record.receivedAt),
    severityNumber: severityNumber(record.severity),
    severityText: record.severity,
    attributes,
  }
}

function addAuthor(attributes: Attributes, record: AuditRecord): void {
  if (record.authorID !== '') attributes['user.id'] = record.authorID
  if (record.authorUser !== '') attributes['user.name'] = record.authorUser
  if (record.authorType !== '') attributes['huggingface.audit.author_type'] = record.authorType
  if (record.authorDeleted !== null) attributes['huggingface.audit.author_deleted'] = record.authorDeleted
  const avatarUrl = record.actor.avatarUrl
  if (avatarUrl !== undefined) attributes['huggingface.audit.author_avatar_url'] = avatarUrl
}

function addOrigin(attributes: Attributes, record: AuditRecord): void {
  const { locationFormatted, locationCountry, locationCity } = record
  if (record.srcIP !== null) attributes['client.address'] = record.srcIP
  if (record.userAgent !== null) attributes['user_agent.original'] = record.userAgent
  if (record.srcCity !== null) attributes['geo.locality.name'] = record.srcCity
  if (record.srcLatitude !== null) attributes['geo.location.lat'] = record.srcLatitude
  if (record.srcLongitude !== null) attributes['geo.location.lon'] = record.srcLongitude
  if (locationFormatted !== null) attributes['huggingface.audit.location_formatted'] = locationFormatted
  if (locationCity !== null) attributes['huggingface.audit.location_city'] = locationCity
  if (locationCountry !== null) attributes['huggingface.audit.location_country'] = locationCountry
  addCountry(attributes, record)
}

function addCountry(attributes: Attributes, record: AuditRecord): void {
  const { srcASCountryCode: countryCode, locationCountry, enrichments } = record
  const code = countryCode ?? locationCountry
  if (code !== null && isCountryCode(code)) attributes['geo.country.iso_code'] = code
  if (countryCode === null) return
  for (const { data } of enrichments) {
    if (data.countryCode !== countryCode) continue
    if (data.continentCode !== undefined) attributes['geo.continent.code'] ??= data.continentCode
    if (data.regionCode !== undefined) attributes['geo.region.iso_code'] ??= data.regionCode
    if (data.postalCode !== undefined) attributes['geo.postal_code'] ??= data.postalCode
  }
}

function addCredential(attributes: Attributes, record: AuditRecord): void {
  if (record.tokenType !== null) attributes['huggingface.audit.token_type'] = record.tokenType
  if (record.tokenID !== null) attributes['huggingface.audit.token_id'] = record.tokenID
  if (record.tokenRole !== null) attributes['huggingface.audit.token_role'] = record.tokenRole
  if (record.tokenLast4 !== null) attributes['huggingface.audit.token_last4'] = record.tokenLast4
  if (record.tokenDeleted !== null) attributes['huggingface.audit.token_deleted'] = record.tokenDeleted
  if (record.oauthClientID !== null) attributes['huggingface.audit.oauth_client_id'] = record.oauthClientID
  if (record.oauthName !== null) attributes['huggingface.audit.oauth_name'] = record.oauthName
}

function addNetwork(attributes: Attributes, record: AuditRecord): void {
  const { srcASCountryCode, srcASOrganization, srcConnectionType } = record
  const { dstASCountryCode, dstASOrganization, dstConnectionType } = record
  if (srcASCountryCode !== null) attributes['huggingface.audit.src_as_country_code'] = srcASCountryCode
  if (record.srcASNumber !== null) attributes['huggingface.audit.src_as_number'] = record.srcASNumber
  if (srcASOrganization !== null) attributes['huggingface.audit.src_as_organization'] = srcASOrganization
  if (srcConnectionType !== null) attributes['huggingface.audit.src_connection_type'] = srcConnectionType
  if (record.srcISP !== null) attributes['huggingface.audit.src_isp'] = record.srcISP
  if (record.srcUserType !== null) attributes['huggingface.audit.src_user_type'] = record.srcUserType
  if (record.dstIP !== null) attributes['huggingface.audit.dst_ip'] = record.dstIP
  if (dstASCountryCode !== null) attributes['huggingface.audit.dst_as_country_code'] = dstASCountryCode
  if (record.dstASNumber !== null) attributes['huggingface.audit.dst_as_number'] = record.dstASNumber
  if (dstASOrganization !== null) attributes['huggingface.audit.dst_as_organization'] = dstASOrganization
  if (record.dstCity !== null) attributes['huggingface.audit.dst_city'] = record.dstCity
  if (dstConnectionType !== null) attributes['huggingface.audit.dst_connection_type'] = dstConnectionType
  if (record.dstISP !== null) attributes['huggingface.audit.dst_isp'] = record.dstISP
  if (record.dstLatitude !== null) attributes['huggingface.audit.dst_latitude'] = record.dstLatitude
  if (record.dstLongitude !== null) attributes['huggingface.audit.dst_longitude'] = record.dstLongitude
  if (record.dstUserType !== null) attributes['huggingface.audit.dst_user_type'] = record.dstUserType
}

function hasEntries(map: Record<string, string>): boolean {
  for (const _ in map) return true
  return false
}

/** A decoded record may be of a class, which is no attribute value; and its data stays the journal's. */
function plainEnrichment({ data, name, provider, type, value }: Enrichment): Enrichment {
  return { data: { ...data }, name, provider, type, value }
}
