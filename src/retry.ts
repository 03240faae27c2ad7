import { ConnectorError } from './errors.ts'

/** The longest single wait that a server can impose. */
export const MAX_WAIT_MS = 3_600_000
/** What setTimeout takes; more would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * How long to wait before try `attempt` + 1 (`attempt` counts from 1): full jitter, a random share of a ceiling that
 * doubles with each try up to `capMs`; never less than what the server asked for. `random` is in [0, 1).
 * See https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function retryDelayMs(at: {
  readonly attempt: number
  readonly baseMs: number
  readonly capMs: number
  readonly retryAfterMs?: number | undefined
  readonly random: number
}): number {
  const ceilingMs = Math.min(at.capMs, at.baseMs * 2 ** Math.max(0, at.attempt - 1))
  return Math.max(Math.round(at.random * ceilingMs), boundedWaitMs(at.retryAfterMs ?? 0))
}

/** Between 0 and an hour, whatever a header said; 0 for NaN. */
export function boundedWaitMs(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_WAIT_MS) : 0
}

/**
 * `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, section 10.2.3). Undefined when it is
 * neither, 0 for a date in the past, at most {@link MAX_WAIT_MS}.
 */
export function parseRetryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(text)) return boundedWaitMs(Number(text) * 1000)
  // Date.parse takes nearly anything ("-5" is a year), so it gets to see HTTP dates only: they begin with a weekday.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : boundedWaitMs(atMs - nowMs)
}

/** Rejects with `STOPPED` as soon as the signal is aborted. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(stoppedError(signal))
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(stoppedError(signal))
    }
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      },
      Math.min(ms, MAX_TIMER_MS),
    )
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

export function stoppedError(signal: AbortSignal): ConnectorError {
  return new ConnectorError('STOPPED', 'Stopped on request.', { cause: signal.reason })
}
