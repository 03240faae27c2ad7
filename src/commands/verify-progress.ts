import { Presets, SingleBar } from 'cli-progress'
import type { Logger } from '../log.ts'
import type { ScanProgress } from '../stored-journal.ts'

/** Without a terminal: a line as often as this. */
const LINE_INTERVAL_MS = 10_000
/** Fewer are read before anybody looks. */
const FROM_RECORDS = 20_000

export interface VerifyProgress {
  show(progress: ScanProgress): void
  /** Call before anything else is written to the terminal. */
  clear(): void
}

/** How much of the journal was read: a bar on a terminal, else lines in the log. */
export function createVerifyProgress(terminal: boolean, log: Pick<Logger, 'info'>): VerifyProgress {
  return terminal ? createBar() : createLines(log)
}

function createBar(): VerifyProgress {
  let bar: SingleBar | undefined
  return {
    show({ done, total }) {
      if (total < FROM_RECORDS) return
      if (bar === undefined) {
        const format = 'verify [{bar}] {percentage}% | {value}/{total} | {eta_formatted} left'
        bar = new SingleBar(
          { format, stream: process.stderr, clearOnComplete: true, hideCursor: true },
          Presets.rect,
        )
        bar.start(total, done)
      } else {
        bar.update(done)
      }
    },
    clear() {
      bar?.stop()
      bar = undefined
    },
  }
}

function createLines(log: Pick<Logger, 'info'>): VerifyProgress {
  let saidAt = performance.now()
  return {
    show({ done, total }) {
      if (performance.now() - saidAt < LINE_INTERVAL_MS) return
      saidAt = performance.now()
      log.info({ done, total, percent: Math.floor((100 * done) / Math.max(1, total)) }, 'verifying')
    },
    clear() {},
  }
}
