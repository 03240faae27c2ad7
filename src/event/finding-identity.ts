import type { Finding } from './records.ts'

/**
 * When a finding counts as found, for telling it from others. A forwarder that dies after it told a loss, and before its
 * cursor moved, tells it again: that is known by the range in its words, and not by its time.
 */
export function timeOfIdentity({ kind, foundAt }: Finding): number | null {
  return kind === 'UNFORWARDED' ? null : foundAt
}
