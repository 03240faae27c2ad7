import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startSimulatorProcess } from '../test/support/simulator-process.ts'
import { startCollector } from '../test/support/stack/collector.ts'
import { startKafka } from '../test/support/stack/kafka.ts'
import { measuredRun, type Usage } from './bench/measured-run.ts'

/**
 * Wall time, CPU and peak memory of whole processes: a backfill into each journal with and without OTLP, and a poll
 * that finds nothing new; before each run the least that any program must do, since machines differ from day to day.
 * Servers and the simulated Hub run in processes of their own and are not counted, but share
 * the machine's cores. Run `npm run build` first: what is measured is what the package ships.
 */
const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '100000' },
    'event-bytes': { type: 'string', default: '750' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
})
const events = Number(values.events)
const eventBytes = Number(values['event-bytes'])
const runs = Number(values.runs)

interface Scenario {
  readonly name: string
  readonly kafka: boolean
  readonly otlp: boolean
  readonly environment?: Readonly<Record<string, string>>
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'Kafka', kafka: true, otlp: false },
  { name: 'Kafka, uncompressed', kafka: true, otlp: false, environment: { KAFKA_COMPRESSION: 'none' } },
  { name: 'Kafka and OTLP', kafka: true, otlp: true },
  { name: 'SQLite', kafka: false, otlp: false },
  { name: 'SQLite and OTLP', kafka: false, otlp: true },
]

const chosen = SCENARIOS.filter(scenario => values.only === '' || scenario.name === values.only)
const progress = (text: string): void => void process.stderr.write(`${text}\n`)

progress(`${events} events of about ${eventBytes} bytes; ${runs} runs of each; medians`)
const hub = await startSimulatorProcess({ events, eventBytes })
const kafka = chosen.some(scenario => scenario.kafka) ? await startKafka() : undefined
const hubEnvironment = {
  HF_ENDPOINT: hub.url,
  HF_TOKEN: 'hf_simulated',
  HF_AUDIT_ORGANIZATIONS: hub.organization,
}
try {
  const rows: string[] = []
  const reference: Usage[] = []
  for (const scenario of chosen) {
    const backfills: Usage[] = []
    const unchanged: Usage[] = []
    const inProcess: number[] = []
    for (let run = 1; run <= runs; run++) {
      reference.push(await measuredRun('scripts/bench/reference.ts', [], hubEnvironment))
      progress(`${scenario.name}, run ${run} of ${runs}`)
      const collector = scenario.otlp ? await startCollector() : undefined
      const dataDirectory = mkdtempSync(join(tmpdir(), 'hf-audit-bench-data-'))
      const environment: Record<string, string> = {
        ...hubEnvironment,
        HF_AUDIT_DATA_DIR: dataDirectory,
        ...(scenario.kafka ? { KAFKA_BROKERS: kafka!.brokers, KAFKA_TOPIC: `bench-${Date.now()}` } : {}),
        ...(collector === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }),
        ...scenario.environment,
      }
      try {
        const backfill = await measuredRun('dist/cli.js', ['run', '--once'], environment)
        assertPublished(backfill, Math.min(events, 100_000))
        backfills.push(backfill)
        const again = await measuredRun('dist/cli.js', ['run', '--once'], environment)
        assertPublished(again, 0)
        unchanged.push(again)
        const polled = await measuredRun('scripts/bench/second-poll.ts', [], environment)
        inProcess.push(
          ...polled.lines
            .filter(line => line.msg === 'measured')
            .slice(-1)
            .map(line => Number(line.cpuSeconds)),
        )
      } finally {
        await collector?.stop()
        rmSync(dataDirectory, { recursive: true, force: true })
      }
    }
    rows.push(row(scenario.name, 'backfill, whole process', backfills))
    rows.push(row(scenario.name, 'unchanged poll, whole process', unchanged))
    rows.push(`| ${scenario.name} | unchanged poll, running process | | ${median(inProcess).toFixed(2)} | |`)
  }
  console.log('| journal and output | what | wall s | CPU s | peak RSS MiB |\n|---|---|---|---|---|')
  for (const line of rows) console.log(line)
  console.log(row('(none)', 'download, JSON.parse, JSON.stringify, SHA-256', reference))
} finally {
  await kafka?.stop()
  await hub.stop()
}

function row(name: string, what: string, usages: readonly Usage[]): string {
  const [wall, cpu, rss] = (['wallSeconds', 'cpuSeconds', 'peakRssMiB'] as const).map(field =>
    median(usages.map(usage => usage[field])),
  )
  return `| ${name} | ${what} | ${wall!.toFixed(2)} | ${cpu!.toFixed(2)} | ${rss!.toFixed(0)} |`
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

function assertPublished(usage: Usage, expected: number): void {
  const polled = usage.lines.find(line => line.msg === 'polled')
  if (polled?.published !== expected) throw new Error(`published ${polled?.published}, not ${expected}`)
}
