import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin, Kafka } from 'kafkajs'
import { ConnectorError } from '../errors.ts'
import type { Logger } from '../log.ts'
import { journalError } from './client-errors.ts'

const RETRY_WAIT_MS = 2_000

/** Runs `work` with an admin client of its own. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await work(admin)
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

/**
 * Tries until it works, telling so, or until waiting does not help. When the signal ends it, the error is the last one
 * that there was: what the time was waited for.
 */
export async function untilReachable<T>(
  doing: string,
  work: () => Promise<T>,
  log: Logger,
  signal: AbortSignal,
): Promise<T> {
  let last: ConnectorError | undefined
  for (;;) {
    if (signal.aborted) throw last ?? stopped(doing)
    try {
      return await orAborted(work(), signal)
    } catch (thrown) {
      if (signal.aborted) throw last ?? stopped(doing, thrown)
      last = journalError(thrown, doing)
      if (!last.retryable) throw last
      log.warn({ code: last.code }, `${last.message}; trying again in ${RETRY_WAIT_MS / 1000} s`)
    }
    await sleep(RETRY_WAIT_MS, undefined, { signal }).catch(() => undefined)
  }
}

function stopped(doing: string, cause?: unknown): ConnectorError {
  return new ConnectorError('JOURNAL_UNAVAILABLE', `${doing}: ended before there was an answer`, {
    retryable: true,
    cause,
  })
}

/** kafkajs knows no signals: its work goes on to its own end, and nobody waits for it. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort!)
  }
}
