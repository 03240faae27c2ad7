import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import { exportOf, publishAll } from './publishing.ts'

/**
 * Publishes until it is killed, and sends the number of each batch before it is committed:
 * `publishing-child.ts <settings as JSON> <batch size> <number of events>`.
 */
const [settingsText = '', batchSize = '', count = ''] = process.argv.slice(2)
const settings = JSON.parse(settingsText) as KafkaSettings
const organization = settings.organizations[0]!
const signal = AbortSignal.timeout(300_000)

const journal = createKafkaJournal(settings, { log: silentLogger })
await journal.open(signal)
for await (const identities of journal.ownership(signal)) if (identities.has(organization.identity)) break
await publishAll(journal, organization, {
  ids: exportOf(Number(count)),
  batchSize: Number(batchSize),
  beforeCommit: index => process.send?.(index),
})
// Whoever is to kill it may be late: the end of what it was given is no end of its own.
setInterval(() => {}, 60_000)
