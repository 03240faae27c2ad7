import { Presets, SingleBar } from 'cli-progress'
import type { PollProgress } from '../poller.ts'

/** A backfill is worth a bar, an everyday poll is not. */
const FROM_EVENTS = 2_000
const FROM_BYTES = 4_000_000

export interface ProgressDisplay {
  show(progress: PollProgress): void
  /** Call before anything else is written to the terminal. */
  clear(): void
}

/**
 * One bar on stderr while a long download or publication runs. Several organizations share it: it shows the one that
 * reported last. Without a terminal it shows nothing.
 */
export function createProgressDisplay(terminal: boolean): ProgressDisplay {
  if (!terminal) return { show() {}, clear() {} }
  let bar: SingleBar | undefined
  let label = ''

  function clear(): void {
    bar?.stop()
    bar = undefined
    label = ''
  }

  return {
    clear,
    show({ organization, phase, done, total }) {
      if (total === undefined || total < (phase === 'publishing' ? FROM_EVENTS : FROM_BYTES)) return
      const next = `${organization.name}: ${phase}`
      if (bar === undefined || label !== next) {
        clear()
        label = next
        const format = '{label} [{bar}] {percentage}% | {value}/{total} | {eta_formatted} left'
        bar = new SingleBar(
          { format, stream: process.stderr, clearOnComplete: true, hideCursor: true },
          Presets.rect,
        )
        bar.start(total, done, { label })
      } else {
        bar.update(done)
      }
      if (done >= total) clear()
    },
  }
}
