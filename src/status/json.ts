import { assess } from './assessment.ts'
import { readiness } from './health.ts'
import type { Status } from './model.ts'

/**
 * The status as programs read it: times in RFC 3339 under names without `Ms`, durations and sizes as numbers with their
 * unit in the name, null for what is not known.
 */
export function statusJson(status: Status): object {
  const { level, headline, notices } = assess(status)
  return { level, headline, ready: readiness(status).ready, ...object(status), notices: value('', notices) }
}

function object(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [nameOf(name), value(name, field)]))
}

function value(name: string, field: unknown): unknown {
  if (field === undefined || field === null) return null
  if (typeof field === 'number' && isInstant(name)) return new Date(field).toISOString()
  if (Array.isArray(field)) return field.map(item => value('', item))
  return typeof field === 'object' ? object(field) : field
}

function nameOf(name: string): string {
  return isInstant(name) ? name.slice(0, -'Ms'.length) : name
}

/** `takenAtMs`, `atMs`, `sinceMs`, but not `lagMs`. */
function isInstant(name: string): boolean {
  return /(?:^at|At|^since)Ms$/.test(name)
}
