import { type Attributes, type LogRecord, SeverityNumber } from '@opentelemetry/api'
import { v5 as uuidV5 } from 'uuid'
import { timeOfIdentity } from '../event/finding-identity.ts'
import { sourceUri } from '../event/organization.ts'
import type { DeadLetter, Finding, LedgerEntry } from '../event/records.ts'
import { rfc3339Text } from '../event/rfc3339.ts'
import { otlpTime, severityNumber, wholeNumber } from './fields.ts'

/**
 * What an auditor reads of the trail itself: findings, the ledger, dead letters. They have no id of their own, so
 * `log.record.uid` is the UUIDv5 of their content (named at each) in the namespace of the source URI: the same when
 * they are delivered again, from whichever journal.
 */
function uidOf(origin: { organization: string; endpoint: string }, content: readonly unknown[]): string {
  const { organization, endpoint } = origin
  const source = uuidV5(sourceUri({ name: organization, identity: organization, endpoint }), uuidV5.URL)
  return uuidV5(JSON.stringify(content), source)
}

/** Event name `hf_audit.finding.<kind>`, WARN or ERROR, body = message, the rest under `huggingface.audit.finding.`. */
export function findingLogRecord(finding: Finding): LogRecord {
  const { kind, foundAt, sequence, count, ids, message, newestPublishedAt, oldestReceivedAt } = finding
  const attributes: Attributes = {
    'log.record.uid': uidOf(finding, [
      'finding',
      kind,
      timeOfIdentity(finding),
      sequence,
      count,
      ids,
      message,
    ]),
    'huggingface.audit.organization': finding.organization,
    'huggingface.audit.endpoint': finding.endpoint,
    'huggingface.audit.sequence': wholeNumber(sequence),
    'huggingface.audit.finding.count': wholeNumber(count),
  }
  if (ids.length > 0) attributes['huggingface.audit.finding.ids'] = ids
  if (newestPublishedAt !== null) {
    attributes['huggingface.audit.finding.newest_published_at'] = rfc3339Text(newestPublishedAt)
  }
  if (oldestReceivedAt !== null) {
    attributes['huggingface.audit.finding.oldest_received_at'] = rfc3339Text(oldestReceivedAt)
  }
  return {
    eventName: `hf_audit.finding.${kind.toLowerCase()}`,
    body: message,
    timestamp: otlpTime(foundAt),
    observedTimestamp: otlpTime(foundAt),
    severityNumber: severityNumber(finding.severity),
    severityText: finding.severity,
    attributes,
  }
}

/** Event name `hf_audit.poll`, INFO; the columns in snake_case under `huggingface.audit.poll.`, times in RFC 3339. */
export function ledgerLogRecord(entry: LedgerEntry): LogRecord {
  const { organization, kind, startedAt, receivedAt, finishedAt, sequence, anchor } = entry
  const { oldestCreatedAt, newestCreatedAt } = entry
  const attributes: Attributes = {
    'log.record.uid': uidOf(entry, ['poll', kind, startedAt, finishedAt, sequence, anchor]),
    'huggingface.audit.organization': organization,
    'huggingface.audit.endpoint': entry.endpoint,
    'huggingface.audit.sequence': wholeNumber(sequence),
    'huggingface.audit.chain_hash': entry.chainHash.toString('hex'),
    'huggingface.audit.anchor': anchor,
    'huggingface.audit.poll.kind': kind.toLowerCase(),
    'huggingface.audit.poll.complete': entry.complete,
    'huggingface.audit.poll.older_history_out_of_reach': entry.olderHistoryOutOfReach,
    'huggingface.audit.poll.fetched': wholeNumber(entry.fetched),
    'huggingface.audit.poll.published': wholeNumber(entry.published),
    'huggingface.audit.poll.already_seen': wholeNumber(entry.alreadySeen),
    'huggingface.audit.poll.filtered': wholeNumber(entry.filtered),
    'huggingface.audit.poll.dead_lettered': wholeNumber(entry.deadLettered),
    'huggingface.audit.poll.repeated': wholeNumber(entry.repeated),
    'huggingface.audit.poll.transactions': entry.transactions,
    'huggingface.audit.poll.wire_bytes': wholeNumber(entry.wireBytes),
    'huggingface.audit.poll.body_bytes': wholeNumber(entry.bodyBytes),
    'huggingface.audit.poll.findings': entry.findings,
    'huggingface.audit.poll.started_at': rfc3339Text(startedAt),
    'huggingface.audit.poll.finished_at': rfc3339Text(finishedAt),
  }
  if (receivedAt !== null) attributes['huggingface.audit.poll.received_at'] = rfc3339Text(receivedAt)
  if (oldestCreatedAt !== null) {
    attributes['huggingface.audit.poll.oldest_created_at'] = rfc3339Text(oldestCreatedAt)
  }
  if (newestCreatedAt !== null) {
    attributes['huggingface.audit.poll.newest_created_at'] = rfc3339Text(newestCreatedAt)
  }
  return {
    eventName: 'hf_audit.poll',
    body:
      `${kind.toLowerCase()} of ${organization}: ${entry.fetched} fetched = ${entry.published} published` +
      ` + ${entry.alreadySeen} already seen + ${entry.filtered} filtered + ${entry.deadLettered} dead-lettered` +
      ` + ${entry.repeated} repeated`,
    timestamp: otlpTime(finishedAt),
    observedTimestamp: otlpTime(finishedAt),
    severityNumber: SeverityNumber.INFO,
    severityText: 'INFO',
    attributes,
  }
}

/** Event name `hf_audit.dead_letter`, WARN, without the bytes: they may be anything, and stay in the journal. */
export function deadLetterLogRecord(letter: DeadLetter): LogRecord {
  const { receivedAt, destination, reason } = letter
  const sha256 = letter.sha256.toString('hex')
  const attributes: Attributes = {
    'log.record.uid': uidOf(letter, ['dead letter', receivedAt, destination, reason, sha256]),
    'huggingface.audit.organization': letter.organization,
    'huggingface.audit.endpoint': letter.endpoint,
    'huggingface.audit.dead_letter.destination': destination.toLowerCase(),
    'huggingface.audit.dead_letter.reason': reason,
    'huggingface.audit.dead_letter.length': wholeNumber(letter.length),
    'huggingface.audit.dead_letter.sha256': sha256,
  }
  return {
    eventName: 'hf_audit.dead_letter',
    body: letter.detail,
    timestamp: otlpTime(receivedAt),
    observedTimestamp: otlpTime(receivedAt),
    severityNumber: SeverityNumber.WARN,
    severityText: 'WARN',
    attributes,
  }
}
