import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { fetchHighWatermarks } from '../../src/kafka/high-watermarks.ts'
import { organization, simulatedHub, until } from '../support/main-job.ts'
import { readRecords } from '../support/readers/python.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { startWorker, type Worker } from '../support/worker.ts'

const EVENTS = 60_000
const TOPIC = 'timed-out'

test('a transaction that timed out while its worker still owns the shard: it recovers, and nobody is asked to join', async t => {
  if (!(await requireStack(t, 'kafka', 'python'))) return
  const kafka = await startKafka({
    properties: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200' },
  })
  t.after(() => kafka.stop())
  const { environment } = await simulatedHub(t, { events: EVENTS })
  const worker = startWorker('worker', {
    ...environment,
    NODE_OPTIONS: `--import=${new URL('./short-transactions.ts', import.meta.url).href}`,
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_TOPIC: TOPIC,
    KAFKA_PARTITIONS: '1',
    KAFKA_SESSION_TIMEOUT: '60s',
    HF_AUDIT_POLL_INTERVAL: '1s',
  })
  t.after(() => worker.kill('SIGKILL'))

  // What is open when it is looked at may be done when the process freezes: then once more.
  for (let freezes = 0; timedOut(worker) === 0; freezes++) {
    assert.ok(
      freezes < 6 && worker.polls.length === 0,
      `no transaction was open in any of ${freezes} freezes`,
    )
    await until('a transaction to be open', () => hasOpenTransaction(kafka.brokers), 5)
    worker.kill('SIGSTOP')
    await sleep(6_500)
    worker.kill('SIGCONT')
    await sleep(300)
  }
  await until('the backfill to end', () => worker.polls.length >= 1)
  worker.kill('SIGTERM')
  assert.equal(await worker.ended, 0)

  assert.equal(worker.assignments.length, 1, 'its membership was never in doubt')
  // Each failure costs one reading: it does not fence itself in circles.
  assert.equal(worker.readings.length, 1 + worker.failures.length, worker.stderr())
  const summary = await readRecords({ brokers: kafka.brokers, topic: TOPIC })
  assert.deepEqual(summary.problems, [])
  assert.deepEqual([summary.records, summary.distinctIds], [EVENTS, EVENTS])
  const { holes, chainFromStart, chainUnbroken } = summary.keys[organization]!
  assert.deepEqual([holes, chainFromStart, chainUnbroken], [0, true, true])
})

/** Error 47, which means fenced or timed out; nobody else is there to fence it. */
function timedOut({ failures }: Worker): number {
  return failures.filter(({ message }) => /epoch|fenced/i.test(message)).length
}

/** Records that no reader of committed ones gets to: their transaction has not ended. */
async function hasOpenTransaction(brokers: string): Promise<boolean> {
  const client = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  try {
    const [stable] = await admin.fetchTopicOffsets(TOPIC).catch(() => [])
    if (stable === undefined) return false
    const [end = 0] = (await fetchHighWatermarks(client, [TOPIC], [0])).get(TOPIC)!
    // The end was asked for later: if it is the same now, nothing ended in between.
    const [now] = await admin.fetchTopicOffsets(TOPIC)
    return end > Number(now!.high) && now!.high === stable.high
  } finally {
    await admin.disconnect()
  }
}
