import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startHfAudit } from './child-process.ts'

/** A poll that got to its end, as its worker's log tells it. */
export interface ToldPoll {
  readonly organization: string
  readonly startedAtMs: number
  readonly finishedAtMs: number
  readonly published: number
}

/** A reading of a shard's checkpoint, before which its worker fenced whoever wrote there. */
export interface ToldReading {
  readonly shard: number
  readonly atMs: number
}

export interface ToldAssignment {
  readonly shards: readonly number[]
  readonly atMs: number
}

export interface ToldFailure {
  readonly code: string
  readonly organization: string | undefined
  readonly message: string
  readonly atMs: number
}

/** `hf-audit run` as one of several. What it tells is kept as it comes. */
export interface Worker {
  readonly name: string
  readonly polls: readonly ToldPoll[]
  readonly readings: readonly ToldReading[]
  /** Each time its shards changed. */
  readonly assignments: readonly ToldAssignment[]
  readonly failures: readonly ToldFailure[]
  /** Undefined while it runs. */
  endedWith(): number | NodeJS.Signals | undefined
  readonly ended: Promise<number | NodeJS.Signals>
  /** A second SIGTERM is not sent: it would end the process at once. */
  kill(signal: NodeJS.Signals): void
  stderr(): string
}

/** The shards it owns, as far as it has told. */
export function shardsOf(worker: Worker): ReadonlySet<number> {
  return new Set(worker.assignments.at(-1)?.shards ?? [])
}

/** Starts a worker from the sources, with a data directory of its own that is gone when it ends. */
export function startWorker(name: string, environment: Readonly<Record<string, string>>): Worker {
  const directory = mkdtempSync(join(tmpdir(), 'hf-audit-worker-'))
  const running = startHfAudit(['run'], {
    ...environment,
    HF_AUDIT_DATA_DIR: directory,
    // Its readings of checkpoints are told at this level.
    HF_AUDIT_LOG_LEVEL: 'debug',
    HF_AUDIT_ADMIN_ADDRESS: 'off',
  })
  const polls: ToldPoll[] = []
  const readings: ToldReading[] = []
  const assignments: ToldAssignment[] = []
  const failures: ToldFailure[] = []
  let endedWith: number | NodeJS.Signals | undefined

  function take(line: LogLine): void {
    const atMs = Date.parse(line.time)
    if (line.msg === 'polled') {
      const { organization = '', startedAt = '', finishedAt = '', published = 0 } = line
      const [startedAtMs, finishedAtMs] = [Date.parse(startedAt), Date.parse(finishedAt)]
      polls.push({ organization, startedAtMs, finishedAtMs, published })
    } else if (line.msg === 'checkpoint read') readings.push({ shard: line.shard!, atMs })
    else if (line.shards !== undefined) assignments.push({ shards: line.shards, atMs })
    else if (line.code !== undefined)
      failures.push({ code: line.code, organization: line.organization, message: line.msg, atMs })
  }

  let rest = ''
  running.child.stderr?.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (line.startsWith('{')) take(JSON.parse(line) as LogLine)
  })
  const ended = running.ended.then(code => {
    rmSync(directory, { recursive: true, force: true })
    endedWith = code
    return code
  })
  let isEnding = false
  function kill(signal: NodeJS.Signals): void {
    if (signal === 'SIGTERM' && isEnding) return
    isEnding ||= signal === 'SIGTERM'
    running.kill(signal)
  }
  const { stderr } = running
  return { name, polls, readings, assignments, failures, endedWith: () => endedWith, ended, kill, stderr }
}

interface LogLine {
  readonly time: string
  readonly msg: string
  readonly organization?: string
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly published?: number
  readonly shard?: number
  readonly shards?: readonly number[]
  readonly code?: string
}
