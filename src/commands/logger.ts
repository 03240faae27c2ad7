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
