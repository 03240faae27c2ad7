import { after, before } from 'node:test'
import type { Organization } from '../../src/event/organization.ts'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { createKafkaReader } from '../../src/kafka/reader.ts'
import { createLogger, silentLogger } from '../../src/log.ts'
import type { Journal } from '../../src/ports.ts'
import { journalContract } from '../contract/journal.ts'
import { missingFor } from '../support/stack/requirements.ts'
import { type ProxiedKafka, startProxiedKafka, testSettings } from './broker.ts'

const log = process.env.TEST_LOG ? createLogger({ level: 'debug', format: 'json' }) : silentLogger
const missing = await missingFor('kafka')
if (missing !== undefined && process.env.CI) throw new Error(`a real kafka ${missing}`)

if (missing === undefined) {
  let broker: ProxiedKafka
  before(async () => {
    broker = await startProxiedKafka()
  })
  after(() => broker.stop())

  journalContract('Kafka', async t => {
    const { topic } = testSettings(broker.direct, [])
    broker.proxy.heal()
    let brokers = broker.proxied
    const settingsFor = (organizations: readonly Organization[]) =>
      testSettings(brokers, organizations, { topic, sessionTimeoutMs: 1_500, compression: 'zstd' })
    t.after(() => broker.proxy.heal())
    return {
      createJournal: organizations => createKafkaJournal(settingsFor(organizations), { log }),
      createReader: () => createKafkaReader(settingsFor([]), { log }),
      createForwarding: () => createKafkaForwardingSource(settingsFor([]), { log }),
      async crash(_: Journal) {
        // Its connections are gone without a word; whoever comes next takes the other way.
        broker.proxy.cut()
        brokers = broker.direct
      },
      prunes: false,
    }
  })
}
