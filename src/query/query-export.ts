import { ConnectorError } from '../errors.ts'
import type { AuditLogExport } from '../event/export.ts'
import { createMatcher, type EventQuery } from './event-query.ts'
import { hubCondition } from './hub-condition.ts'
import { type MatchedEvent, type Scanned, scanExport } from './scan.ts'

export interface Queried extends Scanned {
  /** What the Hub was asked to leave the rest out by; undefined: the whole export was looked at. */
  readonly condition: string | undefined
}

export interface ExportQueryDependencies {
  /** Begins a download, of what satisfies the condition where there is one. */
  readonly download: (condition: string | undefined) => Promise<AuditLogExport>
  /** The Hub did not take the condition; the download is repeated without. */
  readonly onRefused?: (condition: string) => void
  readonly onProgress?: (download: AuditLogExport) => void
}

/** Downloads an export once and tells of every event that satisfies the query, in the order in which they come. */
export async function queryExport(
  query: EventQuery,
  onMatch: (event: MatchedEvent) => void,
  dependencies: ExportQueryDependencies,
): Promise<Queried> {
  const { onProgress } = dependencies
  const matcher = createMatcher(query)
  const wanted = hubCondition(query)
  const [opened, condition] = await openDownload(wanted, dependencies)
  const scanned = await scanExport(opened, matcher, onMatch, () => onProgress?.(opened))
  return { ...scanned, condition }
}

async function openDownload(
  condition: string | undefined,
  { download, onRefused }: ExportQueryDependencies,
): Promise<[AuditLogExport, string | undefined]> {
  try {
    return [await download(condition), condition]
  } catch (error) {
    if (condition === undefined || !isRefusal(error)) throw error
    onRefused?.(condition)
    return [await download(undefined), undefined]
  }
}

/** The Hub documents the condition by three examples and no error for others. */
function isRefusal(error: unknown): boolean {
  return error instanceof ConnectorError && (error.status === 400 || error.status === 422)
}
