import { pino } from 'pino'

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** What every part may write to: pino's call shape, `(fields, message)`. Fields never hold secrets. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface LogOptions {
  readonly level: LogLevel
  /** `pretty` is for a terminal; one JSON object a line otherwise. */
  readonly format: 'json' | 'pretty'
}

/** Of lines that cannot be written now; those beyond are lost. */
const MAX_WAITING_BYTES = 1024 * 1024

/** A logger on stderr; stdout belongs to what a command prints. */
export function createLogger(options: LogOptions): Logger {
  const base = { base: null, level: options.level, timestamp: pino.stdTimeFunctions.isoTime } as const
  if (options.format === 'pretty') {
    const transport = { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } }
    return pino({ ...base, transport })
  }
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MAX_WAITING_BYTES })
  // A log on a full disk must not stop what it tells of: pino would throw for all but a closed pipe. Goes on with room.
  destination.on('error', () => {})
  return pino({ ...base, formatters: { level: label => ({ level: label }) } }, destination)
}

/** Discards everything: for tests and for commands that have nothing to tell. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
