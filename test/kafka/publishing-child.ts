import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import { silentLogger } from '../../src/log.ts'
import { exportOf, publishAll } from './publishing.ts'

/** Publishes until it is killed: `publishing-child.ts <settings as JSON> <batch size> <number of events>`. */
const [settingsText = '', batchSize = '', count = ''] = process.argv.slice(2)
const settings = JSON.parse(settingsText) as KafkaSettings
const organization = settings.organizations[0]!
const signal = AbortSignal.timeout(50_000)

const journal = createKafkaJournal(settings, { log: silentLogger })
await journal.open(signal)
for await (const identities of journal.ownership(signal)) if (identities.has(organization.identity)) break
await journal.resume(organization, signal)
process.send?.('publishing')
await publishAll(journal, organization, { ids: exportOf(Number(count)), batchSize: Number(batchSize) })
await journal.close()
process.exit(0)
