import type { Consumer } from 'kafkajs'

/** When the group's coordinator last took this worker for a member. */
export interface GroupSigns {
  watch(consumer: Consumer): void
  /**
   * When the request was sent that was answered so, by `performance.now()`. An answer can lie unread for long, in a
   * process that was frozen: what counts is when it was asked for.
   */
  lastSentAtMs(): number
  /** Waits for the next answer, or for the signal. */
  next(signal: AbortSignal): Promise<void>
  /** Ends every wait. */
  wake(): void
}

export function createGroupSigns(): GroupSigns {
  const listeners = new Set<() => void>()
  let lastSentAtMs = Number.NEGATIVE_INFINITY
  const wake = () => {
    for (const listener of [...listeners]) listener()
  }
  return {
    watch(consumer) {
      const { REQUEST, HEARTBEAT, GROUP_JOIN } = consumer.events
      /** Of the request whose answer was read last. */
      let sentAtMs = Number.NEGATIVE_INFINITY
      consumer.on(REQUEST, ({ payload: { apiName, duration } }) => {
        if (apiName === 'Heartbeat' || apiName === 'SyncGroup') sentAtMs = performance.now() - duration
      })
      const sign = () => {
        lastSentAtMs = sentAtMs
        wake()
      }
      consumer.on(HEARTBEAT, sign)
      consumer.on(GROUP_JOIN, sign)
    },
    lastSentAtMs: () => lastSentAtMs,
    wake,
    async next(signal) {
      await new Promise<void>(resolve => {
        const done = () => {
          listeners.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        listeners.add(done)
        signal.addEventListener('abort', done, { once: true })
        if (signal.aborted) done()
      })
    },
  }
}
