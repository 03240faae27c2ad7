import { createFilter } from '../event/filter.ts'
import type { ParsedEvent } from '../event/hub-event.ts'
import { type RepositoryType, repositoryTypesOf } from '../event/repository-types.ts'
import type { AddressQuery } from './address.ts'
import { holdsText } from './free-text.ts'

/** Which events are wanted; what is undefined does not matter. */
export interface EventQuery {
  /** `author.user`. */
  readonly user?: string | undefined
  /** Event types, in which `*` stands for any text: one of them. */
  readonly types?: readonly string[] | undefined
  readonly resourceType?: RepositoryType | undefined
  /** Epoch milliseconds, inclusive. */
  readonly startMs?: number | undefined
  /** Epoch milliseconds, exclusive. */
  readonly endMs?: number | undefined
  readonly address?: { readonly text: string; readonly query: AddressQuery } | undefined
  /** Somewhere in the event, in any case. */
  readonly text?: string | undefined
}

export type EventHead = Pick<ParsedEvent, 'id' | 'type' | 'createdAtMs'>

export interface EventMatcher {
  /** What can be told without parsing the event. */
  head(event: EventHead): boolean
  /** The rest, which holds for every event when `needsBody` is false. */
  body(event: ParsedEvent): boolean
  readonly needsBody: boolean
}

export function createMatcher(query: EventQuery): EventMatcher {
  const { user, types, resourceType, address, text } = query
  const startMs = query.startMs ?? Number.NEGATIVE_INFINITY
  const endMs = query.endMs ?? Number.POSITIVE_INFINITY
  const isWantedType = createFilter({ include: types ?? [], exclude: [] })
  const holds = text === undefined || text === '' ? undefined : holdsText(text)
  const conditions: ((event: ParsedEvent) => boolean)[] = []
  if (user !== undefined) conditions.push(({ event }) => userOf(event) === user)
  if (address !== undefined) {
    conditions.push(({ event }) => typeof event.ip === 'string' && address.query.matches(event.ip))
  }
  if (resourceType !== undefined) {
    conditions.push(({ type, event }) => repositoryTypesOf(type, event.data).has(resourceType))
  }
  if (holds !== undefined) conditions.push(({ event }) => holds(event))
  return {
    head: ({ type, createdAtMs }) => createdAtMs >= startMs && createdAtMs < endMs && isWantedType(type),
    body: event => conditions.every(condition => condition(event)),
    needsBody: conditions.length > 0,
  }
}

/** `author.user`, empty when there is none. */
export function userOf(event: ParsedEvent['event']): string {
  const { author } = event
  const user = typeof author === 'object' && author !== null && 'user' in author ? author.user : undefined
  return typeof user === 'string' ? user : ''
}
