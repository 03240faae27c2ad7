import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { type RunningProcess, startHfAudit } from '../support/child-process.ts'

export type LogLine = Readonly<Record<string, unknown>>

/** One place for a worker: `hf-audit run`, started again after it was killed. */
export interface Worker {
  readonly name: string
  running(): boolean
  /** Nothing when it runs. */
  start(): void
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code, or the signal that ended it. Undefined when it was not running. */
  terminate(): Promise<number | NodeJS.Signals | undefined>
  /** SIGSTOP: its connections stay open. */
  freeze(): void
  thaw(): void
}

export interface WorkerOptions {
  readonly name: string
  readonly environment: Readonly<Record<string, string>>
  /** What it writes on stderr is appended here. */
  readonly logFile: string
  onLine(worker: Worker, line: LogLine): void
  /** It ended and nobody had asked for that. */
  onUnexpectedEnd(worker: Worker, code: number | NodeJS.Signals): void
}

export function createWorker(options: WorkerOptions): Worker {
  const { name, environment, logFile } = options
  let current: { readonly process: RunningProcess; wanted: boolean; terminating: boolean } | undefined

  async function end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | undefined> {
    const ending = current
    if (ending === undefined) return undefined
    ending.wanted = true
    // A frozen process would not notice.
    if (signal !== 'SIGKILL') ending.process.kill('SIGCONT')
    // Two faults of a round may ask the same worker to end, and a second SIGTERM ends a process at once.
    if (signal !== 'SIGTERM' || !ending.terminating) ending.process.kill(signal)
    ending.terminating ||= signal === 'SIGTERM'
    return ending.process.ended
  }

  const worker: Worker = {
    name,
    running: () => current !== undefined,
    start() {
      if (current !== undefined) return
      const started = { process: startHfAudit(['run'], environment), wanted: false, terminating: false }
      current = started
      const log = createWriteStream(logFile, { flags: 'a' })
      log.write(`--- started as process ${started.process.child.pid}\n`)
      createInterface({ input: started.process.child.stderr! }).on('line', text => {
        log.write(`${text}\n`)
        if (text.startsWith('{')) options.onLine(worker, JSON.parse(text) as LogLine)
      })
      void started.process.ended.then(code => {
        if (current === started) current = undefined
        log.end(`--- ended with ${code}\n`)
        if (!started.wanted) options.onUnexpectedEnd(worker, code)
      })
    },
    async kill() {
      await end('SIGKILL')
    },
    terminate: () => end('SIGTERM'),
    freeze: () => current?.process.kill('SIGSTOP'),
    thaw: () => current?.process.kill('SIGCONT'),
  }
  return worker
}
