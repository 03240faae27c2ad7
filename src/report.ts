import type { ConnectorError } from './errors.ts'
import { blocksOrganization } from './errors.ts'
import type { Organization } from './event/organization.ts'
import type { Finding, LedgerEntry } from './event/records.ts'
import { rfc3339Text } from './event/rfc3339.ts'
import type { Logger } from './log.ts'
import type { PollOutcome } from './poller.ts'

/** What an operator reads of a poll: one line with its ledger entry, then one for each finding. */
export function reportPoll(log: Logger, { ledger, findings }: PollOutcome): void {
  log.info(ledgerFields(ledger), 'polled')
  if (ledger.olderHistoryOutOfReach) {
    log.warn(
      { organization: ledger.organization },
      'the first export is at its cap: the Hub gives no events older than its oldest one',
    )
  }
  for (const finding of findings) reportFinding(log, finding)
}

/** The ledger entry as the line and `tail --json` show it: times in RFC 3339, the hash in hex within the anchor. */
export function ledgerFields(ledger: LedgerEntry): object {
  const {
    startedAt,
    receivedAt,
    finishedAt,
    oldestCreatedAt,
    newestCreatedAt,
    chainHash: _,
    ...rest
  } = ledger
  return {
    ...rest,
    startedAt: rfc3339(startedAt),
    receivedAt: rfc3339(receivedAt),
    finishedAt: rfc3339(finishedAt),
    durationMs: finishedAt - startedAt,
    oldestCreatedAt: rfc3339(oldestCreatedAt),
    newestCreatedAt: rfc3339(newestCreatedAt),
  }
}

export function reportFailure(
  log: Logger,
  organization: Organization,
  error: ConnectorError,
  retryInMs: number | undefined,
): void {
  const fields = {
    organization: organization.identity,
    code: error.code,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
    ...(retryInMs === undefined ? {} : { retryInMs }),
  }
  if (error.code === 'UNEXPECTED') log.error({ ...fields, stack: error.stack }, error.message)
  else if (blocksOrganization(error)) log.error(fields, `blocked: ${error.message}`)
  else log.warn(fields, error.message)
}

function reportFinding(log: Logger, finding: Finding): void {
  const fields = {
    organization: finding.organization,
    finding: finding.kind,
    count: finding.count,
    ids: finding.ids,
  }
  if (finding.severity === 'ERROR') log.error(fields, finding.message)
  else log.warn(fields, finding.message)
}

/** Epoch milliseconds as RFC 3339, null for null. */
export function rfc3339(epochMs: number | null): string | null {
  return epochMs === null ? null : rfc3339Text(epochMs)
}
