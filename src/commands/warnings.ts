import type { Logger } from '../log.ts'

/**
 * Node's own warnings as log lines: written as plain text they would stand between the JSON lines. One is left out:
 * kafkajs sets its timers by a difference of times that can be negative, which Node 24 remarks on and otherwise treats
 * as it always did.
 */
export function logWarnings(log: Pick<Logger, 'warn'>): void {
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (warning.name !== 'TimeoutNegativeWarning') log.warn({ warning: warning.name }, warning.message)
  })
}
