import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { type RunningProcess, startHfAudit } from '../support/child-process.ts'
import { journalRows } from '../support/data-directory.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { countUids } from '../support/readers/collector-file.ts'
import { startCollector } from '../support/stack/collector.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { readTrail } from '../support/trail.ts'

/** The main job with no server at all: simulated Hub → hf-audit → embedded journal, and on to a real collector. */

type Environment = Record<string, string>

async function assertWhole(
  environment: Environment,
  count: number,
): Promise<Awaited<ReturnType<typeof readTrail>>> {
  const trail = await readTrail(environment, organization)
  assert.equal(trail.problem, undefined)
  assert.deepEqual([trail.records, trail.distinctIds, trail.distinctEventIds], [count, count, count])
  return trail
}

function assertSameBytes(hub: Simulator, rawHashes: ReadonlySet<string>, count: number): void {
  for (let n = 1; n <= count; n++) {
    const hash = createHash('sha256').update(hub.element(n)).digest('hex')
    if (!rawHashes.has(hash)) assert.fail(`event ${n} is not in the journal as the Hub gave it`)
  }
}

test('100,000 events and no OTLP: each once, in sequence, chained, byte for byte; an unchanged poll publishes none', async t => {
  const { hub, environment } = await simulatedHub(t, { events: 100_000, gzip: true })
  const first = await pollOnce(environment)
  assert.equal(first.code, 0, first.stderr)
  assert.equal(first.ledger?.published, 100_000)
  const trail = await assertWhole(environment, 100_000)
  assert.equal(
    first.ledger?.anchor,
    `100000:${trail.chainHash}`,
    'the anchor is the chain that a stranger finds',
  )
  assertSameBytes(hub, trail.rawHashes, 100_000)

  const second = await pollOnce(environment)
  assert.deepEqual([second.code, second.ledger?.published, second.ledger?.alreadySeen], [0, 0, 100_000])
  assert.equal(second.ledger?.anchor, first.ledger?.anchor)
})

for (const order of ['newest-first', 'oldest-first', 'shuffled'] as const) {
  test(`ten new events of which three have an old createdAt: exactly those ten, ${order}`, async t => {
    const { hub, environment } = await simulatedHub(t, { events: 3_000, order, prepared: false })
    assert.equal((await pollOnce(environment)).ledger?.published, 3_000)
    const known = new Set(hub.exportedIds())
    const expected = [
      ...hub.append({ events: 7 }),
      ...hub.append({ events: 3, createdAt: '2019-05-05T00:00:00Z' }),
    ]
    assert.equal((await pollOnce(environment)).ledger?.published, 10)
    const trail = await assertWhole(environment, 3_010)
    const added = [...trail.eventIds].filter(id => !known.has(id))
    assert.deepEqual(added.toSorted(), expected.toSorted())
    // The window slides: what falls out of it is no finding, and nothing comes again.
    hub.setCap(3_005)
    const capped = await pollOnce({ ...environment, HF_AUDIT_EXPORT_CAP: '3005' })
    assert.deepEqual([capped.ledger?.published, capped.ledger?.findings], [0, 0], capped.stderr)
  })
}

test('SIGKILL while downloading and at several points of the backfill: each event once, none missing', async t => {
  const events = 40_000
  const { hub, environment } = await simulatedHub(t, { events })
  const kill = async (running: RunningProcess): Promise<void> => {
    running.kill('SIGKILL')
    assert.equal(await running.ended, 'SIGKILL')
    assert.ok(journalRows(environment.HF_AUDIT_DATA_DIR!) < events, 'killed too late to prove anything')
  }

  const downloading = startHfAudit(['run'], environment)
  await until('the download', () => hub.state().requests.total > 0, 5)
  await kill(downloading)

  for (const killAt of [1, 20_000]) {
    const running = startHfAudit(['run'], environment)
    await until(`${killAt} rows`, () => journalRows(environment.HF_AUDIT_DATA_DIR!) >= killAt, 5)
    await kill(running)
  }

  const last = await pollOnce(environment)
  assert.equal(last.code, 0, last.stderr)
  const { published, alreadySeen } = last.ledger as { published: number; alreadySeen: number }
  assert.equal(published + alreadySeen, events)
  const trail = await assertWhole(environment, events)
  assertSameBytes(hub, trail.rawHashes, events)
})

test('the collector is down for the whole backfill: the journal is complete at once, and later all arrive', async t => {
  if (!(await requireStack(t, 'collector'))) return
  const events = 10_000
  const { environment: base } = await simulatedHub(t, { events })
  const collector = await startCollector()
  t.after(() => collector.stop())
  await collector.kill()
  const environment = { ...base, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }

  const down = await pollOnce(environment, '--timeout', '8s')
  assert.equal(down.code, 5, 'not everything was forwarded in time')
  assert.equal(down.ledger?.published, events)
  assert.match(down.stderr, /10001 records still wait/)
  await assertWhole(environment, events)

  await collector.restart()
  const up = await pollOnce(environment)
  assert.equal(up.code, 0, up.stderr)
  assert.equal(up.ledger?.published, 0)
  // Beside the events, the ledger entries of the two polls.
  await until('the file', async () => (await countUids(collector.outputFile)).records >= events + 2)
  assert.deepEqual(await countUids(collector.outputFile), {
    records: events + 2,
    distinctUids: events + 2,
    withoutUid: 0,
  })
})
