import { ConnectorError } from '../../errors.ts'
import { headerText } from '../rate-limit.ts'
import type { Answer } from './call.ts'

const LEAST_PAGE_SIZE = 10
const MOST_PAGE_SIZE = 10_000

export function checkPageSize(pageSize: number): void {
  if (Number.isInteger(pageSize) && pageSize >= LEAST_PAGE_SIZE && pageSize <= MOST_PAGE_SIZE) return
  throw new ConnectorError(
    'CONFIG_INVALID',
    `A page size of ${pageSize} is not possible; allowed is a whole number from ${LEAST_PAGE_SIZE} to ${MOST_PAGE_SIZE}.`,
  )
}

/**
 * The cursor of the next page, from the `Link` header (RFC 8288); undefined after the last one. Only the cursor is
 * taken from there, so that the token goes nowhere else and a gateway's address in front of the Hub stays in use.
 * Throws `HUB_BODY_BROKEN` when the pages come round again: `seen` holds the cursors so far.
 */
export function nextCursor(
  { headers, what }: Pick<Answer, 'headers' | 'what'>,
  seen: Set<string>,
): string | undefined {
  const target = nextLink(headerText(headers, 'link'))
  if (target === undefined) return undefined
  const cursor = URL.parse(target, 'http://localhost')?.searchParams.get('cursor')
  if (!cursor) {
    throw new ConnectorError('HUB_BODY_BROKEN', `The answer to ${what} names a next page without a cursor.`)
  }
  if (seen.has(cursor)) {
    throw new ConnectorError('HUB_BODY_BROKEN', `The pages of ${what} go round in a circle.`)
  }
  seen.add(cursor)
  return cursor
}

/** The target of the link whose relations include `next`. */
export function nextLink(header: string): string | undefined {
  for (const [, target, parameters] of header.matchAll(
    /<([^>]*)>((?:\s*;\s*[^,;="]+(?:=(?:"[^"]*"|[^,;"]*))?)*)/g,
  )) {
    if (relationsOf(parameters!).includes('next')) return target
  }
  return undefined
}

/** One parameter after the other, so that a quoted value is not taken for parameters. */
function relationsOf(parameters: string): string[] {
  for (const [, name, quoted, bare] of parameters.matchAll(
    /;\s*([^\s,;="]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;"]*)))?/g,
  )) {
    if (name!.toLowerCase() === 'rel') return (quoted ?? bare ?? '').toLowerCase().split(/\s+/)
  }
  return []
}
