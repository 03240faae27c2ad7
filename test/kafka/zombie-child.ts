import { setTimeout as sleep } from 'node:timers/promises'
import { asConnectorError } from '../../src/errors.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import { batchFrom } from '../contract/batches.ts'

/**
 * Selects a batch, says so and waits; commits it when it is told to, and tells how that went and what became of the
 * next tries to resume: `zombie-child.ts <settings as JSON>`.
 */
const settings = JSON.parse(process.argv[2]!) as KafkaSettings
const organization = settings.organizations[0]!
const signal = AbortSignal.timeout(300_000)

const journal = createKafkaJournal(settings, { log: silentLogger })
await journal.open(signal)
for await (const identities of journal.ownership(signal)) if (identities.has(organization.identity)) break
const checkpoint = await journal.resume(organization, signal)
const batch = batchFrom(journal, organization, checkpoint, { events: ['of the zombie'], ledger: true })

process.once('message', async () => {
  const outcome = (error: unknown) => {
    const { code, message } = asConnectorError(error)
    return `${code}: ${message}`
  }
  const commit = await journal.commit(batch).then(() => 'stored', outcome)
  const later: string[] = []
  // Until it has heard from the group, and then for a while.
  for (let left = 20; left > 0 && !signal.aborted; ) {
    const result = await journal.resume(organization, signal).then(() => 'read', outcome)
    later.push(result.split(':')[0]!)
    if (later.at(-1) === 'JOURNAL_NOT_OWNED') left -= 1
    if (later.at(-1) === 'read') break
    await sleep(50)
  }
  process.send?.({ commit, later })
  await journal.close()
  process.exit(0)
})
process.send?.('ready')
