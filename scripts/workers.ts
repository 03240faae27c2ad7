import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createDice } from '../test/crash/dice.ts'
import { brokenPromises, startDeployment } from '../test/support/deployment.ts'
import { until } from '../test/support/main-job.ts'
import { causeTrouble } from '../test/support/worker-faults.ts'

const HELP = `Lets several workers share many organizations on a real Kafka with a real OpenTelemetry Collector, while they are
killed, frozen, ended and started at random and the Hub's logs grow. Then readers that share no code with them hold
what was published, and what the collector got, against the Hub.

npm run workers -- [options]
  --minutes 10
  --workers 5
  --organizations 40
  --partitions 20
  --seed 1          the same faults again; default: a new one, printed
  --keep DIRECTORY  keep logs and report there; after a failure they are kept anyway

Exit codes: 0 every promise was kept; 1 otherwise.
`
const POLL_INTERVAL_MS = 5_000
/** The default. */
const SESSION_TIMEOUT_MS = 10_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    workers: { type: 'string', default: '5' },
    organizations: { type: 'string', default: '40' },
    partitions: { type: 'string', default: '20' },
    seed: { type: 'string' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error('--minutes is a number above 0')
const workers = whole('workers', values.workers)
const organizations = whole('organizations', values.organizations)
const partitions = whole('partitions', values.partitions)
const seed =
  values.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : whole('seed', values.seed)
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'hf-audit-workers-'))
mkdirSync(folder, { recursive: true })

// Ends the children too, which an unhandled signal would leave behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const heading = `seed ${seed}: ${workers} workers, ${organizations} organizations on ${partitions} shards, ${minutes} minutes`
console.log(heading)
const deployment = await startDeployment({
  organizations,
  partitions,
  events: 200,
  pollIntervalMs: POLL_INTERVAL_MS,
  sessionTimeoutMs: SESSION_TIMEOUT_MS,
  prepared: true,
})
let problems: string[]
try {
  const first = Array.from({ length: workers }, (_, index) => deployment.start(`first${index + 1}`))
  const polled = () => new Set(first.flatMap(({ polls }) => polls.map(({ organization }) => organization)))
  await until('most organizations to be polled once', () => polled().size > organizations / 2)
  await until('every organization to be polled once', () => polled().size === organizations)
  const sinceMs = Date.now()
  const counts = await causeTrouble(deployment, createDice(seed), {
    workers,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    untilMs: sinceMs + minutes * 60_000,
    say: console.log,
  })
  const untilMs = Date.now()
  await deployment.finish()
  const report = await deployment.check(sinceMs, untilMs)
  problems = brokenPromises(report)
  if (report.aborted === 0) problems.push('no transaction was aborted: the faults hit nothing')

  const all = Object.values(report.organizations)
  const sum = (pick: (organization: (typeof all)[number]) => number) => total(all.map(pick))
  const failures = deployment.workers.flatMap(worker => worker.failures)
  const failed = (matches: RegExp) =>
    failures.filter(({ code, message }) => matches.test(`${code} ${message}`)).length
  const rows: [string, number][] = [
    ['workers killed (SIGKILL)', counts.kills],
    ['workers frozen (SIGSTOP, SIGCONT)', counts.freezes],
    ['of these for longer than the session time-out', counts.zombies],
    ['workers terminated (SIGTERM, exit 0)', counts.terminations],
    ['workers started', deployment.workers.length],
    ['events in the Hub', sum(({ expected }) => expected)],
    ['records published', report.records ?? 0],
    ['lost', sum(({ missing }) => missing)],
    ['duplicated', sum(({ doubled }) => doubled)],
    ['holes in a sequence', sum(({ holes = 0 }) => holes)],
    ['broken chains', all.filter(({ chainUnbroken }) => chainUnbroken !== true).length],
    ['polls', report.ledgerEntries ?? 0],
    ['polls that overlapped and both counted', report.overlapping.length],
    ['longest time an organization went unpolled, ms', Math.max(...all.map(one => one.longestUnpolledMs))],
    ['checkpoints read', total(deployment.workers.map(worker => worker.readings.length))],
    ['fences and time-outs seen by a worker', failed(/epoch|fenced/i)],
    ['stale or foreign batches refused', failed(/^JOURNAL_(STALE|NOT_OWNED)/)],
    ['records of aborted transactions in the topic', report.aborted ?? 0],
    ['records at the collector', report.collector.records],
    ['of these delivered again', report.collector.records - report.collector.distinct],
    ['of these not committed', report.collector.notCommitted],
    ['committed and not at the collector', report.collector.missing],
  ]
  console.log(`\n${heading}\n\n| what | how many |\n|---|---|`)
  for (const [what, count] of rows) console.log(`| ${what} | ${count.toLocaleString('en-US')} |`)
  writeFileSync(join(folder, 'report.json'), JSON.stringify(report, null, 1))
} catch (error) {
  problems = [(error as Error).stack ?? String(error)]
}
for (const worker of deployment.workers) writeFileSync(join(folder, `${worker.name}.log`), worker.stderr())
await deployment.stop()
if (problems.length === 0) {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true })
  process.exit(0)
}
console.error(`\nFAILED with seed ${seed}:\n${problems.join('\n')}`)
console.error(`Logs and report: ${folder}`)
process.exit(1)

function whole(name: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new Error(`--${name} is a whole number above 0`)
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
