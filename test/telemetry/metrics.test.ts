import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { ConnectorError } from '../../src/errors.ts'
import type { Finding } from '../../src/event/records.ts'
import type { PollOutcome } from '../../src/poller.ts'
import type { Batch } from '../../src/ports.ts'
import type { Status } from '../../src/status/model.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { createPrometheusReader } from '../../src/telemetry/prometheus.ts'
import { organization, STATES, status } from '../support/statuses.ts'

const org = { name: 'example-org', identity: 'example-org', endpoint: 'https://hub.example' }

function metered(t: TestContext, of: () => Status) {
  const reader = createPrometheusReader()
  const resource = resourceFromAttributes({ 'service.name': 'hf-audit-connector' })
  const scope = { name: 'hf-audit-connector', version: '1' }
  const metrics = createMetrics({ readers: [reader.reader], resource, scope, status: of })
  t.after(() => metrics.close())
  return { metrics, text: () => reader.text() }
}

function outcome(found: readonly string[] = []): PollOutcome {
  const ledger = {
    startedAt: 1_000,
    finishedAt: 3_500,
    fetched: 10,
    published: 4,
    alreadySeen: 3,
    filtered: 1,
  }
  const rest = { deadLettered: 1, repeated: 1, wireBytes: 12_345 }
  return { ledger: { ...ledger, ...rest }, findings: found.map(kind => ({ kind })) } as unknown as PollOutcome
}

function sampleOf(text: string, series: string): number | undefined {
  const line = text.split('\n').find(one => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

test('names, units and values are those that are promised', async t => {
  const { metrics, text } = metered(t, () => STATES.blocked!)
  metrics.owned(new Set(['example-org']))
  const before = await text()
  assert.equal(sampleOf(before, 'hf_audit_findings_total{organization="example-org",kind="gap"}'), 0)
  metrics.polled(org, outcome(['GAP']))
  metrics.found({ organization: 'example-org', kind: 'UNFORWARDED' } as Finding)
  metrics.failed(org, new ConnectorError('HUB_UNAVAILABLE', 'no'))
  metrics.committed(
    { organization: org, events: [{ timestampMs: 61_000, createdAtMs: 1_000 }] } as unknown as Batch,
    false,
  )
  const after = await text()
  const expected: Record<string, number> = {
    'hf_audit_poll_events_total{organization="example-org",outcome="published"}': 4,
    'hf_audit_poll_events_total{organization="example-org",outcome="already_seen"}': 3,
    'hf_audit_poll_events_total{organization="example-org",outcome="filtered"}': 1,
    'hf_audit_poll_events_total{organization="example-org",outcome="dead_lettered"}': 1,
    'hf_audit_poll_events_total{organization="example-org",outcome="repeated"}': 1,
    'hf_audit_poll_wire_total{organization="example-org"}': 12_345,
    'hf_audit_poll_duration_sum{organization="example-org"}': 2.5,
    'hf_audit_poll_failures_total{organization="example-org",error_type="HUB_UNAVAILABLE"}': 1,
    'hf_audit_latency_sum{organization="example-org"}': 60,
    'hf_audit_findings_total{organization="example-org",kind="gap"}': 1,
    'hf_audit_findings_total{organization="example-org",kind="unforwarded"}': 1,
    'hf_audit_dead_letters_total{organization="example-org"}': 1,
    'hf_audit_lag{organization="example-org"}': 120,
    'hf_audit_blocked{organization="example-org"}': 0,
    'hf_audit_blocked{organization="example-labs"}': 1,
    'hf_audit_token_expiry{organization="example-org"}': 80 * 86_400,
    hf_audit_journal_reachable: 1,
    hf_audit_forwarder_backlog: 0,
    hf_audit_forwarder_blocked: 0,
    hf_audit_forwarder_delivered_total: 104_993,
  }
  for (const [series, value] of Object.entries(expected)) assert.equal(sampleOf(after, series), value, series)
  for (const [name, unit] of [
    ['lag', 's'],
    ['latency', 's'],
    ['poll_duration', 's'],
    ['poll_wire_total', 'By'],
    ['token_expiry', 's'],
    ['poll_events_total', '{event}'],
    ['forwarder_backlog', '{record}'],
  ])
    assert.ok(after.includes(`# UNIT hf_audit_${name} ${unit}\n`), name)
})

test('the events of a first poll do not count as late', async t => {
  const { metrics, text } = metered(t, () => STATES.well!)
  metrics.committed(
    { organization: org, events: [{ timestampMs: 9e12, createdAtMs: 0 }] } as unknown as Batch,
    true,
  )
  assert.doesNotMatch(await text(), /hf_audit_latency_count/)
})

test('an organization that another worker took has no lag here any more', async t => {
  let present = STATES.well!
  const { text } = metered(t, () => present)
  assert.match(await text(), /hf_audit_lag\{organization="example-org"\}/)
  present = STATES.standby!
  assert.doesNotMatch(await text(), /hf_audit_lag\{/)
})

test('what is not known has no value', async t => {
  const { text } = metered(t, () =>
    status({
      organizations: [organization({ tokenExpiresAtMs: undefined })],
      forwarder: { ...STATES.well!.forwarder!, backlog: undefined },
    }),
  )
  const now = await text()
  assert.doesNotMatch(now, /hf_audit_token_expiry\{/)
  assert.doesNotMatch(now, /^hf_audit_forwarder_backlog /m)
})

test('events of unknown types by organization and type', async t => {
  const { text } = metered(t, () => STATES['unknown-types']!)
  const now = await text()
  for (const [type, events] of [
    ['repo.teleport', 3],
    ['_OTHER', 1],
  ] as const)
    assert.equal(
      sampleOf(now, `hf_audit_unknown_type_events_total{organization="example-org",type="${type}"}`),
      events,
    )
  assert.ok(now.includes('# TYPE hf_audit_unknown_type_events_total counter\n'))
})

test('a name cannot break out of its label', async t => {
  const { text } = metered(t, () => status({ organizations: [organization({ organization: 'a"b\\c\nd' })] }))
  assert.match(await text(), /^hf_audit_lag\{organization="a\\"b\\\\c\\nd"\} 120$/m)
})

test('alerts and dashboard ask for nothing that is not measured', async t => {
  const { metrics, text } = metered(t, () => STATES['unknown-types']!)
  metrics.owned(new Set(['example-org']))
  metrics.polled(org, outcome())
  metrics.failed(org, new ConnectorError('HUB_UNAVAILABLE', 'no'))
  metrics.committed(
    { organization: org, events: [{ timestampMs: 2, createdAtMs: 1 }] } as unknown as Batch,
    false,
  )
  const measured = new Set((await text()).match(/^hf_audit_\w+/gm))
  for (const file of [
    'docker/prometheus/alerts.yml',
    'docker/prometheus/alerts.test.yml',
    'docker/grafana/hf-audit.json',
  ]) {
    const asked = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').match(/hf_audit_\w+/g)!
    assert.deepEqual(
      [...new Set(asked)].filter(name => !measured.has(name)),
      [],
      file,
    )
  }
})
