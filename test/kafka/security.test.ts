import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, type TestContext, test } from 'node:test'
import kafkajs, { type AclEntry } from 'kafkajs'
import { createKafkaForwardingSource } from '../../src/kafka/forwarding.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import type { KafkaSettings } from '../../src/kafka/settings.ts'
import type { Logger } from '../../src/log.ts'
import { silentLogger } from '../../src/log.ts'
import { freshOrganization } from '../contract/batches.ts'
import { type SaslSslKafkaServer, startSaslSslKafka } from '../support/stack/kafka-sasl-ssl.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { testSettings } from './broker.ts'
import { exportOf, publishAll } from './publishing.ts'

describe('TLS, SASL and permissions', async () => {
  let broker: SaslSslKafkaServer | undefined
  let ca: string
  before(async t => {
    if (!(await requireStack(t as TestContext, 'kafka'))) return
    broker = await startSaslSslKafka()
    ca = await readFile(broker.caPath, 'utf8')
  })
  after(() => broker?.stop())

  const organization = freshOrganization()
  const settingsFor = (user: { username: string; password: string }, changes: Partial<KafkaSettings> = {}) =>
    testSettings(broker!.brokers, [organization], {
      ssl: { ca },
      sasl: { mechanism: 'SCRAM-SHA-512', ...user },
      ...changes,
    })

  async function openError(
    t: TestContext,
    settings: KafkaSettings,
  ): Promise<{ code: string; message: string; ms: number }> {
    const journal = createKafkaJournal(settings, { log: silentLogger })
    t.after(() => journal.close())
    const started = performance.now()
    const error = await journal.open(AbortSignal.timeout(120_000)).then(
      () => assert.fail('it opened'),
      (thrown: { code: string; message: string }) => thrown,
    )
    return { code: error.code, message: error.message, ms: performance.now() - started }
  }

  test('a wrong password fails at once and is not told to anyone', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const lines: string[] = []
    const keep = (fields: object, message: string) => lines.push(JSON.stringify(fields) + message)
    const log: Logger = { debug: keep, info: keep, warn: keep, error: keep }
    const settings = settingsFor({ username: broker.superUser.username, password: 'not-the-password' })
    const journal = createKafkaJournal(settings, { log })
    t.after(() => journal.close())
    const started = performance.now()
    const opening = journal.open(AbortSignal.timeout(120_000))
    await assert.rejects(opening, {
      code: 'JOURNAL_UNAVAILABLE',
      retryable: false,
      message: /KAFKA_SASL_PASSWORD/,
    })
    assert.ok(performance.now() - started < 60_000, 'it was tried again and again')
    const told = [...lines, String(await opening.catch((error: Error) => error.stack))].join('\n')
    assert.doesNotMatch(told, /not-the-password/)
  })

  test('an authority that did not sign, and no TLS at all, fail with what to set', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const wrongCa = await openError(t, settingsFor(broker.superUser, { ssl: {} }))
    assert.equal(wrongCa.code, 'JOURNAL_UNAVAILABLE')
    assert.match(wrongCa.message, /KAFKA_SSL_CA/)
    assert.ok(wrongCa.ms < 60_000)
  })

  test('without permissions it says which are missing; with them it publishes and forwards', async t => {
    if (broker === undefined) return t.skip('needs Kafka')
    const settings = settingsFor(broker.user)
    const refused = await openError(t, settings)
    assert.equal(refused.code, 'JOURNAL_MISMATCH')
    assert.match(refused.message, /Allow CREATE on them, or create them:\nkafka-topics\.sh/)

    const { username: name } = broker.user
    const admin = new kafkajs.Kafka({
      brokers: [broker.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
      ssl: { ca },
      sasl: { mechanism: 'scram-sha-512', ...broker.superUser },
    }).admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    // The topics are made by who may, and the connector gets no more than it needs.
    const maker = createKafkaJournal(
      { ...settings, sasl: { mechanism: 'SCRAM-SHA-512', ...broker.superUser } },
      { log: silentLogger },
    )
    await maker.open(AbortSignal.timeout(120_000))
    await maker.close()
    const { AclResourceTypes: resources, AclOperationTypes: operations } = kafkajs
    const allow = (resourceType: number, operation: number): AclEntry => ({
      principal: `User:${name}`,
      host: '*',
      operation,
      permissionType: kafkajs.AclPermissionTypes.ALLOW,
      resourceType,
      resourceName: settings.topic,
      resourcePatternType: kafkajs.ResourcePatternTypes.PREFIXED,
    })
    await admin.createAcls({
      acl: [
        allow(resources.TOPIC, operations.DESCRIBE),
        allow(resources.TOPIC, operations.READ),
        allow(resources.TOPIC, operations.WRITE),
        allow(resources.GROUP, operations.READ),
        allow(resources.TRANSACTIONAL_ID, operations.DESCRIBE),
        allow(resources.TRANSACTIONAL_ID, operations.WRITE),
      ],
    })
    const journal = createKafkaJournal(settings, { log: silentLogger })
    t.after(() => journal.close())
    await journal.open(AbortSignal.timeout(120_000))
    await publishAll(journal, organization, { ids: exportOf(10), batchSize: 5 })

    const source = createKafkaForwardingSource(settings, { log: silentLogger })
    t.after(() => source.close())
    await source.open(AbortSignal.timeout(120_000))
    const end = new AbortController()
    const running = source.run(async () => undefined, { maxEntries: 100 }, end.signal)
    const deadline = Date.now() + 120_000
    while ((await source.backlog()) > 0 && Date.now() < deadline)
      await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal(await source.backlog(), 0)
    end.abort()
    await running
  })
})
