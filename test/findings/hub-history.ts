import { eventText, idOf } from '../support/exports.ts'

/**
 * The truth: what the Hub's log really held, state by state, and what an export of one of these states shows. It knows
 * nothing of the connector.
 */
export interface LoggedEvent {
  readonly id: string
  readonly createdAtMs: number
  readonly type: string
  /** Counts what was done to its content. */
  readonly version: number
  /** Counts what the Hub rewrote: `author.deleted`, `author.user`, `author.avatarUrl`, `token.deleted`. */
  readonly rewrites: number
}

/** In the order of their arrival. */
export type LogState = readonly LoggedEvent[]

/** How a capped export is cut: the youngest by date, or the last to arrive. The Hub does not say. */
export type Cut = 'by-date' | 'by-arrival'

export function windowOf(state: LogState, cap: number, cut: Cut): LoggedEvent[] {
  const sorted =
    cut === 'by-arrival'
      ? [...state]
      : [...state].sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))
  return sorted.slice(-cap)
}

/** One element of an export as the oracle sees it: an event with its bytes, or poison. */
export interface ShownElement {
  readonly bytes: string
  readonly event?: LoggedEvent
  /** Of poison that carries the id of an event. */
  readonly poisonedId?: string
}

/** The element of an event; `layout` varies what says nothing: white space and the order of keys. */
export function elementOf(event: LoggedEvent, layout: number): ShownElement {
  const { id, createdAtMs, type, version, rewrites } = event
  const author = {
    _id: 'a'.repeat(24),
    user: rewrites > 1 ? 'renamed-example' : 'alice-example',
    avatarUrl: rewrites > 2 ? '/avatars/new.svg' : '/avatars/alice.svg',
    type: 'user',
    ...(rewrites > 0 && { deleted: true }),
  }
  const token = { type: 'access_token', id: 'b'.repeat(24), deleted: rewrites > 0 }
  const plain = eventText(0, createdAtMs, { _id: id, type, message: `Version ${version}`, author, token })
  return { event, bytes: laidOut(plain, layout) }
}

function laidOut(text: string, layout: number): string {
  const value = JSON.parse(text)
  if (layout % 3 === 1) return JSON.stringify(value, null, 1)
  if (layout % 3 === 2) return JSON.stringify(Object.fromEntries(Object.entries(value).reverse()))
  return text
}

const POISON: readonly ((n: number) => string)[] = [
  n => String(n),
  n => `"text ${n}"`,
  n => `[${n}]`,
  n => `{"_id":${n}}`,
  n => `{"_id":"${idOf(0xffff00 + n)}","type":"repo.create","createdAt":"yesterday"}`,
]

export function poisonElement(kind: number, n: number): ShownElement {
  return { bytes: POISON[kind % POISON.length]!(n) }
}

/** The event's id with a body that is none. */
export function poisonedElement(event: LoggedEvent, n: number): ShownElement {
  const bytes = `{"_id":"${event.id}","type":"repo.create","createdAt":${n}}`
  return { bytes, poisonedId: event.id }
}
