import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createForwarder } from '../../src/forwarder.ts'
import { silentLogger } from '../../src/log.ts'
import { otlpSettings } from '../../src/otlp/settings.ts'
import { createLogSink } from '../../src/otlp/sink.ts'
import type { JournalEntry, LogSink } from '../../src/ports.ts'
import { auditRecord, eventEntries, eventEntry, finding, ledgerEntry } from '../otlp/support/entries.ts'
import { MemorySource } from '../otlp/support/memory-source.ts'
import { countUids } from '../support/readers/collector-file.ts'
import { type CollectorOptions, type CollectorServer, startCollector } from '../support/stack/collector.ts'
import { requireStack } from '../support/stack/requirements.ts'

const never = new AbortController().signal

async function collectorFor(t: TestContext, options?: CollectorOptions): Promise<CollectorServer> {
  const collector = await startCollector(options)
  t.after(() => collector.stop())
  return collector
}

function sinkFor(t: TestContext, collector: CollectorServer, env: Record<string, string> = {}): LogSink {
  const settings = otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, ...env })!
  const sink = createLogSink(settings, { version: '1.2.3' })
  t.after(() => sink.close())
  return sink
}

/** Waits until the collector has written so many records; gives up after two minutes. */
async function collected(
  collector: CollectorServer,
  atLeast: number,
): Promise<{ records: number; distinctUids: number }> {
  const deadline = Date.now() + 120_000
  for (;;) {
    const counts = await countUids(collector.outputFile).catch(() => ({
      records: 0,
      distinctUids: 0,
      withoutUid: 0,
    }))
    if (counts.distinctUids >= atLeast || Date.now() > deadline) return counts
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

async function drained(source: MemorySource, sink: LogSink): Promise<void> {
  const stop = new AbortController()
  const forwarder = createForwarder({ source, sink, log: silentLogger, now: Date.now, random: Math.random })
  const running = forwarder.run(stop.signal)
  try {
    await Promise.race([forwarder.drained(AbortSignal.timeout(300_000)), running])
  } finally {
    stop.abort()
    await running
  }
}

test('the collector reads every kind of record as it was meant', async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await collectorFor(t)
  const sink = sinkFor(t, collector)
  const trail: JournalEntry[] = [
    { stream: 'findings', organization: 'acme', position: 'row 2', record: finding },
    { stream: 'ledger', organization: 'acme', position: 'row 3', record: ledgerEntry },
  ]
  const event = eventEntry(1, { srcLatitude: 52, severity: 'WARN', message: 'é\u{1f600}', eventTime: -1 })
  assert.deepEqual(await sink.deliver([event, ...trail], never), {
    kind: 'accepted',
    rejected: 0,
    message: '',
  })
  await collected(collector, 3)
  const records = await Array.fromAsync(collector.logRecords())
  const [first, second, third] = records
  assert.equal(records.length, 3)
  assert.equal(first!.uid, auditRecord(1).id)
  assert.equal(first!.eventName, 'huggingface.audit.repo.create')
  assert.equal(first!.body, 'é\u{1f600}')
  assert.deepEqual([first!.severityNumber, first!.severityText], [13, 'WARN'])
  assert.equal(first!.timeUnixNano, 0n)
  assert.equal(first!.observedTimeUnixNano, 1_786_958_200_000_000_000n)
  assert.equal(first!.attributes['huggingface.audit.event_time'], '1969-12-31T23:59:59.999Z')
  assert.equal(first!.attributes['geo.location.lat'], 52)
  assert.deepEqual(first!.attributes['huggingface.audit.tags'], auditRecord(1).tags)
  assert.deepEqual(first!.attributes['huggingface.audit.enrichments'], auditRecord(1).enrichments)
  assert.equal(first!.attributes['log.record.original'], auditRecord(1).rawLog)
  assert.deepEqual(first!.scope, { name: 'hf-audit-connector', version: '1.2.3' })
  assert.equal(first!.resource['service.name'], 'hf-audit-connector')
  assert.deepEqual([second!.eventName, second!.severityNumber], ['hf_audit.finding.vanished', 13])
  assert.deepEqual([third!.eventName, third!.severityNumber], ['hf_audit.poll', 9])
})

test('the collector accepts an empty request, plain and compressed', async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await collectorFor(t)
  for (const compression of ['none', 'gzip']) {
    const sink = sinkFor(t, collector, { OTEL_EXPORTER_OTLP_COMPRESSION: compression })
    assert.equal((await sink.deliver([], never)).kind, 'accepted')
  }
})

test('a wrong path is blocked with the words to mend it', async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await collectorFor(t)
  const sink = sinkFor(t, collector, { OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${collector.endpoint}/v1/log` })
  const result = await sink.deliver(eventEntries(1), never)
  assert.ok(result.kind === 'blocked' && result.status === 404, JSON.stringify(result))
  assert.match(result.message, /OTEL_EXPORTER_OTLP_LOGS_ENDPOINT/)
})

test('a collector that takes small requests only gets all, and refuses the giant alone', async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await collectorFor(t, { maxRequestBytes: 50_000 })
  const entries = eventEntries(400)
  entries[123] = eventEntry(124, { rawLog: 'x'.repeat(60_000) })
  const source = new MemorySource(entries)
  await drained(source, sinkFor(t, collector))
  const { records, distinctUids } = await collected(collector, 399)
  assert.deepEqual([records, distinctUids], [399, 399])
  assert.deepEqual(
    source.deadLetters.map(({ reason, length }) => [reason.slice(0, 6), length]),
    [['otlp_4', 60_000]],
  )
})

test('a collector that is killed and comes back gets every record', async t => {
  if (!(await requireStack(t, 'collector'))) return
  const collector = await collectorFor(t)
  const source = new MemorySource(eventEntries(3_000))
  const sink = sinkFor(t, collector, { OTEL_EXPORTER_OTLP_TIMEOUT: '2000' })
  await collector.kill()
  const done = drained(source, sink)
  await new Promise(resolve => setTimeout(resolve, 300))
  assert.equal(source.cursor, 0)
  await collector.restart()
  await done
  const { distinctUids } = await collected(collector, 3_000)
  assert.equal(distinctUids, 3_000)
})
