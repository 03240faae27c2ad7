import type { ErrorCode } from '../errors.ts'
import type { Logger } from '../log.ts'

/**
 * The same log, with `onTrouble` told what a journal warns of. While it is being opened it waits for its servers by
 * itself and says so nowhere else.
 */
export function notingTrouble(log: Logger, onTrouble: (message: string, code: ErrorCode) => void): Logger {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn(fields, message) {
      log.warn(fields, message)
      const { code } = fields as { readonly code?: ErrorCode }
      if (code === 'JOURNAL_UNAVAILABLE' || code === 'REGISTRY_UNAVAILABLE') onTrouble(message, code)
    },
    error: (fields, message) => log.error(fields, message),
  }
}
