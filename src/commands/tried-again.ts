import { asConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { retryDelayMs, sleep } from '../retry.ts'

const TRIES = 5
const RETRY_BASE_MS = 1_000
const RETRY_CAP_MS = 60_000

/** Work that may fail for a while, such as a download, tried again up to five times. */
export async function triedAgain<T>(work: () => Promise<T>, log: Logger, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (thrown) {
      const { code, message, retryable, retryAfterMs } = asConnectorError(thrown)
      if (!retryable || attempt === TRIES || signal.aborted) throw thrown
      const waitMs = retryDelayMs({
        attempt,
        baseMs: RETRY_BASE_MS,
        capMs: RETRY_CAP_MS,
        retryAfterMs,
        random: Math.random(),
      })
      log.warn({ code, retryInMs: waitMs }, message)
      await sleep(waitMs, signal)
    }
  }
}
