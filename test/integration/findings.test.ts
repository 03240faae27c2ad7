import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, type TestContext, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { streamCode } from '../../src/sqlite/schema.ts'
import { runHfAudit } from '../support/child-process.ts'
import { pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { dumpRecords } from '../support/readers/python.ts'
import { startServing, statusAt } from '../support/running-admin.ts'
import { type CollectorServer, startCollector } from '../support/stack/collector.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'

/**
 * Each kind of finding from the Hub to where people look: the journal, a real collector, metrics, status. Each is told
 * once, however often the export that shows it is polled again; and what only looks like one is not told.
 */

const CAP = 40
const FIRST_EVENTS = 20
type Environment = Record<string, string>

interface StoredFinding {
  readonly kind: string
  readonly severity: string
  readonly count: number
  readonly ids: readonly string[]
}

interface JournalUnderTest {
  readonly variables: Environment
  findings(environment: Environment): Promise<StoredFinding[]>
  /** Deletes what was committed and not forwarded, as age does; findings stay. */
  age(environment: Environment): Promise<void>
}

suite('findings, from the Hub to the operator', { concurrency: true }, () => {
  test('with the embedded journal', async t => {
    if (!(await requireStack(t, 'collector'))) return
    await tellEachOnce(t, {
      variables: {},
      async findings(environment) {
        const parameters = ['tail', '--stream', 'findings', '--from-beginning', '--no-follow', '--json']
        const { code, stdout, stderr } = await runHfAudit(parameters, environment)
        assert.equal(code, 0, stderr)
        const lines = stdout.split('\n').filter(line => line !== '')
        return lines.map(line => JSON.parse(line) as StoredFinding)
      },
      async age(environment) {
        const database = new DatabaseSync(join(environment.HF_AUDIT_DATA_DIR!, 'journal.db'))
        database.exec(`UPDATE entry SET timestamp_ms = 0 WHERE stream <> ${streamCode('findings')}`)
        database.close()
        const { code, stderr } = await pollOnce({ ...environment, HF_AUDIT_SOURCE_TTL: '1' })
        assert.equal(code, 0, stderr)
      },
    })
  })

  test('with Kafka', async t => {
    if (!(await requireStack(t, 'kafka', 'collector', 'python'))) return
    const kafka = await startKafka()
    t.after(() => kafka.stop())
    const topic = 'findings-test'
    await tellEachOnce(t, {
      variables: {
        KAFKA_BROKERS: kafka.brokers,
        KAFKA_TOPIC: topic,
        KAFKA_PARTITIONS: '1',
        KAFKA_SESSION_TIMEOUT: '6s',
      },
      async findings() {
        const where = { brokers: kafka.brokers, topic: `${topic}.findings` }
        return (await Array.fromAsync(dumpRecords(where))).map(({ value }) => value as StoredFinding)
      },
      async age() {
        const client = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING })
        const admin = client.admin()
        await admin.connect()
        // kafkajs deletes only in topics that this client asked about before.
        await admin.fetchTopicOffsets(topic)
        await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] })
        await admin.disconnect()
      },
    })
  })
})

async function tellEachOnce(t: TestContext, journal: JournalUnderTest): Promise<void> {
  const { hub, environment: base } = await simulatedHub(t, {
    events: FIRST_EVENTS,
    cap: CAP,
    prepared: false,
  })
  const collector = await startCollector()
  t.after(() => collector.stop())
  const unforwarding = { ...base, ...journal.variables, HF_AUDIT_EXPORT_CAP: String(CAP) }
  const environment = { ...unforwarding, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }

  const first = await startServing(t, environment)
  const polls = () => first.worker.logLines().filter(line => line.msg === 'polled')
  /** So many polls that began after now, and every fault that was set for so many requests used up. */
  const pollMore = async (times: number): Promise<void> => {
    const isUsedUp = () => hub.state().faults.every(({ fault }) => fault.times === undefined)
    await until('the faults to be met', isUsedUp)
    // One may be under way.
    const enough = polls().length + times + 1
    await until(`${times} polls`, () => polls().length >= enough)
  }
  const told = async () => (await journal.findings(environment)).map(({ kind, count }) => `${kind} ${count}`)
  await until('the first poll', () => polls().length > 0)

  // What is none: replicas that lag, empty arrays that are not three in a row, dates that are wrong.
  hub.append({ events: 3 })
  await pollMore(1)
  hub.fault({ kind: 'lag', events: 3, times: 3 })
  await pollMore(0)
  hub.fault({ kind: 'body', body: 'empty-array', times: 2 })
  await pollMore(0)
  hub.append({ events: 1, createdAt: '2099-01-01T00:00:00Z' })
  hub.append({ events: 2, createdAt: '2019-05-05T00:00:00Z' })
  await pollMore(1)
  const isPublished = polls().reduce((sum, { published }) => sum + Number(published), 0)
  assert.equal(isPublished, FIRST_EVENTS + 6)
  assert.deepEqual(await told(), [])

  const withoutTwo = hub.fault({ kind: 'body', body: 'text', text: exportWithout(hub, [5, 6]) })
  await pollMore(3)
  hub.clearFaults(withoutTwo)
  await pollMore(1)
  assert.deepEqual(await told(), ['VANISHED 2'])

  const change = hub.fault({ kind: 'change', events: 2 })
  await pollMore(3)
  assert.deepEqual(await told(), ['VANISHED 2', 'CHANGED 2'])

  // The event dated ahead is still there, and proves nothing; those that changed are gone.
  hub.clearFaults(change)
  hub.append({ events: CAP + 20 })
  await pollMore(3)
  assert.deepEqual(await told(), ['VANISHED 2', 'CHANGED 2', 'GAP 0'])
  const [vanished] = await journal.findings(environment)
  assert.deepEqual(vanished?.ids, [hub.id(5), hub.id(6)])

  assert.deepEqual(await metricsAt(first.url), { gap: 1, vanished: 1, changed: 1, unforwarded: 0 })
  const one = { VANISHED: 1, CHANGED: 1, GAP: 1 }
  assert.deepEqual((await statusAt(first.url)).organizations[0]?.findings.counts, one)
  await until('the findings at the collector', async () => (await collected(collector)).length >= 3)
  first.worker.kill('SIGTERM')
  assert.equal(await first.worker.ended, 0)

  hub.append({ events: 5 })
  assert.equal((await pollOnce(unforwarding)).ledger?.published, 5)
  await journal.age(unforwarding)
  hub.append({ events: 3 })
  const second = await startServing(t, environment)
  await until('the loss', async () => (await metricsAt(second.url)).unforwarded! > 0)
  const all = { ...one, UNFORWARDED: 1 }
  await until('all findings in the status', async () => {
    const { isComplete, counts } = (await statusAt(second.url)).organizations[0]!.findings
    return isComplete && Object.keys(counts).length === 4
  })
  await until('the findings at the collector', async () => (await collected(collector)).length >= 4)
  const pollsOfSecond = () => second.worker.logLines().filter(line => line.msg === 'polled').length
  await until('two polls more', () => pollsOfSecond() >= 3)
  assert.deepEqual((await statusAt(second.url)).organizations[0]?.findings.counts, all)
  assert.deepEqual(await metricsAt(second.url), { gap: 0, vanished: 0, changed: 0, unforwarded: 1 })
  const { stdout } = await runHfAudit(['status', '--address', new URL(second.url).host], environment)
  for (const words of ['a gap', 'vanished events', 'changed events', 'records that were never forwarded'])
    assert.match(stdout, new RegExp(`example-org has ${words}`))
  second.worker.kill('SIGTERM')
  assert.equal(await second.worker.ended, 0)

  assert.deepEqual((await collected(collector)).toSorted(), [
    'hf_audit.finding.changed WARN 13',
    'hf_audit.finding.gap ERROR 17',
    'hf_audit.finding.unforwarded ERROR 17',
    'hf_audit.finding.vanished ERROR 17',
  ])
}

/** The export as it would be without the events of these numbers. */
function exportWithout(hub: Simulator, numbers: readonly number[]): string {
  const count = hub.state().organizations[0]!.events
  const kept = Array.from({ length: count }, (_, index) => index + 1).filter(n => !numbers.includes(n))
  return `[${kept.map(n => hub.element(n).toString()).join(',')}]`
}

/** Findings by kind, since the start of the process. */
async function metricsAt(url: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${url}metrics`)).text()
  const lines = text.matchAll(/^hf_audit_findings_total\{organization="example-org",kind="(\w+)"\} (\d+)$/gm)
  return Object.fromEntries([...lines].map(([, kind, count]) => [kind, Number(count)]))
}

/** The findings among the collector's records, each as often as it came with another id. */
async function collected(collector: CollectorServer): Promise<string[]> {
  const byUid = new Map<string | undefined, string>()
  for await (const { uid, eventName, severityText, severityNumber } of collector.logRecords()) {
    if (eventName?.startsWith('hf_audit.finding.'))
      byUid.set(uid, `${eventName} ${severityText} ${severityNumber}`)
  }
  return [...byUid.values()]
}
