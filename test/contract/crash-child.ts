import { writeSync } from 'node:fs'
import type { Organization } from '../../src/event/organization.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import type { ForwardingSource, Journal } from '../../src/ports.ts'
import { batchFrom, deadLetter, seenEntry } from './batches.ts'
import { killAtRequest, type RequestPoint } from './crash-at-request.ts'
import { killAtStatement, type StatementPoint } from './crash-at-statement.ts'

export type CrashStep = 'open' | 'resume' | 'commit' | 'letter' | 'forward' | 'prune'

/** One step of a journal's work, in the midst of which this process kills itself. */
export interface CrashJob {
  readonly reach: { readonly dataDirectory: string } | { readonly settings: KafkaSettings }
  readonly organization: Organization
  readonly step: CrashStep
  /** `delivery`: in the hand-over of that number, before or after it has printed what it was given. */
  readonly at:
    | StatementPoint
    | RequestPoint
    | { readonly delivery: number; readonly when: 'before' | 'after' }
}

/** `<job as JSON>` */
if (process.argv[2] !== undefined) await work(JSON.parse(process.argv[2]) as CrashJob)

async function work({ reach, organization, step, at }: CrashJob): Promise<void> {
  const signal = AbortSignal.timeout(120_000)
  const arm = (): void => {
    if ('statement' in at) killAtStatement(at)
    if ('api' in at) killAtRequest(at)
  }
  const { journal, source } = await reached(reach, organization)
  if (step === 'open') arm()
  await journal.open(signal)
  if (step === 'resume') arm()
  const checkpoint = await journal.resume(organization, signal)
  const batch = batchFrom(journal, organization, checkpoint, {
    events: ['a', 'b', 'c'],
    deadLetters: 1,
    findings: 1,
    ledger: true,
    put: [seenEntry('filtered', { state: 'filtered' })],
    remove: ['first'],
  })
  switch (step) {
    case 'open':
    case 'resume':
      return
    case 'commit':
      arm()
      return journal.commit(batch)
    case 'prune':
      arm()
      await journal.prune(Date.parse('2026-02-01T00:00:00Z'), false)
      return
    case 'letter':
      await source.open(signal)
      arm()
      return source.storeDeadLetter(
        organization.identity,
        deadLetter(organization, '{"refused":1}', 1_795_219_200_000),
      )
    case 'forward':
      await source.open(signal)
      arm()
      return forward(source, 'delivery' in at ? at : undefined, signal)
  }
}

async function forward(
  source: ForwardingSource,
  at: { readonly delivery: number; readonly when: 'before' | 'after' } | undefined,
  signal: AbortSignal,
): Promise<void> {
  let deliveries = 0
  await source.run(
    async entries => {
      deliveries += 1
      if (at?.delivery === deliveries && at.when === 'before') die()
      // At once: what was printed was delivered.
      for (const entry of entries) if (entry.stream === 'events') writeSync(1, `${entry.record.sequence}\n`)
      if (at?.delivery === deliveries) die()
    },
    { maxEntries: 4 },
    signal,
  )
}

async function reached(
  reach: CrashJob['reach'],
  organization: Organization,
): Promise<{ journal: Journal; source: ForwardingSource }> {
  if ('dataDirectory' in reach) {
    const { dataDirectory } = reach
    const { createSqliteJournal } = await import('../../src/sqlite/journal.ts')
    const { createSqliteForwardingSource } = await import('../../src/sqlite/forwarding.ts')
    return {
      journal: createSqliteJournal({ dataDirectory, organizations: [organization] }),
      source: createSqliteForwardingSource({ dataDirectory, log: silentLogger }),
    }
  }
  const { createKafkaJournal } = await import('../../src/kafka/journal.ts')
  const { createKafkaForwardingSource } = await import('../../src/kafka/forwarding.ts')
  return {
    journal: createKafkaJournal(reach.settings, { log: silentLogger, membership: 'alone' }),
    source: createKafkaForwardingSource(reach.settings, { log: silentLogger }),
  }
}

/** As a crash would: no finally, no exit handler, nothing is flushed. */
export function die(): never {
  process.kill(process.pid, 'SIGKILL')
  throw new Error('dead')
}
