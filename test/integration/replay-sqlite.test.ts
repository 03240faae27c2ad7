import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts'
import { projectFolder, runHfAudit, startHfAudit } from '../support/child-process.ts'
import { organization, pollOnce, until } from '../support/main-job.ts'
import { countUids } from '../support/readers/collector-file.ts'
import { readContainer } from '../support/readers/container.ts'
import { readRecords } from '../support/readers/python.ts'
import { killedTwice, range, replayed, sequencesInLines, sequencesOf } from '../support/replay-check.ts'
import { startCollector } from '../support/stack/collector.ts'
import { startKafka } from '../support/stack/kafka.ts'
import { freePort } from '../support/stack/ports.ts'
import { requireStack } from '../support/stack/requirements.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'

/** `hf-audit replay` from the embedded journal, as a process; its targets are real, and read by others. */
const EVENTS = 10_000
const EVERYTHING = ['--from', '2020-01-01', '--to', '2100-01-01']

suite('replay, from the embedded journal', () => {
  let hub: Simulator
  let folder: string
  let environment: Record<string, string>

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hf-audit-replay-'))
    hub = createSimulator({ organizations: [organization], events: EVENTS })
    const { url } = await hub.start()
    environment = {
      HF_ENDPOINT: url,
      HF_TOKEN: 'hf_simulated',
      HF_AUDIT_ORGANIZATIONS: organization,
      HF_AUDIT_DATA_DIR: join(folder, 'data'),
    }
    hub.fault({ kind: 'poison', poison: ['number', 'id-missing'], organization })
    const { code, stderr } = await pollOnce(environment)
    assert.equal(code, 0, stderr)
  })
  after(async () => {
    await hub.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const size = (path: string) => async () => statSync(path, { throwIfNoEntry: false })?.size ?? 0

  test('to JSON lines: what tail prints; SIGKILL twice, each record once; beside a running worker', async t => {
    const running = startHfAudit(['run'], { ...environment, HF_AUDIT_POLL_INTERVAL: '3s' })
    t.after(() => running.kill('SIGKILL'))
    await running.logLine(line => line.msg === 'polled')
    const path = join(folder, 'all.json')
    const parameters = [...EVERYTHING, '--to-json', path]
    await killedTwice(environment, parameters, { arrived: size(path), step: 8_000_000, count: EVENTS })
    assert.deepEqual(await sequencesInLines(path), { [organization]: range(1, EVENTS) })
    const tail = await runHfAudit(['tail', '--from-beginning', '--no-follow', '--json'], environment)
    assert.equal(tail.code, 0, tail.stderr)
    assert.ok(readFileSync(path, 'utf8') === tail.stdout, 'the same bytes as tail --json')
    running.kill('SIGTERM')
    assert.equal(await running.ended, 0)
    assert.deepEqual(
      running.logLines().filter(({ level }) => level !== 'info'),
      [],
    )

    const again = await replayed(environment, ...parameters)
    assert.deepEqual([again.result, again.records], ['finished before', EVENTS])
    const anew = await replayed(environment, ...parameters, '--again')
    assert.deepEqual([anew.result, anew.records, anew.run], ['finished', EVENTS, 2])
    assert.ok(readFileSync(path, 'utf8') === tail.stdout)
    rmSync(path)
    assert.equal((await replayed(environment, ...parameters)).result, 'finished', 'the file was deleted')
    assert.ok(readFileSync(path, 'utf8') === tail.stdout)
  })

  test('to an Avro file: SIGKILL twice; every stream', async t => {
    if (!(await requireStack(t, 'python'))) return
    const path = join(folder, 'all.avro')
    const parameters = [...EVERYTHING, '--to-avro', path]
    await killedTwice(environment, parameters, { arrived: size(path), step: 1_000_000, count: EVENTS })
    const { records } = await readContainer(path)
    assert.deepEqual(sequencesOf(records), { [organization]: range(1, EVENTS) })
    assert.equal(records[0].rawLog, hub.element(1).toString())
    for (const [stream, count, name] of [
      ['dead-letters', 2, 'DeadLetter'],
      ['findings', 0, 'Finding'],
    ] as const) {
      const file = join(folder, `${stream}.avro`)
      assert.equal(
        (await replayed(environment, ...EVERYTHING, '--stream', stream, '--to-avro', file)).records,
        count,
      )
      const found = await readContainer(file)
      assert.deepEqual([found.records.length, found.schema.name.split('.').at(-1)], [count, name])
    }
  })

  test('to standard output: sequences and times, their ends in or out; nothing is kept', async () => {
    const print = async (...parameters: string[]) => {
      const { code, stdout, stderr } = await runHfAudit(
        ['replay', ...parameters, '--to-json', '-'],
        environment,
      )
      assert.equal(code, 0, stderr)
      return stdout
        .split('\n')
        .slice(0, -1)
        .map(line => JSON.parse(line) as { sequence: number; eventTime: string; receivedAt: string })
    }
    const four = await print('--organization', organization, '--from-sequence', '7', '--to-sequence', '10')
    assert.deepEqual(
      four.map(({ sequence }) => sequence),
      [7, 8, 9, 10],
    )
    const [first, , third] = four
    const created = await print('--from', first!.eventTime, '--to', third!.eventTime, '--by', 'event-time')
    assert.deepEqual(
      created.map(({ sequence }) => sequence),
      [7, 8],
    )
    assert.deepEqual(await print('--to', first!.receivedAt), [])
    assert.equal((await print('--from', first!.receivedAt, '--organization', organization)).length, EVENTS)
    const unknown = await runHfAudit(
      ['replay', '--from', '2020-01-01', '--organization', 'exampel-org', '--to-json', '-'],
      environment,
    )
    assert.deepEqual([unknown.code, unknown.stdout], [0, ''])
    assert.match(unknown.stderr, /No record is in the range of exampel-org.*did you mean "example-org"/)
  })

  test('to a collector: SIGKILL twice; a record that it refuses is told and counted, the rest goes on', async t => {
    if (!(await requireStack(t, 'collector'))) return
    const collector = await startCollector()
    t.after(() => collector.stop())
    // Slow enough that the collector's file tells of the first records before the last ones are sent.
    const proxy = await startTcpProxy(await freePort(), collector.port)
    t.after(() => proxy.close())
    proxy.delay(50)
    const to = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${proxy.port}` }
    const arrived = async () => (await countUids(collector.outputFile).catch(() => ({ records: 0 }))).records
    await killedTwice(to, [...EVERYTHING, '--to-otlp'], { arrived, step: 2_500, count: EVENTS })
    await until('the last ones', async () => (await countUids(collector.outputFile)).distinctUids === EVENTS)

    const narrow = await startCollector({ maxRequestBytes: 3_000 })
    t.after(() => narrow.stop())
    const longest = Math.max(...range(1, 40).map(place => hub.element(place).length))
    const parameters = [
      '--organization',
      organization,
      '--from-sequence',
      '1',
      '--to-sequence',
      '40',
      '--to-otlp',
    ]
    const { code, stdout, logLines } = await runHfAudit(['replay', ...parameters, '--json'], {
      ...environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: narrow.endpoint,
    })
    const { records, refused } = JSON.parse(stdout)
    assert.deepEqual([code, records + refused], [0, 40])
    assert.equal(
      logLines.filter(({ msg }) => /^OTLP refused a record, which is left out/.test(String(msg))).length,
      refused,
      `longest ${longest}`,
    )
    await until(
      'the others',
      async () =>
        (await countUids(narrow.outputFile).catch(() => ({ distinctUids: 0 }))).distinctUids === records,
    )
  })

  test('a collector that is down: it waits and tells; SIGTERM ends it with 5, and it goes on when there is one', async t => {
    if (!(await requireStack(t, 'collector'))) return
    const collector = await startCollector()
    t.after(() => collector.stop())
    await collector.kill()
    const to = { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
    const parameters = [...EVERYTHING, '--to-otlp']
    const waiting = startHfAudit(['replay', ...parameters], to)
    t.after(() => waiting.kill('SIGKILL'))
    await waiting.logLine(({ msg }) => /OTLP is not available/.test(String(msg)))
    const second = await runHfAudit(['replay', ...parameters], to)
    assert.equal(second.code, 4)
    assert.match(second.stderr, /another process runs the replay/)
    waiting.kill('SIGTERM')
    assert.equal(await waiting.ended, 5)
    assert.match(
      waiting.stderr(),
      /stopped while http.* took nothing \(.*the same command goes on from there/,
    )
    await collector.restart()
    assert.equal((await replayed(to, ...parameters)).records, EVENTS)
  })

  test('SIGTERM in the middle: exit 1, tells how to go on, and goes on', async t => {
    const path = join(folder, 'stopped.json')
    const parameters = [...EVERYTHING, '--to-json', path, '--name', 'stopped']
    const running = startHfAudit(['replay', ...parameters], environment)
    t.after(() => running.kill('SIGKILL'))
    await until('the first records', async () => (await size(path)()) > 8_000_000, 2)
    running.kill('SIGTERM')
    assert.equal(await running.ended, 1)
    assert.match(running.stderr(), /was stopped before its end.*the same command goes on from there/)

    const other = await runHfAudit(
      ['replay', '--from', '2025-01-01', '--to-json', path, '--name', 'stopped'],
      environment,
    )
    assert.equal(other.code, 2)
    assert.match(
      other.stderr,
      /named stopped is under way with other arguments:\n.*before: .*2020.*\n.*now: .*2025/,
    )
    const last = await replayed(environment, ...parameters)
    assert.ok(last.sentBefore > 0)
    assert.deepEqual(await sequencesInLines(path), { [organization]: range(1, EVENTS) })
    const unnamed = await runHfAudit(['replay', ...EVERYTHING, '--to-json', path], environment)
    assert.equal(unnamed.code, 2)
    assert.match(unnamed.stderr, /is there already, and no replay of this name wrote it/)
  })

  test('the disk is full: exit 4, and with room the same command goes on with whole records', async () => {
    const path = join(folder, 'full.json')
    const parameters = ['replay', ...EVERYTHING, '--to-json', path]
    // No file may grow beyond this; the shell's unit is 512 bytes in POSIX, 1,024 in bash.
    const limited = ['-c', 'ulimit -f 16384; exec "$0" "$@"', process.execPath, 'src/cli.ts', ...parameters]
    const { status, stderr } = spawnSync('sh', limited, {
      cwd: projectFolder,
      env: { PATH: process.env.PATH ?? '', ...environment },
      encoding: 'utf8',
    })
    assert.equal(status, 4, stderr)
    assert.match(stderr, /full\.json cannot be written \(EFBIG\)\. Make room/)
    const last = await replayed(environment, ...parameters.slice(1))
    assert.ok(last.sentBefore > 0)
    assert.deepEqual(await sequencesInLines(path), { [organization]: range(1, EVENTS) })
  })

  test('into a topic, where Kafka is configured beside it: SIGKILL twice, as the journal on Kafka would have it', async t => {
    if (!(await requireStack(t, 'kafka', 'python'))) return
    const kafka = await startKafka()
    t.after(() => kafka.stop())
    const to = { ...environment, KAFKA_BROKERS: kafka.brokers }
    const admin = new Kafka({ brokers: [kafka.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    t.after(() => admin.disconnect())
    await admin.createTopics({ topics: [{ topic: 'moved', numPartitions: 3 }], waitForLeaders: true })
    const arrived = async () => {
      const offsets = await admin.fetchTopicOffsets('moved')
      return offsets.reduce((sum, { high }) => sum + Number(high), 0)
    }
    const parameters = ['--journal', 'sqlite', ...EVERYTHING, '--to-topic', 'moved']
    await killedTwice(to, parameters, { arrived, step: 2_500, count: EVENTS })
    const summary = await readRecords({ brokers: kafka.brokers, topic: 'moved' })
    assert.deepEqual([summary.problems, summary.records, summary.distinctIds], [[], EVENTS, EVENTS])
    assert.equal(summary.keys[organization]!.chainFromStart, true)
  })

  test('a dry run: how many, which, when and where to; nothing is made', async () => {
    const path = join(folder, 'dry.avro')
    const { code, stdout } = await runHfAudit(
      ['replay', '--from', '2020-01-01', '--to-avro', path, '--dry-run', '--json'],
      environment,
    )
    const { records, organizations, dryRun, destination } = JSON.parse(stdout)
    assert.deepEqual([code, dryRun, records, destination], [0, true, EVENTS, path])
    assert.deepEqual([organizations[0].firstSequence, organizations[0].lastSequence], [1, EVENTS])
    assert.ok(!existsSync(path))
  })
})
