import { createDelivery, MAX_ENTRIES } from '../delivery.ts'
import type { Refusal } from '../forwarding-decision.ts'
import type { Logger } from '../log.ts'
import type { JournalEntry, LogSink } from '../ports.ts'
import type { ReplayCursor, ReplayTarget } from '../replay-ports.ts'
import { sleep } from '../retry.ts'
import { withRefused } from './start.ts'

export interface OtlpTargetDependencies {
  readonly sink: LogSink
  readonly cursor: ReplayCursor
  readonly log: Logger
  readonly now: () => number
  readonly random: () => number
}

/**
 * The collector again, with the patience of the forwarder: at least once. A record that it refuses alone is told and
 * counted, and is no new dead letter: the journal is only read.
 */
export function createOtlpTarget(dependencies: OtlpTargetDependencies): ReplayTarget {
  const { sink, cursor, log, now, random } = dependencies
  let refused = 0
  const delivery = createDelivery({ sink, log, now, random, sleep, onRefused })

  async function onRefused({ organization, position }: JournalEntry, refusal: Refusal): Promise<void> {
    refused += 1
    log.warn(
      { organization, position, status: refusal.status },
      `OTLP refused a record, which is left out: ${refusal.message}`,
    )
  }

  return {
    destination: sink.destination,
    async check() {},
    async resume(signal) {
      return { state: await cursor.resume(signal), occupied: false, lost: false }
    },
    async begin(state) {
      await cursor.save(state, undefined)
      return state
    },
    async write(records, state, changed, signal) {
      const before = refused + delivery.rejected()
      for (let from = 0; from < records.length; from += MAX_ENTRIES) {
        const entries = records.slice(from, from + MAX_ENTRIES).map(({ entry }) => entry)
        await delivery.deliver(entries, signal)
      }
      const kept = withRefused(state, changed, refused + delivery.rejected() - before)
      await cursor.save(kept, changed)
      return kept
    },
    trouble: () => delivery.trouble()?.message,
    async close() {
      await cursor.close()
      await sink.close()
    },
  }
}
