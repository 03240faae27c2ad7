import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startSimulatorProcess } from '../../test/support/simulator-process.ts'
import { startKafka } from '../../test/support/stack/kafka.ts'
import { measuredRun, type Usage } from './measured-run.ts'

/**
 * Wall time, CPU and peak memory of `hf-audit verify` on a journal that `hf-audit run --once` has filled, poll after
 * poll, from a simulated Hub whose export is at its cap. Run `npm run build` first, or name `--script src/cli.ts`.
 */
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    script: { type: 'string', default: 'dist/cli.js' },
    /** Keeps the embedded journal there, for a profile. */
    keep: { type: 'string' },
  },
})
const records = Number(values.records)
const runs = Number(values.runs)
const CAP = 100_000
/** The next export shares some events with the one before: no gap. */
const STEP = 99_000

const progress = (text: string): void => void process.stderr.write(`${text}\n`)

for (const journal of ['SQLite', 'Kafka']) {
  if (values.only !== '' && values.only !== journal) continue
  const hub = await startSimulatorProcess({ events: Math.min(CAP, records) })
  const kafka = journal === 'Kafka' ? await startKafka() : undefined
  const dataDirectory = values.keep ?? mkdtempSync(join(tmpdir(), 'hf-audit-bench-verify-'))
  const environment: Record<string, string> = {
    HF_ENDPOINT: hub.url,
    HF_TOKEN: 'hf_simulated',
    HF_AUDIT_ORGANIZATIONS: hub.organization,
    HF_AUDIT_DATA_DIR: dataDirectory,
    ...(kafka === undefined ? {} : { KAFKA_BROKERS: kafka.brokers, KAFKA_TOPIC: 'bench-verify' }),
  }
  try {
    let published = 0
    while (published < records) {
      if (published > 0) await hub.control('append', { events: Math.min(STEP, records - published) })
      const { lines } = await measuredRun(values.script, ['run', '--once'], environment)
      published += Number(lines.find(line => line.msg === 'polled')?.published)
      progress(`${journal}: ${published} records published`)
    }
    const usages: Usage[] = []
    for (let run = 1; run <= runs; run++)
      usages.push(await measuredRun(values.script, ['verify'], environment))
    for (const { wallSeconds, cpuSeconds, peakRssMiB } of usages) {
      console.log(
        `| ${journal} | ${published} | ${wallSeconds.toFixed(1)} | ${cpuSeconds.toFixed(1)} | ${peakRssMiB.toFixed(0)} |`,
      )
    }
  } finally {
    await kafka?.stop()
    await hub.stop()
    if (values.keep === undefined) rmSync(dataDirectory, { recursive: true, force: true })
  }
}
