import { setTimeout as delay } from 'node:timers/promises'

/** Resolves after a while, or as soon as the signal is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal })
  } catch {
    // Aborted: whoever waits looks at the signal.
  }
}

/** Wakes one waiter; a ring that nobody waited for is not lost. */
export interface Bell {
  ring(): void
  /** Resolves when it rings or rang, after a while, or when the signal is aborted. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let rung = false
  let wake: AbortController | undefined
  return {
    ring() {
      rung = true
      wake?.abort()
    },
    async wait(ms, signal) {
      if (!rung) {
        wake = new AbortController()
        await pause(ms, AbortSignal.any([wake.signal, signal]))
        wake = undefined
      }
      rung = false
    },
  }
}
