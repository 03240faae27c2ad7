import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** What one whole process took, from its start to its end. */
export interface Usage {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakRssMiB: number
  /** Lines of its log, parsed. */
  readonly lines: readonly Record<string, unknown>[]
}

/**
 * Loaded before the program that is measured: leaves what the operating system counted for it. As text, since a file in
 * TypeScript would bring Node's compiler for it into the process, and that is some 20 MB.
 */
const LEAVE_USAGE = `data:text/javascript,${encodeURIComponent(`
  import { writeFileSync } from 'node:fs'
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
    const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakRssMiB: maxRSS / 1024 }
    writeFileSync(process.env.BENCH_USAGE_FILE, JSON.stringify(usage))
  })
`)}`

/** Runs a script with Node in a process of its own. Throws when it does not end with 0. */
export async function measuredRun(
  script: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Usage> {
  const folder = mkdtempSync(join(tmpdir(), 'hf-audit-bench-'))
  const usageFile = join(folder, 'usage.json')
  try {
    const startedAt = performance.now()
    const child = spawn(process.execPath, ['--import', LEAVE_USAGE, script, ...parameters], {
      cwd: root,
      env: { ...inherited(), ...environment, BENCH_USAGE_FILE: usageFile },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    const wallSeconds = (performance.now() - startedAt) / 1000
    if (code !== 0) throw new Error(`${script} ended with ${code}:\n${log.slice(-3000)}`)
    const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as Pick<Usage, 'cpuSeconds' | 'peakRssMiB'>
    return { wallSeconds, ...usage, lines: jsonLines(log) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The environment without what would configure the connector from outside. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(HF_|KAFKA_|SCHEMA_|OTEL_)/.test(name))
  return Object.fromEntries(entries) as Record<string, string>
}

function jsonLines(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Record<string, unknown>)
}
