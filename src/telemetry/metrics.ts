import { type Attributes, ValueType } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics'
import type { ConnectorError } from '../errors.ts'
import type { Organization } from '../event/organization.ts'
import type { Finding } from '../event/records.ts'
import type { PollOutcome } from '../poller.ts'
import type { Batch } from '../ports.ts'
import type { Status } from '../status/model.ts'

/** What happens is counted here; what is, is read from the status when somebody asks. */
export interface Metrics {
  /** So that the first finding of a kind is an increase and not a series that begins with 1. */
  owned(identities: ReadonlySet<string>): void
  committed(batch: Batch, isBackfill: boolean): void
  polled(organization: Organization, outcome: PollOutcome): void
  /** A finding that no poll made. */
  found(finding: Finding): void
  failed(organization: Organization, error: ConnectorError): void
  /** Pushes what is left. */
  close(): Promise<void>
}

export interface MetricsDependencies {
  readonly readers: readonly IMetricReader[]
  readonly resource: Resource
  readonly scope: { readonly name: string; readonly version: string }
  readonly status: () => Promise<Status> | Status
}

const LATENCY_BOUNDARIES_S = [
  1, 5, 15, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600, 7_200, 21_600, 86_400, 604_800,
]
const DURATION_BOUNDARIES_S = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800]

const OUTCOMES = [
  ['published', 'published'],
  ['already_seen', 'alreadySeen'],
  ['filtered', 'filtered'],
  ['dead_lettered', 'deadLettered'],
  ['repeated', 'repeated'],
] as const

const FINDING_KINDS: readonly Lowercase<Finding['kind']>[] = ['gap', 'vanished', 'changed', 'unforwarded']

/** The instruments, by the names and units that are promised. */
export function createMetrics({ readers, resource, scope, status }: MetricsDependencies): Metrics {
  const provider = new MeterProvider({ resource, readers: [...readers] })
  const meter = provider.getMeter(scope.name, scope.version)

  const latency = meter.createHistogram('hf_audit.latency', {
    unit: 's',
    description:
      'From the creation of an event to its arrival here. Without those of an organization’s first poll.',
    advice: { explicitBucketBoundaries: LATENCY_BOUNDARIES_S },
  })
  const duration = meter.createHistogram('hf_audit.poll.duration', {
    unit: 's',
    description: 'From the start of a poll to its last commit.',
    advice: { explicitBucketBoundaries: DURATION_BOUNDARIES_S },
  })
  const failures = meter.createCounter('hf_audit.poll.failures', {
    unit: '{poll}',
    description: 'Tries of polls that failed, by error.type.',
    valueType: ValueType.INT,
  })
  const events = meter.createCounter('hf_audit.poll.events', {
    unit: '{event}',
    description:
      'Elements of exports by outcome: published, already_seen, filtered, dead_lettered, repeated.',
    valueType: ValueType.INT,
  })
  const wire = meter.createCounter('hf_audit.poll.wire', {
    unit: 'By',
    description: 'Bytes of exports as they came over the wire.',
    valueType: ValueType.INT,
  })
  const findings = meter.createCounter('hf_audit.findings', {
    unit: '{finding}',
    description: 'Findings about the trail by kind: gap, vanished, changed, unforwarded.',
    valueType: ValueType.INT,
  })
  const deadLetters = meter.createCounter('hf_audit.dead_letters', {
    unit: '{record}',
    description:
      'Elements that were no events. What the collector refused is hf_audit.forwarder.dead_letters.',
    valueType: ValueType.INT,
  })

  const lag = meter.createObservableGauge('hf_audit.lag', {
    unit: 's',
    description:
      'Since the last poll that got to its end, or since the organization was taken where there was none.',
  })
  const blocked = meter.createObservableGauge('hf_audit.blocked', {
    unit: '1',
    description: '1 while the organization is blocked until a person acts, else 0.',
    valueType: ValueType.INT,
  })
  const expiry = meter.createObservableGauge('hf_audit.token.expiry', {
    unit: 's',
    description:
      'Until the token of the organization expires, where the Hub has said so. Negative when it has.',
  })
  const reachable = meter.createObservableGauge('hf_audit.journal.reachable', {
    unit: '1',
    description: '1 while the journal can be read and written, else 0.',
    valueType: ValueType.INT,
  })
  const backlog = meter.createObservableGauge('hf_audit.forwarder.backlog', {
    unit: '{record}',
    description: 'Committed records that wait to be forwarded, those of other workers too.',
    valueType: ValueType.INT,
  })
  const forwarderBlocked = meter.createObservableGauge('hf_audit.forwarder.blocked', {
    unit: '1',
    description: '1 while the collector refuses until a person acts, else 0.',
    valueType: ValueType.INT,
  })
  const unknownTypes = meter.createObservableCounter('hf_audit.unknown_type.events', {
    unit: '{event}',
    description:
      'Published events of types that this version’s catalogue lacks, by type: 50 of an organization, the rest as _OTHER.',
    valueType: ValueType.INT,
  })
  const delivered = meter.createObservableCounter('hf_audit.forwarder.delivered', {
    unit: '{record}',
    description: 'Records that the collector accepted.',
    valueType: ValueType.INT,
  })
  const refused = meter.createObservableCounter('hf_audit.forwarder.dead_letters', {
    unit: '{record}',
    description: 'Records that the collector refused for good and that are among the dead letters.',
    valueType: ValueType.INT,
  })

  meter.addBatchObservableCallback(
    async observed => {
      const { takenAtMs, journal, forwarder, organizations } = await status()
      observed.observe(reachable, journal.state === 'reachable' ? 1 : 0)
      for (const { organization, phase, lagMs, tokenExpiresAtMs, unknownTypes: types } of organizations) {
        for (const { type, events: count } of types)
          observed.observe(unknownTypes, count, { organization, type })
        if (lagMs === undefined) continue
        observed.observe(lag, lagMs / 1_000, { organization })
        observed.observe(blocked, phase === 'blocked' ? 1 : 0, { organization })
        if (tokenExpiresAtMs !== undefined)
          observed.observe(expiry, (tokenExpiresAtMs - takenAtMs) / 1_000, { organization })
      }
      if (forwarder === undefined) return
      observed.observe(forwarderBlocked, forwarder.state === 'blocked' ? 1 : 0)
      observed.observe(delivered, forwarder.delivered)
      observed.observe(refused, forwarder.deadLettered)
      if (forwarder.backlog !== undefined) observed.observe(backlog, forwarder.backlog)
    },
    [lag, blocked, expiry, unknownTypes, reachable, backlog, forwarderBlocked, delivered, refused],
  )

  return {
    owned(identities) {
      for (const organization of identities) {
        for (const kind of FINDING_KINDS) findings.add(0, { organization, kind })
        for (const [outcome] of OUTCOMES) events.add(0, { organization, outcome })
        deadLetters.add(0, { organization })
        wire.add(0, { organization })
      }
    },

    committed(batch, isBackfill) {
      if (isBackfill) return
      const attributes: Attributes = { organization: batch.organization.identity }
      for (const { timestampMs, createdAtMs } of batch.events)
        latency.record(Math.max(0, timestampMs - createdAtMs) / 1_000, attributes)
    },

    polled({ identity: organization }, { ledger, findings: found }) {
      duration.record((ledger.finishedAt - ledger.startedAt) / 1_000, { organization })
      for (const [outcome, field] of OUTCOMES) events.add(ledger[field], { organization, outcome })
      wire.add(ledger.wireBytes, { organization })
      deadLetters.add(ledger.deadLettered, { organization })
      for (const { kind } of found) findings.add(1, { organization, kind: kind.toLowerCase() })
    },

    found({ organization, kind }) {
      findings.add(1, { organization, kind: kind.toLowerCase() })
    },

    failed({ identity: organization }, { code }) {
      failures.add(1, { organization, 'error.type': code })
    },

    close: () => provider.shutdown(),
  }
}
