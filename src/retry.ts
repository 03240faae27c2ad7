import { setTimeout as delay } from 'node:timers/promises'
import { ConnectorError } from './errors.ts'

/**
 * How long to wait before try `attempt` + 1 (`attempt` counts from 1): full jitter, a random share of a ceiling that
 * doubles with each try up to `capMs`; never less than what the server asked for (`retryAfterMs`), which the cap does
 * not shorten. `random` is in [0, 1).
 * See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(at: {
  attempt: number
  baseMs: number
  capMs: number
  retryAfterMs?: number | undefined
  random: number
}): number {
  const ceilingMs = Math.min(at.capMs, at.baseMs * 2 ** Math.max(0, at.attempt - 1))
  return Math.max(Math.round(at.random * ceilingMs), at.retryAfterMs ?? 0)
}

/** Waits. Throws `STOPPED` as soon as the signal is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch (error) {
    if (signal.aborted) throw new ConnectorError('STOPPED', 'Stopped while waiting.', { cause: error })
    throw error
  }
}
