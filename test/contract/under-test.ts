import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { asConnectorError } from '../../src/errors.ts'
import type { Checkpoint } from '../../src/event/checkpoint.ts'
import type { Organization } from '../../src/event/organization.ts'
import type { ForwardingSource, Journal, JournalEntry, JournalReader, TailOptions } from '../../src/ports.ts'

/** One store (a directory, the topics under one prefix) and ways to reach it; nothing is opened yet. */
export interface JournalUnderTest {
  /** A journal such as a process of its own would make. */
  createJournal(organizations: readonly Organization[]): Journal
  createReader(): JournalReader
  createForwarding(): ForwardingSource
  /** What the death of the journal's process leaves behind: nothing is finished or told, another can take over. */
  crash(journal: Journal): Promise<void>
  /** Whether `prune` deletes: a broker's retention does that for Kafka. */
  readonly prunes: boolean
}

export type JournalFactory = (t: TestContext) => Promise<JournalUnderTest>

/** How long anything that becomes true on its own may take: a broker's markers, a group's join, on a busy machine. */
const PATIENCE_MS = 90_000
const LOOK_AGAIN_MS = 50

/** Opens a journal and waits until it owns the organizations. Closed when the test ends, if not before. */
export async function openJournal(
  t: TestContext,
  store: JournalUnderTest,
  organizations: readonly Organization[],
): Promise<Journal> {
  const journal = store.createJournal(organizations)
  const stop = new AbortController()
  t.after(async () => {
    stop.abort()
    await journal.close()
  })
  await journal.open(stop.signal)
  const ownership = journal.ownership(stop.signal)[Symbol.asyncIterator]()
  for (;;) {
    const { value: owned, done } = await ownership.next()
    if (done) throw new Error('ownership ended before the organizations were owned')
    if (organizations.every(({ identity }) => owned.has(identity))) break
  }
  // Goes on as in the connector: a group's changes must be taken while the journal is open.
  void (async () => {
    while (!(await ownership.next()).done);
  })()
  return journal
}

/** `resume`, as the poller does it: an error that is retryable is tried again. */
export async function resumed(journal: Journal, organization: Organization): Promise<Checkpoint> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      return await journal.resume(organization, new AbortController().signal)
    } catch (error) {
      if (!asConnectorError(error).retryable || Date.now() > deadline) throw error
      await delay(LOOK_AGAIN_MS)
    }
  }
}

/** Everything that is committed for one organization, once there are `count` values: a broker may take a moment. */
export async function readAll(
  t: TestContext,
  store: JournalUnderTest,
  count: number,
  options: Pick<TailOptions, 'streams'> & { readonly organization: string },
): Promise<JournalEntry[]> {
  const reader = await openReader(t, store)
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const entries: JournalEntry[] = []
    const tail = reader.tail({ ...options, fromBeginning: true, follow: false }, new AbortController().signal)
    for await (const entry of tail) entries.push(entry)
    if (entries.length >= count || Date.now() > deadline) return entries
    await delay(LOOK_AGAIN_MS)
  }
}

export async function openReader(t: TestContext, store: JournalUnderTest): Promise<JournalReader> {
  const reader = store.createReader()
  t.after(() => reader.close())
  await reader.open(new AbortController().signal)
  return reader
}

/** Waits for what becomes true on its own; returns whether it did. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + PATIENCE_MS
  while (!(await holds())) {
    if (Date.now() > deadline) return false
    await delay(LOOK_AGAIN_MS)
  }
  return true
}

export function sequencesOf(entries: readonly JournalEntry[]): number[] {
  return entries.flatMap(entry => (entry.stream === 'events' ? [entry.record.sequence] : []))
}
