import { type ParsedEvent, parseElement } from '../../event/hub-event.ts'
import { createMemorySpool } from '../../query/memory-spool.ts'
import { NewestEvents } from '../../query/newest-events.ts'
import { queryExport } from '../../query/query-export.ts'
import type { QueryOptions } from '../../query/query-options.ts'
import { readQuery } from '../../query/read-query.ts'
import { type AuditLogEvent, auditLogEvent } from './audit-log-event.ts'
import { openAuditLogExport } from './audit-log-export.ts'
import type { CallOptions } from './call-options.ts'

export interface AuditLogsOptions extends CallOptions, QueryOptions {
  /** How many at most: 100 unless it is given, `Infinity` for all. */
  readonly limit?: number | undefined
  /** Leaves out so many of the newest that match. */
  readonly offset?: number | undefined
}

const DEFAULT_LIMIT = 100

/**
 * The events that match, newest first: by `createdAt` as an instant, then by `_id`. Limit and offset are applied after
 * filtering; an `_id` that comes twice counts once, and what is no event is left out. One download, filtered while it
 * arrives: what does not match is not kept.
 *
 * Throws `CONFIG_INVALID` that names every option that is wrong, the `HUB_…` codes, and `STOPPED`.
 */
export async function auditLogs(
  organization: string,
  options: AuditLogsOptions = {},
): Promise<AuditLogEvent[]> {
  const limit = options.limit ?? DEFAULT_LIMIT
  const offset = options.offset ?? 0
  const mistakes = [...countMistakes('limit', limit), ...countMistakes('offset', offset)]
  const { query } = readQuery(options, Date.now(), option => option, mistakes)
  const newest = new NewestEvents(offset + limit, createMemorySpool)
  await queryExport(query, event => newest.add(event), {
    download: condition => openAuditLogExport(organization, condition, options),
  })
  // Only what is an event was added.
  return Array.from(newest.page(offset), bytes => auditLogEvent(parseElement({ bytes }) as ParsedEvent))
}

function countMistakes(option: 'limit' | 'offset', value: number): string[] {
  const isCount = Number.isSafeInteger(value) && value >= 0
  if (isCount || (option === 'limit' && value === Number.POSITIVE_INFINITY)) return []
  const all = option === 'limit' ? ', or Infinity for all' : ''
  return [`${option} is ${String(value)}; allowed is a whole number of at least 0${all}`]
}
