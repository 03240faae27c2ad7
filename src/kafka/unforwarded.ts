import type { Organization } from '../event/organization.ts'
import type { Finding } from '../event/records.ts'
import type { TopicPartition } from './partition-reader.ts'

/** Where the forwarders' group stood in a partition, and where that begins now: behind it, or before it. */
export interface LostPlace extends TopicPartition {
  /** Undefined when it is not known. */
  readonly from: number | undefined
  readonly to: number
}

/** The topic begins before the place at which the group stood: it is another topic of the same name. */
export function isReplaced({ from, to }: Pick<LostPlace, 'from' | 'to'>): boolean {
  return from !== undefined && from > to
}

/**
 * What is told of records that the forwarders' group can no longer read. `isAlone`: no other organization lives in the
 * partition; else whose they were cannot be told.
 */
export function unforwardedFinding(
  place: LostPlace,
  { identity, endpoint }: Organization,
  isAlone: boolean,
  foundAt: number,
): Finding {
  const { topic, partition, from, to } = place
  const count = from === undefined || isReplaced(place) || !isAlone ? 0 : to - from
  const stood = `The forwarder's place in ${topic}[${partition}] was offset ${from ?? 'unknown'}`
  const message = isReplaced(place)
    ? `${stood}, and the topic now begins at ${to}: it was replaced. All before that place had been forwarded; whether ` +
      'the former topic held more is not known.'
    : `${stood}, and the topic now begins at ${to}: ${count === 0 ? 'records' : `up to ${count} records`} never reached ` +
      'OTLP. They were deleted by retention, or the topic was replaced.'
  return {
    organization: identity,
    endpoint,
    kind: 'UNFORWARDED',
    foundAt,
    severity: isReplaced(place) ? 'WARN' : 'ERROR',
    message,
    count,
    ids: [],
    newestPublishedAt: null,
    oldestReceivedAt: null,
    sequence: 0,
  }
}
