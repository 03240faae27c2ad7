import type { Config } from '../config.ts'
import { createLogger, type Logger } from '../log.ts'
import { logWarnings } from './warnings.ts'

/** The logger that the configuration asks for: pretty on a terminal unless it says otherwise. */
export function createLoggerOf(config: Pick<Config, 'log'>): Logger {
  const format = config.log.format ?? (process.stderr.isTTY === true ? 'pretty' : 'json')
  const log = createLogger({ level: config.log.level, format })
  logWarnings(log)
  return log
}

/** A log line must not be written into the middle of a bar. */
export function clearingProgress(log: Logger, clear: () => void): Logger {
  const clearing =
    (method: Logger['info']): Logger['info'] =>
    (fields, message) => {
      clear()
      method(fields, message)
    }
  return {
    debug: log.debug.bind(log),
    info: clearing(log.info.bind(log)),
    warn: clearing(log.warn.bind(log)),
    error: clearing(log.error.bind(log)),
  }
}
