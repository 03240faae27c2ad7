import { constants } from 'node:os'
import { endProcess } from './end-process.ts'

/**
 * The first SIGTERM or SIGINT asks for an orderly end through `signal`; the process has `graceMs` for it. A second one,
 * or the end of that time, ends the process at once: whatever is open then is aborted by the broker or rolled back.
 */
export function stopSignals(): { readonly signal: AbortSignal; limitTo(graceMs: number): void } {
  const controller = new AbortController()
  let graceMs = 25_000
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) endProcess(128 + constants.signals[name])
    controller.abort()
    setTimeout(() => endProcess(0), graceMs).unref()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return {
    signal: controller.signal,
    limitTo(limitMs) {
      graceMs = limitMs
    },
  }
}
