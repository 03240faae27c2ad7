import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { organization, pollOnce, simulatedHub } from '../support/main-job.ts'
import { dumpRecords, pythonReader } from '../support/readers/python.ts'
import { cached } from '../support/stack/cache.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { copyDependencies } from '../support/stack/maven.ts'
import { projectRoot } from '../support/stack/project-root.ts'
import { startRegistry } from '../support/stack/registry.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { runTool } from '../support/stack/run-tool.ts'

/** The consumers that `docker/consumers/` shows read what the connector publishes, as their users would run them. */

const examples = join(projectRoot, 'docker/consumers')
const EVENTS = 300

interface Line {
  readonly id: string
  readonly organization: string
  readonly sequence: number
  readonly time: string
}

async function published(t: TestContext) {
  const [kafka, registry] = await Promise.all([startKafka(), startRegistry()])
  t.after(() => Promise.all([kafka.stop(), registry.stop()]))
  const { environment } = await simulatedHub(t, { events: EVENTS })
  const settings = { KAFKA_BROKERS: kafka.brokers, SCHEMA_REGISTRY_URL: registry.url }
  const result = await pollOnce({ ...environment, ...settings, KAFKA_PARTITIONS: '3' })
  assert.equal(result.code, 0, result.stderr)
  const expected: Line[] = []
  const topic = 'huggingface.audit-log'
  for await (const { value } of dumpRecords({ brokers: kafka.brokers, registryUrl: registry.url, topic })) {
    expected.push({
      id: value.id,
      organization,
      sequence: value.sequence,
      time: new Date(value.eventTime).toISOString(),
    })
  }
  assert.equal(expected.length, EVENTS)
  return { settings, expected }
}

function linesOf(output: string): Line[] {
  return output
    .trim()
    .split('\n')
    .map(text => {
      const { id, organization, sequence, time } = JSON.parse(text) as Line
      return { id, organization, sequence, time: new Date(time).toISOString() }
    })
}

suite('the example consumers', () => {
  test('Python and Java read every record with the registry, in order', async t => {
    if (!(await requireStack(t, 'kafka', 'registry', 'python'))) return
    const { settings, expected } = await published(t)
    const env = { ...settings, LIMIT: String(EVENTS) }

    const python = await runTool(await pythonReader(), [join(examples, 'consumer.py')], {
      env: { ...env, KAFKA_GROUP: 'python', PYTHONDONTWRITEBYTECODE: '1' },
    })
    assert.deepEqual(linesOf(python), expected)

    const pom = join(examples, 'java/pom.xml')
    const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 8)
    const jars = await cached({
      name: `java-consumer-${digest}`,
      lock: 'maven',
      announce: 'fetching the Java consumer’s libraries by Maven, once',
      make: directory => copyDependencies(pom, directory),
    })
    const source = join(examples, 'java/src/main/java/AuditLogConsumer.java')
    const java = await runTool('java', ['-cp', join(jars, '*'), source], {
      env: { ...env, KAFKA_GROUP: 'java' },
    })
    assert.deepEqual(linesOf(java), expected)
  })
})
