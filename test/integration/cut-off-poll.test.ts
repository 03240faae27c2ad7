import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { loadConfig } from '../../src/config.ts'
import type { Head } from '../../src/event/checkpoint.ts'
import { createKafkaJournal } from '../../src/kafka/journal.ts'
import { silentLogger } from '../../src/log.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { startHfAudit } from '../support/child-process.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { dumpRecords, readRecords } from '../support/readers/python.ts'
import { type KafkaServer, startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'

const CAP = 12_000
const forever = new AbortController().signal

/** A poll of several transactions whose process dies between two of them. What the Hub still has decides what follows. */
suite('a poll that was cut off', async () => {
  const ready = await requireStack({ skip: () => {} }, 'kafka', 'python')
  const skip = ready ? {} : { skip: 'a real Kafka or Python is missing' }
  let kafka: KafkaServer
  let admin: ReturnType<Kafka['admin']>

  before(async () => {
    if (!ready) return
    kafka = await startKafka()
    admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
  })
  after(async () => {
    await admin?.disconnect()
    await kafka?.stop()
  })

  async function prepare(t: TestContext, topic: string) {
    const { hub, environment: base } = await simulatedHub(t, { events: 0, cap: CAP, prepared: false })
    const environment = {
      ...base,
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_TOPIC: topic,
      KAFKA_SESSION_TIMEOUT: '6s',
      HF_AUDIT_EXPORT_CAP: String(CAP),
    }
    const stable = async () =>
      (await admin.fetchTopicOffsets(topic).catch(() => [])).reduce((sum, { high }) => sum + Number(high), 0)

    return {
      hub,
      poll: () => pollOnce(environment),
      /** Kills a poll that has committed something and not all; how many it had published, and the head it left. */
      async cutOff(): Promise<{ published: number; head: Head }> {
        const before = await stable()
        const running = startHfAudit(['run'], environment)
        await until('the first transaction of the poll', async () => (await stable()) > before + 100, 5)
        running.kill('SIGKILL')
        assert.equal(await running.ended, 'SIGKILL')
        const head = await headOf(environment)
        return { published: head.sequence, head }
      },
      findings: async () => {
        const found: { kind: string; message: string }[] = []
        const where = { brokers: kafka.brokers, topic: `${topic}.findings` }
        for await (const { value } of dumpRecords(where)) found.push(value)
        return found
      },
      trail: async () => {
        const summary = await readRecords({ brokers: kafka.brokers, topic })
        assert.deepEqual(summary.problems, [])
        const { holes, chainUnbroken, chainFromStart } = summary.keys[organization]!
        assert.deepEqual([holes, chainUnbroken, chainFromStart], [0, true, true])
        assert.equal(summary.distinctIds, summary.records)
        return summary.records
      },
    }
  }

  test(
    'is open in the head; while the Hub has the rest, that is published and no gap is told',
    skip,
    async t => {
      const { hub, poll, cutOff, findings, trail } = await prepare(t, 'rest-is-there')
      hub.setEvents(CAP)
      const { published, head } = await cutOff()
      assert.ok(published > 0 && published < CAP, `${published} were published`)
      // The simulated Hub numbers its events from the oldest on.
      assert.equal(head.openPoll?.oldestUnpublishedCreatedAtMs, createdAtMs(hub, published + 1))
      // The window moves on to the last event that was published: that one proves that all after it are there.
      hub.append({ events: published - 1 })
      const { code, ledger, stderr } = await poll()
      assert.equal(code, 0, stderr)
      assert.deepEqual([ledger?.published, ledger?.alreadySeen], [CAP - 1, 1])
      assert.deepEqual(await findings(), [])
      assert.equal(await trail(), CAP + published - 1)
    },
  )

  test('is a gap, told once, when the window moved past what it had not published', skip, async t => {
    const { hub, poll, cutOff, findings, trail } = await prepare(t, 'rest-is-gone')
    // Seen, and younger than all that follow: an id that every later export shares.
    hub.append({ events: 1, createdAt: '2026-03-01T00:00:00Z' })
    assert.equal((await poll()).ledger?.published, 1)
    hub.append({ events: CAP - 1, createdAt: '2026-01-01T00:00:00Z', stepMs: 1_000 })
    const { published, head } = await cutOff()
    const open = head.openPoll?.oldestUnpublishedCreatedAtMs ?? Number.NaN
    assert.equal(open, Date.parse('2026-01-01T00:00:00Z') + (published - 1) * 1_000)
    // The window's start moves beyond the first that was not published, and not beyond the one that was seen.
    hub.append({ events: published + 1_000, createdAt: '2026-02-01T00:00:00Z' })
    const { code, ledger, stderr } = await poll()
    assert.equal(code, 0, stderr)
    assert.equal(ledger?.alreadySeen, 1)
    const found = await findings()
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['GAP'],
    )
    assert.match(found[0]!.message, /cut off/)
    hub.append({ events: 10, createdAt: '2026-02-02T00:00:00Z' })
    assert.equal((await poll()).ledger?.published, 10)
    assert.equal((await findings()).length, 1, 'told once')
    await trail()
  })
})

function createdAtMs(hub: Simulator, n: number): number {
  return Date.parse((JSON.parse(hub.element(n).toString()) as { createdAt: string }).createdAt)
}

/** What the dead process left behind, as the next one finds it. */
async function headOf(environment: Readonly<Record<string, string>>): Promise<Head> {
  const config = loadConfig({ environment, organizationsRequired: true })
  const journal = createKafkaJournal(config.kafka!, { log: silentLogger, membership: 'alone' })
  try {
    await journal.open(forever)
    const { head } = await journal.resume(config.organizations[0]!, forever)
    return head!
  } finally {
    await journal.close()
  }
}
