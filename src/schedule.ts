/**
 * When to poll next, as pure functions of the time that is passed in.
 */

/** Share of the interval by which a wait may be shorter or longer, so that organizations do not poll in step. */
const JITTER = 0.1

/**
 * Milliseconds from now until the next poll: the interval counts from the start of the last one, and a poll that took
 * longer than the interval is followed at once. Never negative. `random` is in [0, 1).
 */
export function nextPollDelayMs(at: {
  intervalMs: number
  startedAtMs: number
  nowMs: number
  random: number
}): number {
  const jittered = at.intervalMs * (1 + JITTER * (2 * at.random - 1))
  const elapsed = Math.max(0, at.nowMs - at.startedAtMs)
  return Math.max(0, Math.round(jittered - elapsed))
}

/** The wait of the first poll after a start: spread over at most a second for each organization beyond the first. */
export function firstPollDelayMs(at: { organizations: number; intervalMs: number; random: number }): number {
  const spreadMs = Math.min(at.intervalMs, (at.organizations - 1) * 1000)
  return Math.round(spreadMs * at.random)
}

/** The wait before trying again a blocked organization, jittered likewise. */
export function blockedDelayMs(at: { blockedRetryMs: number; random: number }): number {
  return Math.round(at.blockedRetryMs * (1 + JITTER * (2 * at.random - 1)))
}
