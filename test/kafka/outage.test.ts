import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { type Logger, silentLogger } from '../../src/log.ts'
import { freshOrganization } from '../contract/batches.ts'
import { until } from '../support/main-job.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { END_TXN, HEARTBEAT, PRODUCE } from '../support/tcp-proxy.ts'
import { startProxiedKafka, testSettings } from './broker.ts'
import { assertExactlyOnce, exportOf, publishAll } from './publishing.ts'

test('an outage is told once when it begins and once when it is over', async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const broker = await startProxiedKafka()
  t.after(() => broker.stop())
  const organization = freshOrganization()
  const settings = testSettings(broker.proxied, [organization], { sessionTimeoutMs: 2_000 })
  const told: string[] = []
  const log: Logger = {
    ...silentLogger,
    info: (_, message) => told.push(message),
    warn: (_, message) => told.push(message),
  }
  const journal = createKafkaJournal(settings, { log })
  await journal.open(AbortSignal.timeout(120_000))
  try {
    const ids = exportOf(20)
    await publishAll(journal, organization, { ids: ids.slice(0, 10), batchSize: 10 })
    const ofGroup = () => told.filter(message => message.includes('the group of workers'))
    broker.proxy.cut()
    await until('the outage to be told', () => ofGroup().length > 0)
    // Time for many more tries.
    await sleep(2_500)
    broker.proxy.heal()
    const back = () => ofGroup().indexOf('back in the group of workers')
    await until('the end of the outage to be told', () => back() >= 0)
    assert.equal(back(), 1, ofGroup().join('\n'))
    await publishAll(journal, organization, { ids, batchSize: 10 })
    await assertExactlyOnce(broker.direct, settings.topic, organization, ids)
  } finally {
    await journal.close()
  }
})

test('a line that is cut in the middle of a response leaves nothing behind on the next line', async t => {
  if (!(await requireStack(t, 'kafka'))) return
  const broker = await startProxiedKafka()
  t.after(() => broker.stop())
  const organization = freshOrganization()
  const settings = testSettings(broker.proxied, [organization], { sessionTimeoutMs: 2_000, partitions: 1 })
  const out: string[] = []
  const log: Logger = {
    ...silentLogger,
    info: (_, message) => void (message === 'back in the group of workers' && out.pop()),
    warn: (_, message) => void (message.includes('the group of workers') && out.push(message)),
  }
  const journal = createKafkaJournal(settings, { log })
  await journal.open(AbortSignal.timeout(120_000))
  try {
    let published = 0
    for (const passedBytes of [2, 6, 12]) {
      // The first answer to a heartbeat is 14 bytes long; one of 6 would be read as a length that cannot be.
      await broker.proxy.loseResponseTo(HEARTBEAT, passedBytes)
      for (const apiKey of [PRODUCE, END_TXN]) {
        const lost = broker.proxy.loseResponseTo(apiKey, passedBytes)
        published += 10
        await publishAll(journal, organization, { ids: exportOf(published), batchSize: 10 })
        await lost
      }
    }
    await until('the worker to be in its group', () => out.length === 0)
    await assertExactlyOnce(broker.direct, settings.topic, organization, exportOf(published))
  } finally {
    await journal.close()
  }
})
