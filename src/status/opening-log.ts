import type { Logger } from '../log.ts'

const CODES: readonly unknown[] = ['JOURNAL_UNAVAILABLE', 'REGISTRY_UNAVAILABLE']

/**
 * The same log, with `onTrouble` told what a journal warns of. While it is being opened it waits for its servers by
 * itself and says so nowhere else.
 */
export function notingTrouble(log: Logger, onTrouble: (message: string) => void): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn(fields, message) {
      log.warn(fields, message)
      if (CODES.includes((fields as { code?: unknown }).code)) onTrouble(message)
    },
    error: (fields, message) => log.error(fields, message),
  }
}
