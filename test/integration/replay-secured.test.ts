import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import { runHfAudit } from '../support/child-process.ts'
import { organization, pollOnce, simulatedHub } from '../support/main-job.ts'
import { readRecords } from '../support/readers/python.ts'
import { replayed } from '../support/replay-check.ts'
import type { ScramUser } from '../support/stack/kafka.ts'
import { type SaslSslKafkaServer, startSaslSslKafka } from '../support/stack/kafka-sasl-ssl.ts'
import { startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'

const EVENTS = 1_000
const PREFIX = 'live'
const COPY = 'copy'
const EVERYTHING = ['--from', '2020-01-01', '--to', '2100-01-01']

/** Values framed by a registry, a broker that grants only what its ACLs say, and a user for replays alone. */
test('replay with a schema registry and under ACLs: refused with what is missing, then whole, and decoded by another reader', async t => {
  if (!(await requireStack(t, 'kafka', 'registry', 'openssl', 'python'))) return
  const kafka = await startSaslSslKafka()
  t.after(() => kafka.stop())
  const registry = await startRegistry()
  t.after(() => registry.stop())
  const { environment: base } = await simulatedHub(t, { events: EVENTS })
  const as = ({ username, password }: ScramUser) => ({
    ...base,
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_TOPIC: PREFIX,
    KAFKA_SSL: 'true',
    KAFKA_SSL_CA: kafka.caPath,
    KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
    KAFKA_SASL_USERNAME: username,
    KAFKA_SASL_PASSWORD: password,
    SCHEMA_REGISTRY_URL: registry.url,
  })
  const filled = await pollOnce(as(kafka.superUser))
  assert.equal(filled.code, 0, filled.stderr)
  const admin = await adminOf(t, kafka)
  await admin.createTopics({ topics: [{ topic: COPY, numPartitions: 3 }], waitForLeaders: true })

  const environment = as(kafka.user)
  const parameters = [...EVERYTHING, '--to-topic', COPY]
  const nothing = await runHfAudit(['replay', ...parameters], environment)
  assert.equal(nothing.code, 4, nothing.stderr)

  const { AclResourceTypes: on, AclOperationTypes: may } = kafkajs
  await allow(admin, kafka.user, PREFIX, [
    [on.TOPIC, may.DESCRIBE],
    [on.TOPIC, may.READ],
    [on.GROUP, may.READ],
    [on.TRANSACTIONAL_ID, may.DESCRIBE],
    [on.TRANSACTIONAL_ID, may.WRITE],
  ])
  const noTarget = await runHfAudit(['replay', ...parameters], environment)
  assert.equal(noTarget.code, 4, noTarget.stderr)
  assert.match(noTarget.stderr, new RegExp(COPY))

  await allow(admin, kafka.user, COPY, [
    [on.TOPIC, may.DESCRIBE],
    [on.TOPIC, may.WRITE],
  ])
  const { result, records, run } = await replayed(environment, ...parameters)
  assert.deepEqual([result, records, run], ['finished', EVENTS, 1])
  const again = await replayed(environment, ...parameters)
  assert.deepEqual([again.result, again.records], ['finished before', EVENTS])

  const { username, password } = kafka.superUser
  const summary = await readRecords({
    brokers: kafka.brokers,
    topic: COPY,
    registryUrl: registry.url,
    kafkaConfig: {
      'security.protocol': 'SASL_SSL',
      'ssl.ca.location': kafka.caPath,
      'sasl.mechanism': 'SCRAM-SHA-512',
      'sasl.username': username,
      'sasl.password': password,
    },
  })
  assert.deepEqual(
    [summary.problems, summary.records, summary.undecoded, summary.distinctIds],
    [[], EVENTS, 0, EVENTS],
  )
  const { inOrder, holes, chainFromStart, chainUnbroken } = summary.keys[organization]!
  assert.deepEqual([inOrder, holes, chainFromStart, chainUnbroken], [true, 0, true, true])
  for (const { stderr } of [nothing, noTarget]) assert.ok(!stderr.includes(kafka.user.password))
})

async function adminOf(t: TestContext, kafka: SaslSslKafkaServer): Promise<Admin> {
  const client = new kafkajs.Kafka({
    brokers: [kafka.brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    ssl: { ca: await readFile(kafka.caPath, 'utf8') },
    sasl: { mechanism: 'scram-sha-512', ...kafka.superUser },
  })
  const admin = client.admin()
  await admin.connect()
  t.after(() => admin.disconnect())
  return admin
}

async function allow(
  admin: Admin,
  { username }: ScramUser,
  prefix: string,
  rights: readonly (readonly [resourceType: number, operation: number])[],
): Promise<void> {
  await admin.createAcls({
    acl: rights.map(([resourceType, operation]) => ({
      principal: `User:${username}`,
      host: '*',
      operation,
      permissionType: kafkajs.AclPermissionTypes.ALLOW,
      resourceType,
      resourceName: prefix,
      resourcePatternType: kafkajs.ResourcePatternTypes.PREFIXED,
    })),
  })
}
