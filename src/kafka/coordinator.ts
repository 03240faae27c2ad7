import { setTimeout as sleep } from 'node:timers/promises'
import { isCoordinatorStarting } from './client-errors.ts'

const WAIT_MS = 200
const TIMEOUT_MS = 60_000

/**
 * Asks again while the group's coordinator reads what it keeps, or moves: with a broker that has just started, or the
 * first group of all, that takes some seconds. kafkajs tries again only to find the coordinator, not what it is asked.
 * `ask` must be able to run more than once. The error is the coordinator's when it was not ready within a minute, or
 * the signal ended the waiting.
 */
export async function whenCoordinatorReady<T>(
  ask: () => Promise<T>,
  { signal, waitMs = WAIT_MS }: { readonly signal?: AbortSignal | undefined; readonly waitMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + TIMEOUT_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!isCoordinatorStarting(error) || signal?.aborted === true || Date.now() > deadline) throw error
      await sleep(waitMs)
    }
  }
}
