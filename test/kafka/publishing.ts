import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { asConnectorError } from '../../src/errors.ts'
import { decodeValue } from '../../src/event/avro.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { Journal } from '../../src/ports.ts'
import { batchFrom } from '../contract/batches.ts'
import { readCommitted } from './read-committed.ts'

/** The ids that an export holds. */
export function exportOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `event-${index + 1}`)
}

/** However busy the machine is: what hangs, hangs longer. */
const PATIENCE_MS = 300_000

export interface Publishing {
  readonly ids: readonly string[]
  readonly batchSize: number
  /** Before each commit, with its number. */
  readonly beforeCommit?: (index: number) => void
  /** After each commit. */
  readonly pauseMs?: number
}

/** What the poller does: publishes what is not seen, batch after batch, and starts over after every error. */
export async function publishAll(
  journal: Journal,
  organization: Organization,
  { ids, batchSize, beforeCommit, pauseMs = 0 }: Publishing,
): Promise<{ failures: string[] }> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const failures: string[] = []
  for (let index = 0; ; index++) {
    try {
      const checkpoint = await journal.resume(organization, signal)
      const events = ids.filter(id => checkpoint.seen.slotOf(id) < 0).slice(0, batchSize)
      if (events.length === 0) return { failures }
      beforeCommit?.(index)
      await journal.commit(
        batchFrom(journal, organization, checkpoint, { events, ledger: true, rawLogBytes: 300 }),
      )
      if (pauseMs > 0) await sleep(pauseMs)
    } catch (error) {
      const { code, message } = asConnectorError(error)
      if (signal.aborted) throw error
      failures.push(`${code}: ${message}`)
      await sleep(50)
    }
  }
}

/** Each id once, sequence 1, 2, 3, … in the order of the topic, whatever happened. */
export async function assertExactlyOnce(
  brokers: string,
  topic: string,
  organization: Organization,
  ids: readonly string[],
): Promise<void> {
  const records = await readCommitted(brokers, topic)
  const ours = records.filter(({ key }) => key?.toString() === organization.identity)
  const events = ours.map(({ value }) => decodeValue('events', value!))
  assert.deepEqual(events.map(({ eventID }) => eventID).sort(), [...ids].sort())
  assert.deepEqual(
    events.map(({ sequence }) => sequence),
    events.map((_, index) => index + 1),
  )
}
