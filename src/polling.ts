import { asConnectorError, blocksOrganization, ConnectorError } from './errors.ts'
import type { Organization } from './event/organization.ts'
import type { Poller, PollOutcome } from './poller.ts'
import { retryDelayMs, sleep, stoppedError } from './retry.ts'
import { blockedDelayMs, firstPollDelayMs, nextPollDelayMs } from './schedule.ts'

export interface PollingSettings {
  readonly pollIntervalMs: number
  readonly blockedRetryMs: number
  /** How many organizations share the first seconds after the start. */
  readonly organizations: number
}

export interface PollingDependencies {
  readonly poller: Pick<Poller, 'poll'>
  readonly now: () => number
  readonly random: () => number
  readonly onPolled: (organization: Organization, outcome: PollOutcome) => void
  /** A try that failed; `retryInMs` is undefined when there will be no other. */
  readonly onFailed: (
    organization: Organization,
    error: ConnectorError,
    retryInMs: number | undefined,
  ) => void
  /** Told before each wait of an organization that is polled again and again. */
  readonly onWaiting?: (organization: Organization, forMs: number) => void
}

const RETRY_BASE_MS = 1_000
const RETRY_CAP_MS = 60_000

/** Errors after which going on would be wrong for the whole process, not for one organization. */
function isFatal(error: ConnectorError): boolean {
  return (
    error.code === 'JOURNAL_MISMATCH' || error.code === 'JOURNAL_FOREIGN' || error.code === 'CONFIG_INVALID'
  )
}

/** How long until the next try of a poll that failed. A blocked organization waits long, all else with full jitter. */
function delayAfter(
  error: ConnectorError,
  attempt: number,
  settings: Pick<PollingSettings, 'blockedRetryMs'>,
  random: () => number,
): number {
  if (blocksOrganization(error))
    return blockedDelayMs({ blockedRetryMs: settings.blockedRetryMs, random: random() })
  return retryDelayMs({
    attempt,
    baseMs: RETRY_BASE_MS,
    capMs: RETRY_CAP_MS,
    retryAfterMs: error.retryAfterMs,
    random: random(),
  })
}

/**
 * Polls one organization for as long as the signals allow. A failed poll is tried again; nothing but an error that is
 * fatal to the whole process ends the loop. `signal` cuts off a poll that is under way, `ending` lets it come to its
 * end. Returns when one of them is aborted; throws only what is fatal.
 */
export async function keepPolling(
  organization: Organization,
  settings: PollingSettings,
  dependencies: PollingDependencies,
  signal: AbortSignal,
  ending: AbortSignal = signal,
): Promise<void> {
  const { now, random } = dependencies
  const either = AbortSignal.any([signal, ending])
  let delayMs = firstPollDelayMs({
    organizations: settings.organizations,
    intervalMs: settings.pollIntervalMs,
    random: random(),
  })
  let attempt = 0
  const waited = (): Promise<boolean> => {
    dependencies.onWaiting?.(organization, delayMs)
    return slept(delayMs, either)
  }
  while (await waited()) {
    const startedAtMs = now()
    try {
      dependencies.onPolled(organization, await dependencies.poller.poll(organization, signal))
      attempt = 0
      delayMs = nextPollDelayMs({
        intervalMs: settings.pollIntervalMs,
        startedAtMs,
        nowMs: now(),
        random: random(),
      })
    } catch (caught) {
      const error = asConnectorError(caught)
      if (signal.aborted) return
      if (isFatal(error)) throw error
      attempt += 1
      delayMs = delayAfter(error, attempt, settings, random)
      dependencies.onFailed(organization, error, either.aborted ? undefined : delayMs)
    }
  }
}

/**
 * Polls one organization until it succeeded once, is blocked, or the signal (a time-out, or a stop) is aborted.
 * Returns undefined on success, else the last error; `STOPPED` when it was stopped before anything went wrong.
 */
export async function pollOnce(
  organization: Organization,
  settings: Pick<PollingSettings, 'blockedRetryMs'>,
  dependencies: PollingDependencies,
  signal: AbortSignal,
): Promise<ConnectorError | undefined> {
  let last: ConnectorError | undefined
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      dependencies.onPolled(organization, await dependencies.poller.poll(organization, signal))
      return undefined
    } catch (caught) {
      const error = asConnectorError(caught)
      // What was cut off says nothing itself: what went wrong before it does, if anything did.
      if (signal.aborted && error.code === 'STOPPED') break
      last = error
      const final = isFatal(error) || blocksOrganization(error) || !isTransient(error)
      const delayMs = final ? undefined : delayAfter(error, attempt, settings, dependencies.random)
      dependencies.onFailed(organization, error, delayMs)
      if (delayMs === undefined) return error
      await slept(delayMs, signal)
    }
  }
  if (last !== undefined) return last
  if ((signal.reason as Error | undefined)?.name !== 'TimeoutError') return stoppedError(signal)
  const error = new ConnectorError(
    'HUB_UNAVAILABLE',
    `The poll of "${organization.name}" was not done within --timeout: what it had not yet published comes with the ` +
      'next one. If the Hub or the way to it is slow, give it more time.',
    { retryable: true },
  )
  dependencies.onFailed(organization, error, undefined)
  return error
}

function isTransient(error: ConnectorError): boolean {
  return error.retryable || error.code === 'JOURNAL_STALE' || error.code === 'JOURNAL_NOT_OWNED'
}

/** False when the signal ended the wait. */
async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, signal)
    return !signal.aborted
  } catch {
    return false
  }
}
