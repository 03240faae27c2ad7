import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { brokenPromises, type Deployment, startDeployment } from '../support/deployment.ts'
import { until } from '../support/main-job.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { shardsOf, type Worker } from '../support/worker.ts'

const POLL_INTERVAL_MS = 2_000
const SESSION_TIMEOUT_MS = 6_000
/** Whatever a machine with little time for them adds to a rebalance and a poll. */
const PATIENCE_MS = 60_000

/**
 * Forty organizations and as many as five workers, all of them processes, on a real broker. Each test goes on from where
 * the one before left them; at the end readers that share no code with them hold what they did against the Hub.
 */
suite('many workers', async () => {
  const ready = await requireStack({ skip: () => {} }, 'kafka', 'collector', 'python')
  const skip = ready ? {} : { skip: 'a real Kafka, collector or Python is missing' }
  const startedAtMs = Date.now()
  let deployment: Deployment

  before(async () => {
    if (!ready) return
    deployment = await startDeployment({
      organizations: 40,
      partitions: 20,
      events: 50,
      pollIntervalMs: POLL_INTERVAL_MS,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    })
    await deployment.hub.control('rate', { rate: 1 })
  })
  after(() => deployment?.stop())

  const running = (): readonly Worker[] =>
    deployment.workers.filter(worker => worker.endedWith() === undefined)
  const busyOf = (worker: Worker): number[] =>
    [...shardsOf(worker)].filter(shard => deployment.busyShards.has(shard)).sort((a, b) => a - b)
  const organizationsOf = (worker: Worker): string[] =>
    deployment.organizations.filter(name => shardsOf(worker).has(deployment.shardOf(name)))
  /** Who polled the organization since then. */
  const pollersOf = (organization: string, sinceMs: number): Worker[] =>
    deployment.workers.filter(({ polls }) =>
      polls.some(poll => poll.organization === organization && poll.startedAtMs >= sinceMs),
    )

  /** Waits until these workers share the shards, each shard with one of them, and have polled all their organizations. */
  async function shared(workers: readonly Worker[]): Promise<void> {
    await until(
      `${workers.length} workers to share the shards`,
      () =>
        workers.flatMap(busyOf).length === deployment.busyShards.size &&
        workers.every(w => busyOf(w).length > 0),
    )
    const since = Date.now()
    await until('every organization to be polled by its owner', () =>
      workers.every(worker => organizationsOf(worker).every(name => pollersOf(name, since).includes(worker))),
    )
    for (const name of deployment.organizations) {
      const pollers = pollersOf(name, since).map(worker => worker.name)
      assert.equal(pollers.length, 1, `${name} was polled by ${pollers.join(' and ')}`)
    }
    const loads = workers.map(worker => busyOf(worker).length)
    assert.equal(new Set(workers.flatMap(busyOf)).size, deployment.busyShards.size, 'a shard has two owners')
    assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, `unevenly dealt: ${loads.join(', ')}`)
  }

  /** Waits until all organizations of one that is gone were polled by others; the longest of these waits. */
  async function takenOver(organizations: readonly string[], gone: Worker, sinceMs: number): Promise<number> {
    const others = running().filter(worker => worker !== gone)
    const firstPolls = () =>
      organizations.map(name =>
        Math.min(
          ...others.flatMap(({ polls }) =>
            polls
              .filter(poll => poll.organization === name && poll.startedAtMs >= sinceMs)
              .map(poll => poll.finishedAtMs),
          ),
        ),
      )
    await until('others to poll what is left', () => firstPolls().every(Number.isFinite))
    return Math.max(...firstPolls()) - sinceMs
  }

  /** What happened to a worker, for the one who must find out why. */
  const history = ({ assignments, readings, failures }: Worker): string =>
    [...assignments, ...readings, ...failures]
      .sort((left, right) => left.atMs - right.atMs)
      .map(told => JSON.stringify(told))
      .join('\n')

  test('two share the organizations evenly, each polled by one of them', skip, async () => {
    await shared([deployment.start('one'), deployment.start('two')])
  })

  test(
    'three more: each takes its share, and what stays where it was goes on undisturbed',
    skip,
    async () => {
      const [one, two] = running() as [Worker, Worker]
      const before = new Map([one, two].map(worker => [worker, busyOf(worker)]))
      const joinedAtMs = Date.now()
      await shared([one, two, ...['three', 'four', 'five'].map(deployment.start)])
      for (const worker of [one, two]) {
        // On a busy machine a shard may go away and come back while they join one after the other: that one did not stay.
        const toldSince = ({ assignments }: Worker) =>
          assignments.filter(({ atMs }) => atMs >= joinedAtMs).map(({ shards }) => shards)
        const newcomers = deployment.workers.filter(other => other !== one && other !== two)
        const passedOn = new Set(newcomers.flatMap(toldSince).flat())
        const kept = busyOf(worker).filter(shard => !passedOn.has(shard))
        for (const shard of kept) {
          assert.ok(
            before.get(worker)!.includes(shard),
            `${worker.name} got shard ${shard}, and should only give`,
          )
        }
        const stayed = kept.filter(shard => toldSince(worker).every(shards => shards.includes(shard)))
        assert.ok(stayed.length > 0)
        const readAgain = worker.readings.filter(
          ({ shard, atMs }) => atMs >= joinedAtMs && stayed.includes(shard),
        )
        assert.deepEqual(readAgain, [], history(worker))
        // Whoever takes a shard may fence a commit under way before its owner is told.
        const failed = worker.failures.filter(
          ({ organization, atMs }) =>
            atMs >= joinedAtMs &&
            (organization === undefined || stayed.includes(deployment.shardOf(organization))),
        )
        assert.deepEqual(failed, [], history(worker))
      }
    },
  )

  test(
    'one is killed: others poll its organizations within session time-out and poll interval',
    skip,
    async () => {
      const dead = deployment.workers.find(worker => worker.name === 'three')!
      const organizations = organizationsOf(dead)
      dead.kill('SIGKILL')
      const waited = await takenOver(organizations, dead, Date.now())
      assert.ok(
        waited <= SESSION_TIMEOUT_MS + 1.1 * POLL_INTERVAL_MS + PATIENCE_MS,
        `the last organization waited ${waited} ms`,
      )
      await shared(running())
    },
  )

  test(
    'one is frozen for longer than the session time-out: as a zombie it takes nothing from anyone',
    skip,
    async () => {
      const zombie = deployment.workers.find(worker => worker.name === 'four')!
      const organizations = organizationsOf(zombie)
      const assigned = zombie.assignments.length
      const frozenAtMs = Date.now()
      zombie.kill('SIGSTOP')
      await takenOver(organizations, zombie, frozenAtMs)
      const thawedAtMs = Date.now()
      const readBefore = deployment.workers.flatMap(worker => worker.readings).length
      zombie.kill('SIGCONT')
      await until('the zombie to be told what it owns now', () => zombie.assignments.length > assigned)
      const [rejoined] = zombie.assignments.slice(assigned)
      await shared(running())
      // A reading fences whoever wrote there: before the group had told it so, it read nothing.
      const early = zombie.readings.filter(({ atMs }) => atMs >= thawedAtMs && atMs < rejoined!.atMs)
      assert.deepEqual(early, [])
      // Nobody fights: each shard that moved was read by the one it moved to, and a few once more by those it moved from.
      const read = deployment.workers.flatMap(worker => worker.readings).length - readBefore
      const moved = busyOf(zombie).length
      assert.ok(read <= 2 * moved, `${read} readings for ${moved} shards that moved`)
    },
  )

  test('one ends in good order: others go on at once', skip, async () => {
    const leaving = deployment.workers.find(worker => worker.name === 'five')!
    const organizations = organizationsOf(leaving)
    leaving.kill('SIGTERM')
    const since = Date.now()
    assert.equal(await leaving.ended, 0)
    await takenOver(organizations, leaving, since)
    await shared(running())
  })

  test('all in all: nothing lost, nothing doubled, nothing aborted at the collector', skip, async () => {
    await deployment.hub.control('rate', { rate: 0 })
    await deployment.finish()
    const report = await deployment.check(startedAtMs, Date.now())
    assert.deepEqual(brokenPromises(report), [])
    assert.equal(Object.keys(report.organizations).length, 40)
  })
})
