import type { EventQuery } from './event-query.ts'

/** What may stand in a condition without a rule for quoting it, of which the Hub states none. */
const PLAIN = /^[A-Za-z0-9._:-]{1,255}$/

/**
 * The one condition of a query that the Hub can check itself, as the text of its parameter `q`: `ip:203.0.113.0`,
 * `author:alice` or `type:repo.create`; undefined when it can check none. It takes one and says no more of it, so
 * everything is filtered again on this side, and what it might understand in another way (a glob, several types, an
 * address that it may have anonymized) is not sent.
 * Source: parameter `q` of the export, https://huggingface.co/.well-known/openapi.json as of 2026-08-17.
 */
export function hubCondition({ address, user, types }: EventQuery): string | undefined {
  if (address !== undefined && !address.query.isWide && PLAIN.test(address.text)) return `ip:${address.text}`
  if (user !== undefined && PLAIN.test(user)) return `author:${user}`
  const [type, ...others] = types ?? []
  if (type !== undefined && others.length === 0 && PLAIN.test(type)) return `type:${type}`
  return undefined
}
