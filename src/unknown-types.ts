import type { Logger } from './log.ts'

/** So many types are told of and counted by name: the Hub has some 120, and a text of an event must not fill memory. */
const MAX_TYPES = 500

export interface UnknownTypes {
  /** Counts an event of a type that the catalogue lacks; warns of each type once in the life of the process. */
  note(type: string): void
  /** Events by type. What came after the first 500 types is not among them. */
  counts(): ReadonlyMap<string, number>
}

export function createUnknownTypes(log: Pick<Logger, 'warn'>): UnknownTypes {
  const counts = new Map<string, number>()
  let restTold = false
  return {
    note(type) {
      const before = counts.get(type)
      if (before !== undefined) counts.set(type, before + 1)
      else if (counts.size < MAX_TYPES) {
        counts.set(type, 1)
        log.warn(
          { eventType: type },
          `the event type ${JSON.stringify(type)} is not in this version's catalogue: its events are published all the ` +
            'same, tagged unknownType, with severity INFO and the OCSF class 6003, activity 99; a newer version may know it',
        )
      } else if (!restTold) {
        restTold = true
        log.warn({}, `more than ${MAX_TYPES} unknown event types; further ones are not told`)
      }
    },
    counts: () => counts,
  }
}
