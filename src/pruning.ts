import { setTimeout as delay } from 'node:timers/promises'
import { asConnectorError } from './errors.ts'
import type { Logger } from './log.ts'
import type { Journal } from './ports.ts'

const PRUNE_INTERVAL_MS = 3_600_000
const DAY_MS = 24 * 3_600_000

export interface PruningSettings {
  /** 0: nothing is pruned. */
  readonly sourceTtlDays: number
  /** Whether only what was forwarded may go. */
  readonly forwarding: boolean
}

/** The embedded journal keeps what it was told to keep; Kafka's topics do that by themselves. */
export async function pruneOnce(settings: PruningSettings, journal: Pick<Journal, 'prune'>): Promise<number> {
  if (settings.sourceTtlDays === 0) return 0
  return journal.prune(Date.now() - settings.sourceTtlDays * DAY_MS, settings.forwarding)
}

export async function pruneHourly(
  settings: PruningSettings,
  journal: Pick<Journal, 'prune'>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const removed = await pruneOnce(settings, journal)
      if (removed > 0) log.info({ removed, olderThanDays: settings.sourceTtlDays }, 'pruned the journal')
    } catch (error) {
      log.warn(
        { code: asConnectorError(error).code },
        `pruning will be tried again: ${asConnectorError(error).message}`,
      )
    }
    await delay(PRUNE_INTERVAL_MS, undefined, { signal }).catch(() => {})
  }
}
