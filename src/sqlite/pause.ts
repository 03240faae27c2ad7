/** Resolves after a while, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })
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
