import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import kafkajs, { Kafka, logLevel } from 'kafkajs'
import type { ScramUser } from '../support/stack/kafka.ts'
import { type SaslSslKafkaServer, startSaslSslKafka } from '../support/stack/kafka-sasl-ssl.ts'
import { requireStack } from '../support/stack/requirements.ts'

// Node does not find these names in the CommonJS package.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs

async function clientOf(kafka: SaslSslKafkaServer, user: ScramUser): Promise<Kafka> {
  const ssl = { ca: await readFile(kafka.caPath, 'utf8') }
  const sasl = { mechanism: 'scram-sha-512' as const, ...user }
  return new Kafka({ brokers: [kafka.brokers], ssl, sasl, logLevel: logLevel.NOTHING, retry: { retries: 1 } })
}

test('TLS, SCRAM and ACLs are enforced', { timeout: 600_000 }, async t => {
  if (!(await requireStack(t, 'kafka', 'openssl'))) return
  const kafka = await startSaslSslKafka()
  t.after(() => kafka.stop())
  const admin = (await clientOf(kafka, kafka.superUser)).admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  await admin.createTopics({ topics: [{ topic: 'events', numPartitions: 1 }], waitForLeaders: true })

  const producer = (await clientOf(kafka, kafka.user)).producer({ retry: { retries: 1 } })
  await producer.connect()
  t.after(() => producer.disconnect())
  const send = () => producer.send({ topic: 'events', messages: [{ value: 'v' }] })
  await assert.rejects(send(), /not authorized/i)
  await admin.createAcls({
    acl: [AclOperationTypes.DESCRIBE, AclOperationTypes.WRITE].map(operation => ({
      resourceType: AclResourceTypes.TOPIC,
      resourceName: 'events',
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${kafka.user.username}`,
      host: '*',
      operation,
      permissionType: AclPermissionTypes.ALLOW,
    })),
  })
  await send()

  const stranger = (await clientOf(kafka, { ...kafka.user, password: 'wrong' })).admin()
  await assert.rejects(stranger.connect(), { name: 'KafkaJSSASLAuthenticationError' })
})
