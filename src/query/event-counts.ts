import { compareUtf8 } from '../event/fresh-events.ts'
import { rfc3339Text } from '../event/rfc3339.ts'
import { userOf } from './event-query.ts'
import type { MatchedEvent } from './scan.ts'

export const COUNT_KEYS = ['user', 'action', 'day'] as const
export type CountKey = (typeof COUNT_KEYS)[number]

export interface EventCount {
  /** A user, an event type, or a day in UTC as `2026-08-17`. */
  readonly value: string
  readonly count: number
}

/** How many events there are of each user, action or day. */
export class EventCounts {
  readonly #key: CountKey
  readonly #counts = new Map<string, number>()

  constructor(key: CountKey) {
    this.#key = key
  }

  add(event: Pick<MatchedEvent, 'type' | 'createdAtMs' | 'parsed'>): void {
    const value = countedValue(event, this.#key)
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
  }

  /** Days from the newest on, everything else from the most frequent on. */
  rows(): EventCount[] {
    const rows = Array.from(this.#counts, ([value, count]) => ({ value, count }))
    if (this.#key === 'day') return rows.sort((a, b) => compareUtf8(b.value, a.value))
    return rows.sort((a, b) => b.count - a.count || compareUtf8(a.value, b.value))
  }
}

function countedValue(
  { type, createdAtMs, parsed }: Pick<MatchedEvent, 'type' | 'createdAtMs' | 'parsed'>,
  key: CountKey,
): string {
  switch (key) {
    case 'user':
      return userOf(parsed().event).toWellFormed()
    case 'action':
      return type
    case 'day':
      return rfc3339Text(createdAtMs).slice(0, 10)
  }
}
