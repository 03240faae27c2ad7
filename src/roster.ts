import { isDeepStrictEqual } from 'node:util'
import type { Organization } from './event/organization.ts'

/** The organizations that are polled, which may be others while the program runs. */
export interface Roster<O extends Organization = Organization> {
  /** One array for good: whoever holds it sees what changes. */
  readonly organizations: readonly O[]
  /** What stays as it was stays the same object. */
  replace(organizations: readonly O[]): void
  /** Calls `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void
}

export function createRoster<O extends Organization>(organizations: readonly O[]): Roster<O> {
  const current = [...organizations]
  const listeners = new Set<() => void>()
  return {
    organizations: current,
    replace(next) {
      const kept = next.map(one => current.find(other => isDeepStrictEqual(other, one)) ?? one)
      current.splice(0, current.length, ...kept)
      for (const listener of listeners) listener()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
