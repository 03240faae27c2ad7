import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { startOtlpServer } from '../otlp/support/otlp-server.ts'
import { projectFolder, type RunningProcess, runHfAudit, startHfAudit } from '../support/child-process.ts'
import { journalRows } from '../support/data-directory.ts'
import { organization, pollOnce, simulatedHub, until } from '../support/main-job.ts'
import { freePort } from '../support/stack/ports.ts'
import { readTrail } from '../support/trail.ts'

/** `hf-audit run`: how it ends, what it leaves behind, and what one organization's trouble means for the others. */

type Environment = Record<string, string>

function start(t: TestContext, environment: Environment): RunningProcess {
  const running = startHfAudit(['run'], environment)
  t.after(() => running.kill('SIGKILL'))
  return running
}

async function endsWell(running: RunningProcess): Promise<void> {
  running.kill('SIGTERM')
  assert.equal(await running.ended, 0, running.stderr())
  assert.equal(running.logLines().at(-1)?.msg, 'stopped')
  const troubles = running.logLines().filter(({ level }) => level === 'error')
  assert.deepEqual(troubles, [], 'an orderly end is no error')
}

async function assertWhole(environment: Environment, count: number, name = organization): Promise<void> {
  const trail = await readTrail(environment, name)
  assert.deepEqual([trail.problem, trail.records, trail.distinctEventIds], [undefined, count, count])
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'hf-audit-run-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

suite('the end of a run', { concurrency: 3 }, () => {
  test('SIGTERM while the Hub is silent, and while it downloads: exit 0, and the next start publishes all', async t => {
    const { hub, environment } = await simulatedHub(t, { events: 2_000, prepared: false })
    for (const fault of [
      { kind: 'stall', at: 'before-headers' },
      { kind: 'slow', bytesPerSecond: 10_000 },
    ] as const) {
      hub.fault(fault)
      const seen = hub.state().requests.total
      const running = start(t, environment)
      await until(
        'the request',
        () => hub.state().requests.total > seen || hub.state().faults[0]!.used > 0,
        10,
      )
      await endsWell(running)
      assert.equal(journalRows(environment.HF_AUDIT_DATA_DIR!), 0)
      hub.clearFaults()
    }
    assert.equal((await pollOnce(environment)).ledger?.published, 2_000)
    await assertWhole(environment, 2_000)
  })

  test('SIGTERM in the middle of publishing: exit 0 between two transactions, the next start publishes the rest', async t => {
    const events = 40_000
    const { environment } = await simulatedHub(t, { events })
    const running = start(t, environment)
    await until('the first rows', () => journalRows(environment.HF_AUDIT_DATA_DIR!) > 0, 5)
    await endsWell(running)
    const rows = journalRows(environment.HF_AUDIT_DATA_DIR!)
    assert.ok(rows < events, 'it stops between two transactions instead of going on to the end')
    const next = await pollOnce(environment)
    assert.deepEqual([next.code, next.ledger?.alreadySeen, next.ledger?.published], [0, rows, events - rows])
    await assertWhole(environment, events)
  })

  test('SIGTERM while it waits for the next poll, and SIGINT: exit 0', async t => {
    const { environment } = await simulatedHub(t, { events: 10 })
    const running = start(t, environment)
    await running.logLine(line => line.msg === 'polled')
    await endsWell(running)
    const interrupted = start(t, environment)
    await interrupted.logLine(line => line.msg === 'polled')
    interrupted.kill('SIGINT')
    assert.equal(await interrupted.ended, 0)
  })

  test('SIGTERM while the collector is away, and while it does not answer: exit 0, all arrives later', async t => {
    const { environment: base } = await simulatedHub(t, { events: 700 })
    const away = `http://127.0.0.1:${await freePort()}`
    const refused = start(t, { ...base, OTEL_EXPORTER_OTLP_ENDPOINT: away })
    await refused.logLine(line => String(line.msg).startsWith('OTLP is not available'))
    await refused.logLine(line => line.msg === 'polled')
    await endsWell(refused)

    const silent = await startOtlpServer(t, () => undefined)
    const hanging = start(t, { ...base, OTEL_EXPORTER_OTLP_ENDPOINT: silent.origin })
    await until('a request', () => silent.requests.length > 0)
    await hanging.logLine(line => line.msg === 'polled')
    await endsWell(hanging)

    const collector = await startOtlpServer(t, () => ({ status: 200 }))
    const last = await pollOnce({ ...base, OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin })
    assert.equal(last.code, 0, last.stderr)
    const uids = collector.requests
      .flatMap(({ records }) => records)
      .map(({ attributes }) => JSON.stringify(attributes.get('log.record.uid')))
    // The events, and the ledger entries of three polls.
    assert.equal(uids.length, 703)
    assert.equal(new Set(uids).size, 703)
  })

  test('the grace period ends what does not end by itself, and a second signal ends it at once', async () => {
    const stuck = (graceMs: number, signals: number) => `
      import { stopSignals } from './src/commands/stop-signals.ts'
      const stop = stopSignals()
      stop.limitTo(${graceMs})
      setInterval(() => {}, 1000)
      let left = ${signals} - 1
      stop.signal.addEventListener('abort', () => { if (left-- > 0) process.kill(process.pid, 'SIGTERM') })
      process.kill(process.pid, 'SIGTERM')`
    const endOf = async (script: string) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: projectFolder })
      return (await once(child, 'close'))[0]
    }
    assert.equal(await endOf(stuck(200, 1)), 0)
    assert.equal(await endOf(stuck(3_600_000, 2)), 143)
  })

  test('a second run on the same data directory: exit 4, says who holds it, and leaves the first alone', async t => {
    const { hub, environment } = await simulatedHub(t, { events: 20, prepared: false })
    const first = start(t, { ...environment, HF_AUDIT_POLL_INTERVAL: '1s' })
    await first.logLine(line => line.msg === 'polled')
    for (const parameters of [
      ['run'],
      ['run', '--once'],
      ['import', 'package.json', '--organization', organization],
    ]) {
      const second = await runHfAudit(parameters, environment)
      assert.equal(second.code, 4, second.stderr)
      assert.match(
        second.stderr,
        new RegExp(`process ${first.child.pid} on .* only one may.*HF_AUDIT_DATA_DIR`),
      )
    }
    hub.append({ events: 5 })
    await first.logLine(line => line.published === 5)
    await endsWell(first)
    await assertWhole(environment, 25)
  })

  test('a data directory that cannot be: exit 4 and the words to mend it', async t => {
    const { environment } = await simulatedHub(t, { events: 1 })
    const file = join(folder(t), 'file')
    writeFileSync(file, 'x')
    const { code, stderr } = await runHfAudit(['run'], {
      ...environment,
      HF_AUDIT_DATA_DIR: join(file, 'data'),
    })
    assert.equal(code, 4)
    assert.match(stderr, /HF_AUDIT_DATA_DIR must be a directory that this user may write to/)
  })
})

suite('organizations side by side', { concurrency: 3 }, () => {
  test('one of three is blocked: the others are done, exit 3', async t => {
    const names = [organization, 'second-example', 'third-example']
    const { hub, environment: base } = await simulatedHub(t, { events: 60, organizations: names })
    const environment = { ...base, HF_AUDIT_ORGANIZATIONS: names.join(',') }
    hub.fault({ kind: 'status', status: 403, organization: 'second-example' })
    const { code, logLines } = await runHfAudit(['run', '--once'], environment)
    assert.equal(code, 3)
    assert.deepEqual(
      logLines
        .filter(({ msg }) => msg === 'polled')
        .map(line => line.organization)
        .toSorted(),
      [organization, 'third-example'],
    )
    const blocked = logLines.filter(({ level }) => level === 'error')
    assert.equal(blocked.length, 1, 'told once')
    assert.equal(blocked[0]?.organization, 'second-example')
    for (const name of [organization, 'third-example']) await assertWhole(environment, 60, name)
    hub.fault({ kind: 'status', status: 503, organization: 'third-example' })
    assert.equal(
      (await pollOnce(environment, '--timeout', '1s')).code,
      3,
      'a blocked one goes before one that is down',
    )
  })

  test('a token file that vanishes blocks its organization alone, until it is back', async t => {
    const names = [organization, 'second-example']
    const { environment: base } = await simulatedHub(t, { events: 10, organizations: names })
    const directory = folder(t)
    const tokenFile = join(directory, 'token')
    writeFileSync(tokenFile, 'hf_simulated\n')
    const config = join(directory, 'connector.yaml')
    writeFileSync(
      config,
      `organizations:\n  - name: ${names[0]}\n  - { name: ${names[1]}, tokenFile: ${JSON.stringify(tokenFile)} }\n` +
        'pollInterval: 1s\nblockedRetry: 1s\n',
    )
    const environment = { ...base, HF_AUDIT_ORGANIZATIONS: '' }
    const running = startHfAudit(['run', '--config', config], environment)
    t.after(() => running.kill('SIGKILL'))
    const polls = (name: string) =>
      running.logLines().filter(line => line.msg === 'polled' && line.organization === name).length
    await until('both', () => names.every(name => polls(name) > 0))
    renameSync(tokenFile, `${tokenFile}.away`)
    const blocked = await running.logLine(line => line.code === 'HUB_UNAUTHORIZED')
    assert.equal(blocked.organization, 'second-example')
    assert.ok(String(blocked.msg).includes(tokenFile), 'it names the file')
    const [first, second] = names.map(polls) as [number, number]
    await until('the other', () => polls(names[0]!) > first + 1)
    renameSync(`${tokenFile}.away`, tokenFile)
    await until('it again', () => polls(names[1]!) > second)
    running.kill('SIGTERM')
    assert.equal(await running.ended, 0)
  })

  test('another Hub for the same trail: blocked, exit 3, nothing published', async t => {
    const { environment } = await simulatedHub(t, { events: 10 })
    assert.equal((await pollOnce(environment)).code, 0)
    const { environment: other } = await simulatedHub(t, { events: 12, seed: 2 })
    const moved = await pollOnce({ ...environment, HF_ENDPOINT: other.HF_ENDPOINT! })
    assert.equal(moved.code, 3)
    assert.match(moved.stderr, /was read from .* Set HF_ENDPOINT back/)
    await assertWhole(environment, 10)
  })

  test('filters: what is left out is counted, and a filter that changes later brings nothing old', async t => {
    const { hub, environment } = await simulatedHub(t, { events: 500, prepared: false })
    const only = { ...environment, HF_AUDIT_INCLUDE: 'repo.*, org.*', HF_AUDIT_EXCLUDE: 'repo.create' }
    const first = await pollOnce(only)
    const { published, filtered } = first.ledger as { published: number; filtered: number }
    assert.equal(published + filtered, 500)
    assert.ok(published > 0 && filtered > 0)
    hub.append({ events: 2, type: 'repo.create' })
    hub.append({ events: 3, type: 'repo.delete' })
    hub.append({ events: 4, type: 'nobody.knows' })
    const second = await pollOnce(only)
    assert.deepEqual([second.ledger?.published, second.ledger?.filtered], [3, 6])
    const all = await pollOnce(environment)
    assert.deepEqual([all.ledger?.published, all.ledger?.alreadySeen], [0, 509])
    await assertWhole(environment, published + 3)
  })

  test('a log that grows while it is polled every second: each event once', async t => {
    const { hub, environment } = await simulatedHub(t, {
      events: 100,
      rate: 40,
      prepared: false,
      order: 'shuffled',
    })
    const running = start(t, { ...environment, HF_AUDIT_POLL_INTERVAL: '1s' })
    const polls = () => running.logLines().filter(({ msg }) => msg === 'polled')
    await until('six polls', () => polls().length >= 6)
    hub.setRate(0)
    const after = polls().length
    await until('a poll of what is there now', () => polls().length >= after + 2)
    await endsWell(running)
    const published = polls().reduce((sum, line) => sum + Number(line.published), 0)
    assert.ok(published > 200, 'it did grow')
    assert.equal(published, hub.exportedIds().length)
    await assertWhole(environment, published)
  })

  test('a Hub that records its own exports: each such event is published once and marked as ours', async t => {
    const { environment } = await simulatedHub(t, { events: 50, exportEvents: true, prepared: false })
    for (let poll = 0; poll < 4; poll++) assert.equal((await pollOnce(environment)).code, 0)
    const { stdout } = await runHfAudit(['tail', '--from-beginning', '--no-follow', '--json'], environment)
    const records = stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as { eventName: string; eventID: string; tags: Record<string, string> })
    const exports = records.filter(
      ({ eventName, tags }) => eventName === 'org.audit_log.export' && tags.self === 'true',
    )
    // The first export's event shows in the second; the last one's is not to be seen yet.
    assert.ok(exports.length === 3 || exports.length === 4, `${exports.length} exports`)
    assert.equal(new Set(records.map(({ eventID }) => eventID)).size, records.length)
    assert.equal(records.length, 50 + exports.length)
    assert.ok(
      records
        .filter(({ eventName }) => eventName !== 'org.audit_log.export')
        .every(({ tags }) => tags.self === undefined),
    )
  })
})
