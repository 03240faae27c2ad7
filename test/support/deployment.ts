import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partitionOf } from '../../src/kafka/murmur2.ts'
import { runHfAudit } from './child-process.ts'
import { checkExactlyOnce, type ExactlyOnceReport } from './readers/python.ts'
import { checkWorkers, type WorkersReport } from './readers/workers-check.ts'
import { type SimulatorProcess, startSimulatorProcess } from './simulator-process.ts'
import { type CollectorServer, startCollector } from './stack/collector.ts'
import { type KafkaServer, startKafka } from './stack/kafka.ts'
import { startWorker, type Worker } from './worker.ts'

export interface DeploymentOptions {
  readonly organizations: number
  readonly partitions: number
  /** In each organization's log at the start. */
  readonly events: number
  readonly eventBytes?: number
  readonly seed?: number
  readonly pollIntervalMs: number
  readonly sessionTimeoutMs: number
  /** Exports are rendered once for each change, for logs that change seldom; default false. */
  readonly prepared?: boolean
}

/** Several workers with what is around them: a simulated Hub, a real broker, a real collector. */
export interface Deployment {
  readonly hub: SimulatorProcess
  readonly kafka: KafkaServer
  readonly collector: CollectorServer
  readonly organizations: readonly string[]
  /** Shards with organizations. */
  readonly busyShards: ReadonlySet<number>
  shardOf(organization: string): number
  /** All that were started, also those that ended. */
  readonly workers: readonly Worker[]
  start(name: string): Worker
  /** Ends the workers in good order, polls each organization once more and forwards what is left. Throws when it cannot. */
  finish(): Promise<void>
  /** What readers find that share no code with the workers; after `finish`. */
  check(sinceMs: number, untilMs: number): Promise<ExactlyOnceReport & WorkersReport>
  stop(): Promise<void>
}

const TOPIC = 'workers'

export async function startDeployment(options: DeploymentOptions): Promise<Deployment> {
  const { events, partitions, eventBytes = 300, seed = 1, prepared = false } = options
  const organizations = Array.from({ length: options.organizations }, (_, index) => `example-${index + 1}`)
  const shardOf = (organization: string) => partitionOf(organization, partitions)
  const [kafka, collector, hub] = await Promise.all([
    startKafka(),
    startCollector(),
    startSimulatorProcess({ organizations, events, eventBytes, seed, prepared }),
  ])
  const environment = {
    HF_ENDPOINT: hub.url,
    HF_TOKEN: 'hf_simulated',
    HF_AUDIT_ORGANIZATIONS: organizations.join(','),
    HF_AUDIT_POLL_INTERVAL: `${options.pollIntervalMs}ms`,
    KAFKA_BROKERS: kafka.brokers,
    KAFKA_TOPIC: TOPIC,
    KAFKA_PARTITIONS: String(partitions),
    KAFKA_SESSION_TIMEOUT: `${options.sessionTimeoutMs}ms`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
  }
  const workers: Worker[] = []
  return {
    hub,
    kafka,
    collector,
    organizations,
    busyShards: new Set(organizations.map(shardOf)),
    shardOf,
    workers,
    start(name) {
      const worker = startWorker(name, environment)
      workers.push(worker)
      return worker
    },
    async finish() {
      const running = workers.filter(worker => worker.endedWith() === undefined)
      for (const worker of running) worker.kill('SIGTERM')
      for (const worker of running) {
        const code = await worker.ended
        // Before it listens for it, a process that was just started is simply ended by the signal.
        if (code !== 0 && code !== 'SIGTERM')
          throw new Error(`${worker.name} ended with ${code} after SIGTERM`)
      }
      const directory = mkdtempSync(join(tmpdir(), 'hf-audit-worker-'))
      const last = { ...environment, HF_AUDIT_DATA_DIR: directory, HF_AUDIT_ADMIN_ADDRESS: 'off' }
      const { code, stderr } = await runHfAudit(['run', '--once', '--timeout', '3m'], last)
      rmSync(directory, { recursive: true, force: true })
      if (code !== 0) throw new Error(`the last poll ended with ${code}:\n${stderr}`)
    },
    async check(sinceMs, untilMs) {
      const where = { brokers: kafka.brokers, topic: TOPIC }
      const trail = await checkExactlyOnce({ ...where, hubUrl: hub.url, organizations })
      const together = await checkWorkers({
        ...where,
        collectorFile: collector.outputFile,
        sinceMs,
        untilMs,
      })
      return { ...trail, ...together, organizations: merged(trail, together) }
    },
    async stop() {
      for (const worker of workers) if (worker.endedWith() === undefined) worker.kill('SIGKILL')
      await Promise.all(workers.map(worker => worker.ended))
      await Promise.all([hub.stop(), collector.stop(), kafka.stop()])
    },
  }
}

type Organizations = (ExactlyOnceReport & WorkersReport)['organizations']

function merged(trail: ExactlyOnceReport, together: WorkersReport): Organizations {
  const names = Object.keys(trail.organizations ?? {})
  return Object.fromEntries(
    names.map(name => [name, { ...trail.organizations![name]!, ...together.organizations[name]! }]),
  )
}

/** What is wrong, in words; empty when every promise was kept. */
export function brokenPromises(report: ExactlyOnceReport & WorkersReport): string[] {
  const broken = [...report.unended, ...(report.problems ?? []), ...report.overlapping]
  for (const [name, trail] of Object.entries(report.organizations)) {
    const { missing, doubled, unknown, altered, holes = 0, chainUnbroken = false, chainFromStart } = trail
    if (missing + doubled + unknown + altered + holes > 0 || !chainUnbroken || !chainFromStart) {
      broken.push(`${name}: ${JSON.stringify(trail)}`)
    }
  }
  const { missing, notCommitted, examples } = report.collector
  if (missing + notCommitted > 0)
    broken.push(`at the collector: ${JSON.stringify({ missing, notCommitted, examples })}`)
  if (report.findings?.length !== 0) broken.push(`findings: ${report.findings?.join('; ')}`)
  return broken
}
