import type { JournalEntry } from '../ports.ts'
import { eventTimeOf, instantWords, receivedTimeOf, sequenceOf } from './range.ts'

/** What was seen of one organization's records; times in RFC 3339. */
export interface OrganizationTally {
  readonly organization: string
  readonly records: number
  readonly firstSequence: number | null
  readonly lastSequence: number | null
  readonly firstReceivedAt: string
  readonly lastReceivedAt: string
  readonly firstEventTime: string | null
  readonly lastEventTime: string | null
}

export interface Tally {
  add(entry: JournalEntry): void
  organizations(): OrganizationTally[]
}

interface Extent {
  least: number
  most: number
}

interface Counted {
  records: number
  sequence: Extent | undefined
  received: Extent | undefined
  event: Extent | undefined
}

/** Counts records by organization. Memory grows with the organizations, not with the records. */
export function createTally(): Tally {
  const seen = new Map<string, Counted>()

  function widen(known: Extent | undefined, value: number | undefined): Extent | undefined {
    if (value === undefined) return known
    if (known === undefined) return { least: value, most: value }
    known.least = Math.min(known.least, value)
    known.most = Math.max(known.most, value)
    return known
  }

  return {
    add(entry) {
      let counted = seen.get(entry.organization)
      if (counted === undefined) {
        counted = { records: 0, sequence: undefined, received: undefined, event: undefined }
        seen.set(entry.organization, counted)
      }
      counted.records += 1
      counted.sequence = widen(counted.sequence, sequenceOf(entry))
      counted.received = widen(counted.received, receivedTimeOf(entry))
      counted.event = widen(counted.event, eventTimeOf(entry))
    },
    organizations() {
      return [...seen].map(([organization, { records, sequence, received, event }]) => ({
        organization,
        records,
        firstSequence: sequence?.least ?? null,
        lastSequence: sequence?.most ?? null,
        firstReceivedAt: instantWords(received!.least),
        lastReceivedAt: instantWords(received!.most),
        firstEventTime: event === undefined ? null : instantWords(event.least),
        lastEventTime: event === undefined ? null : instantWords(event.most),
      }))
    },
  }
}
