import { setTimeout as sleep } from 'node:timers/promises'
import type { EachBatchPayload } from 'kafkajs'
import { asConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import type { ForwardingSource, JournalEntry } from '../ports.ts'

export type Deliver = Parameters<ForwardingSource['run']>[0]

const HEARTBEAT_INTERVAL_MS = 1_000
const RETRY_WAIT_MS = 500

/**
 * Calls `deliver` until it resolves, keeping the place in the group all the while. Rejects with the signal, or with the
 * group's error when the values now belong to another worker; `deliver`'s own signal is aborted then.
 */
export async function deliverUntilDone(
  entries: readonly JournalEntry[],
  deliver: Deliver,
  { heartbeat, isRunning, isStale }: Pick<EachBatchPayload, 'heartbeat' | 'isRunning' | 'isStale'>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const lost = new AbortController()
  let groupError: unknown
  const timer = setInterval(() => {
    if (!isRunning() || isStale()) lost.abort()
    heartbeat().catch((error: unknown) => {
      groupError ??= error
      lost.abort()
    })
  }, HEARTBEAT_INTERVAL_MS)
  const ended = AbortSignal.any([signal, lost.signal])
  try {
    for (;;) {
      try {
        ended.throwIfAborted()
        await deliver(entries, ended)
        return
      } catch (error) {
        if (ended.aborted) throw groupError ?? error
        log.warn(
          { entries: entries.length },
          `delivery failed and is tried again: ${asConnectorError(error).message}`,
        )
        await sleep(RETRY_WAIT_MS, undefined, { signal: ended }).catch(() => undefined)
      }
    }
  } finally {
    clearInterval(timer)
  }
}
