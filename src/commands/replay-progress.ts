import { Presets, SingleBar } from 'cli-progress'
import type { Logger } from '../log.ts'
import type { Totals } from '../replay/start.ts'

/** Without a terminal: a line as often as this. */
const LINE_INTERVAL_MS = 5_000

export interface ReplayProgress {
  show(totals: Totals): void
  /** Call before anything else is written to the terminal. */
  clear(): void
}

/** How much of the journal's part was looked through, and how many records of it were sent: a bar, or lines in the log. */
export function createReplayProgress(terminal: boolean, log: Pick<Logger, 'info'>): ReplayProgress {
  return terminal ? createBar() : createLines(log)
}

function createBar(): ReplayProgress {
  let bar: SingleBar | undefined
  return {
    show({ sent, done, total }) {
      if (bar === undefined) {
        const format = 'replay [{bar}] {percentage}% | {sent} sent | {eta_formatted} left'
        bar = new SingleBar(
          { format, stream: process.stderr, clearOnComplete: true, hideCursor: true },
          Presets.rect,
        )
        bar.start(total, done, { sent: sent.toLocaleString('en-US') })
      } else {
        bar.update(done, { sent: sent.toLocaleString('en-US') })
      }
    },
    clear() {
      bar?.stop()
      bar = undefined
    },
  }
}

function createLines(log: Pick<Logger, 'info'>): ReplayProgress {
  let saidAt = performance.now()
  return {
    show({ sent, refused, done, total }) {
      if (performance.now() - saidAt < LINE_INTERVAL_MS) return
      saidAt = performance.now()
      log.info({ sent, refused, percent: Math.floor((100 * done) / Math.max(1, total)) }, 'replaying')
    },
    clear() {},
  }
}
