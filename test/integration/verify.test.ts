import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { runHfAudit, startHfAudit } from '../support/child-process.ts'
import { organization, pollOnce, simulatedHub } from '../support/main-job.ts'

type Environment = Record<string, string>

async function polled(
  t: TestContext,
  events = 50,
): Promise<{ hub: Simulator; environment: Environment; anchor: string }> {
  const { hub, environment } = await simulatedHub(t, { events, prepared: false })
  const { code, ledger, stderr } = await pollOnce(environment)
  assert.equal(code, 0, stderr)
  return { hub, environment, anchor: String(ledger!.anchor) }
}

function tamper(environment: Environment, sql: string): void {
  using database = new DatabaseSync(join(environment.HF_AUDIT_DATA_DIR!, 'journal.db'))
  database.exec(sql)
}

const verify = (environment: Environment, ...parameters: string[]) =>
  runHfAudit(['verify', ...parameters], environment)

async function verifyJson(environment: Environment, ...parameters: string[]) {
  const { code, stdout, stderr } = await verify(environment, '--json', ...parameters)
  const results = stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
  return { code, results, stderr }
}

test('a clean journal: 0, a table, the anchor to keep; as JSON the same; no file is left behind', async t => {
  const { environment, anchor } = await polled(t)
  const { code, stdout, stderr } = await verify(environment)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^organization +records +first +last .*\nexample-org +50 +1 +50 /)
  assert.match(stdout, new RegExp(`  example-org ${anchor}\\n\\nNo problem found in 50 records.\\n$`))
  const { results } = await verifyJson(environment)
  const { chainHash, ...rest } = results[0]
  assert.equal(results.length, 1)
  assert.equal(`50:${chainHash}`, anchor)
  assert.deepEqual(rest, {
    organization,
    records: 50,
    firstSequence: 1,
    lastSequence: 50,
    anchor,
    anchorsAgreeing: 2,
    ledgerEntries: 1,
    problems: [],
    problemCount: 0,
    problemCounts: {},
    notes: [],
  })
  assert.deepEqual(
    readdirSync(environment.HF_AUDIT_DATA_DIR!).filter(name => !/^(journal|lock)\./.test(name)),
    [],
  )
})

test('a removed record: 7, the place and what it means, in words and as JSON', async t => {
  const { environment } = await polled(t)
  tamper(environment, 'DELETE FROM entry WHERE sequence IN (7, 50)')
  const { code, stdout } = await verify(environment)
  assert.equal(code, 7)
  assert.match(stdout, /example-org: sequence at row 8: sequence 6 is followed by 8: 7 is missing/)
  assert.match(stdout, /3 problems found in 48 records\.\n$/)
  assert.doesNotMatch(stdout, /To keep elsewhere/)
  const { code: jsonCode, results } = await verifyJson(environment)
  assert.equal(jsonCode, 7)
  assert.deepEqual(results[0].problemCounts, { sequence: 1, end: 2 })
  assert.deepEqual(Object.keys(results[0].problems[0]), ['kind', 'position', 'sequence', 'message'])
})

test('many problems of a kind: the first are shown, the others counted', async t => {
  const { environment } = await polled(t)
  tamper(environment, "UPDATE entry SET value = x'00' WHERE sequence IS NOT NULL")
  const { code, stdout } = await verify(environment)
  assert.equal(code, 7)
  assert.equal(stdout.match(/unreadable at row/g)?.length, 20)
  assert.match(stdout, /unreadable: 30 more of this kind/)
})

test('anchors: one on the command line, many from tail in a file, and nonsense', async t => {
  const { hub, environment, anchor } = await polled(t)
  assert.equal((await verify(environment, '--from-anchor', anchor)).code, 0)
  const wrong = await verify(
    environment,
    '--from-anchor',
    anchor.replace(/.$/, digit => (digit === '0' ? '1' : '0')),
  )
  assert.equal(wrong.code, 7)
  assert.match(wrong.stdout, /anchor at sequence 50 \(--from-anchor\)/)
  const noAnchor = await verify(environment, '--from-anchor', '50:abc')
  assert.deepEqual([noAnchor.code, noAnchor.stdout], [2, ''])
  assert.match(noAnchor.stderr, /64 hexadecimal digits/)

  hub.append({ events: 5 })
  await pollOnce(environment)
  const tail = await runHfAudit(
    ['tail', '--stream', 'ledger', '--from-beginning', '--no-follow', '--json'],
    environment,
  )
  const file = join(environment.HF_AUDIT_DATA_DIR!, 'anchors.jsonl')
  writeFileSync(file, `${tail.stdout}${organization} ${anchor}\n`)
  const { code, results } = await verifyJson(environment, '--anchors', file)
  assert.deepEqual([code, results[0].anchorsAgreeing], [0, 6])
  writeFileSync(file, 'nonsense\n')
  const nonsense = await verify(environment, '--anchors', file)
  assert.equal(nonsense.code, 2)
  assert.match(nonsense.stderr, /anchors\.jsonl.*\n.*line 1: no anchor: "nonsense"/)
  const absent = await verify(environment, '--anchors', '/nonexistent')
  assert.equal(absent.code, 2)
  assert.match(absent.stderr, /--anchors is "\/nonexistent", which cannot be read \(ENOENT\)/)
})

test('an organization that is not there is 2, no journal is 4', async t => {
  const { environment } = await polled(t, 3)
  const other = await verify(environment, '--organization', 'exampel-org')
  assert.equal(other.code, 2)
  assert.match(other.stderr, /holds nothing of "exampel-org"; it holds example-org/)
  const none = await verify({
    ...environment,
    HF_AUDIT_DATA_DIR: join(environment.HF_AUDIT_DATA_DIR!, 'none'),
  })
  assert.equal(none.code, 4)
  assert.match(none.stderr, /no journal here yet/)
})

test('against the Hub: nothing is missing; what came after the last poll is not missing either', async t => {
  const { hub, environment } = await polled(t)
  const same = await verifyJson(environment, '--against-hub')
  assert.equal(same.code, 0, same.stderr)
  assert.deepEqual(
    [same.results[0].hub.fetched, same.results[0].hub.missing.count, same.results[0].hub.notYetPolled],
    [50, 0, 0],
  )
  hub.append({ events: 3, createdAt: new Date(Date.now() + 1_000).toISOString() })
  const later = await verifyJson(environment, '--against-hub')
  assert.deepEqual([later.code, later.results[0].hub.notYetPolled], [0, 3])
  assert.match(later.results[0].notes.join(), /3 events of it came after the last poll/)
})

test('against the Hub: an event that the journal lost, and one that appeared with an old date', async t => {
  const { hub, environment } = await polled(t)
  const [late] = hub.append({ events: 1, createdAt: '2019-05-05T00:00:00Z' })
  tamper(environment, 'DELETE FROM entry WHERE sequence = 20')
  // What was published in the second in which a verification begins may be newer than what it has read.
  await sleep(1_020 - (Date.now() % 1_000))
  const { code, results } = await verifyJson(environment, '--against-hub')
  assert.equal(code, 7)
  const { missing, unknown, changed } = results[0].hub
  assert.deepEqual([missing.count, unknown.count, changed.count], [2, 0, 0])
  assert.ok(missing.ids.includes(late))
  assert.equal(results[0].problemCounts.missing, 2)
})

test('against the Hub: filtered events are not missing, whatever the filter is now', async t => {
  const { environment } = await simulatedHub(t, { events: 200, prepared: false })
  const filtered = await pollOnce({ ...environment, HF_AUDIT_EXCLUDE: 'repo.*' })
  assert.ok(Number(filtered.ledger!.filtered) > 0)
  const { code, results, stderr } = await verifyJson(environment, '--against-hub')
  assert.equal(code, 0, stderr)
  assert.equal(results[0].hub.missing.count, 0)
})

test('against the Hub: what it changed, and what it no longer has', async t => {
  const { hub, environment } = await polled(t)
  const ids = hub.exportedIds()
  hub.fault({ kind: 'change', events: 2 })
  // Below the cap that the connector knows, so all 50 should be there; and a rewritten author is no change.
  hub.setCap(45)
  hub.fault({ kind: 'rewrite', events: 10 })
  const { code, results } = await verifyJson(environment, '--against-hub')
  assert.equal(code, 7)
  const { missing, unknown, changed } = results[0].hub
  assert.deepEqual([missing.count, unknown.count, changed.count], [0, 5, 2])
  const kept = new Set(hub.exportedIds())
  assert.deepEqual(unknown.ids.toSorted(), ids.filter(id => !kept.has(id)).toSorted())
  assert.match(results[0].problems.at(-1).message, /2 events that have other content at the Hub/)
})

test('against a Hub whose window has moved on, or whose replica lags: nothing is unknown', async t => {
  const { hub, environment } = await polled(t)
  hub.setCap(30)
  const capped = await verifyJson({ ...environment, HF_AUDIT_EXPORT_CAP: '30' }, '--against-hub')
  assert.equal(capped.code, 0, capped.stderr)
  assert.equal(capped.results[0].hub.fetched, 30)
  hub.setCap(100_000)
  hub.fault({ kind: 'lag', events: 10 })
  const lagging = await verifyJson(environment, '--against-hub')
  assert.equal(lagging.code, 0, lagging.stderr)
  assert.equal(lagging.results[0].hub.fetched, 40)
})

test('against a Hub that refuses: the journal is verified all the same, and the exit code says what failed', async t => {
  const { hub, environment } = await polled(t)
  hub.fault({ kind: 'status', status: 403 })
  const refused = await verifyJson(environment, '--against-hub')
  assert.equal(refused.code, 3, refused.stderr)
  assert.deepEqual([refused.results[0].records, refused.results[0].hub], [50, undefined])
  assert.match(refused.stderr, /not compared/)
})

test('a verification that is stopped does not end like one that found nothing', async t => {
  const { environment } = await polled(t, 20_000)
  const running = startHfAudit(['verify'], environment)
  await once(running.child, 'spawn')
  await new Promise(resolve => setTimeout(resolve, 700))
  running.kill('SIGTERM')
  const code = await running.ended
  // Too late to be stopped is possible on a fast machine; then it has printed its verdict.
  if (code === 0) assert.match(running.stdout(), /No problem found/)
  else assert.equal(running.stdout(), '')
})
