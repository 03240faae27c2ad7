import type { Logger } from './log.ts'

/** So many types are told of by name: the Hub has some 120, and a text of an event must not fill memory. */
const MAX_TYPES = 500

/** Warns of each event type that the catalogue lacks once in the life of the process. Counting is the status's part. */
export function createUnknownTypeWarnings(log: Pick<Logger, 'warn'>): (type: string) => void {
  const told = new Set<string>()
  let restTold = false
  return type => {
    if (told.has(type)) return
    if (told.size < MAX_TYPES) {
      told.add(type)
      log.warn(
        { eventType: type },
        `the event type ${JSON.stringify(type)} is not in this version's catalogue: its events are published all the ` +
          'same, tagged unknownType, with severity INFO and the OCSF class 6003, activity 99; a newer version may know it',
      )
    } else if (!restTold) {
      restTold = true
      log.warn({}, `more than ${MAX_TYPES} unknown event types; further ones are not told`)
    }
  }
}
