import { loadConfig } from '../../src/config.ts'
import { createHub, createPollerOf } from '../../src/connector.ts'
import { createJournals } from '../../src/journals.ts'
import { createLogger } from '../../src/log.ts'
import { keepHeapSmall } from '../../src/memory.ts'

keepHeapSmall()
// Polls twice in one process, as the running connector does, and tells what the second, unchanged poll took of CPU.
const log = createLogger({ level: 'info', format: 'json' })
const config = loadConfig({ environment: process.env, organizationsRequired: true })
const hub = createHub(config, { log, version: '0' })
const { journal } = await createJournals(config, log)
const poller = createPollerOf(config, hub, journal, {})
const signal = new AbortController().signal
const [organization] = config.organizations

await journal.open(signal)
for await (const owned of journal.ownership(signal)) if (owned.size > 0) break
await poller.poll(organization!, signal)
// Once more unmeasured: the first unchanged poll also compiles what it runs.
for (const round of ['first unchanged poll', 'second unchanged poll']) {
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const { ledger } = await poller.poll(organization!, signal)
  const { user, system } = process.cpuUsage(before)
  const wallSeconds = (performance.now() - startedAt) / 1000
  log.info({ round, cpuSeconds: (user + system) / 1e6, wallSeconds, published: ledger.published }, 'measured')
}
await journal.close()
await hub.close()
