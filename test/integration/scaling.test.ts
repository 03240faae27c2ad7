import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { brokenPromises, type Deployment, startDeployment } from '../support/deployment.ts'
import { until } from '../support/main-job.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { shardsOf, type Worker } from '../support/worker.ts'

const SESSION_TIMEOUT_MS = 6_000

test('workers come, freeze, thaw, die and leave while a backfill runs', async t => {
  if (!(await requireStack(t, 'kafka', 'collector', 'python'))) return
  const startedAtMs = Date.now()
  const deployment = await startDeployment({
    organizations: 12,
    partitions: 12,
    events: 10_000,
    pollIntervalMs: 5_000,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  })
  t.after(() => deployment.stop())
  // However fast the machine is: half of it waits until all are there.
  const hold = { kind: 'status', status: 503, retryAfter: 1 }
  for (const organization of deployment.organizations.slice(6))
    await deployment.hub.control('fault', { ...hold, organization })

  const first = deployment.start('first')
  await until('the backfill to be under way', () => first.readings.length > 0)
  const dying = deployment.start('dying')
  const frozen = deployment.start('frozen')
  const leaving = deployment.start('leaving')
  for (const worker of [dying, frozen, leaving]) {
    await until(`${worker.name} to have its part of it`, () => worker.readings.length > 0)
  }
  assert.ok(done(deployment).size <= 6)
  await deployment.hub.control('clear-faults')
  const kept = [...shardsOf(first)].filter(shard => deployment.busyShards.has(shard))

  frozen.kill('SIGSTOP')
  const frozenAtMs = Date.now()
  await sleep(500)
  dying.kill('SIGKILL')
  leaving.kill('SIGTERM')
  assert.equal(await leaving.ended, 0)
  const told = frozen.assignments.length
  await until('the first to own it all', () => owns(first, deployment))
  await sleep(Math.max(0, frozenAtMs + SESSION_TIMEOUT_MS + 1_000 - Date.now()))
  frozen.kill('SIGCONT')
  await until('the thawed one to be back', () => frozen.assignments.length > told)
  await until('every organization to be backfilled', () => done(deployment).size === 12)

  // Whoever comes and goes, the shards that stay with a worker stay as they are.
  for (const shard of kept.filter(one => shardsOf(first).has(one))) {
    assert.equal(first.readings.filter(reading => reading.shard === shard).length, 1, `shard ${shard}`)
  }
  await deployment.finish()
  const report = await deployment.check(startedAtMs, Date.now())
  assert.deepEqual(brokenPromises(report), [])
  assert.equal(report.records, 120_000)
  t.diagnostic(
    `${report.aborted} records of aborted transactions in the topic, none of them at the collector`,
  )
})

/** Organizations of which a poll got to its end. */
function done({ workers }: Deployment): Set<string> {
  return new Set(workers.flatMap(({ polls }) => polls.map(poll => poll.organization)))
}

function owns(worker: Worker, { busyShards }: Deployment): boolean {
  return [...busyShards].every(shard => shardsOf(worker).has(shard))
}
