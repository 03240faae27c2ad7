import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { runCommandLine } from '../../src/commands/program.ts'
import { projectFolder } from './child-process.ts'

/** What a command wrote, and its exit code. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** What was written, in its order. */
  readonly pieces: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[]
}

export interface CommandRunner {
  /** One command after the other, each with this environment alone. There is no terminal. */
  run(
    parameters: readonly string[],
    environment: Readonly<Record<string, string>>,
    input?: string,
  ): Promise<CommandResult>
  stop(): Promise<void>
}

interface Job {
  readonly parameters: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** What standard input holds. */
  readonly input: string
}

/**
 * Many command lines in one process of their own: to start Node.js for each takes longer than the command. What is about
 * the process itself (a terminal, signals, what a shell does with its output) is tested with `runHfAudit`.
 */
export function startCommandRunner(): CommandRunner {
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['serve'], {
    cwd: projectFolder,
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.on('exit', killWithUs)
  let last: Promise<unknown> = Promise.resolve()
  const ended = once(child, 'exit').then(() => {
    process.off('exit', killWithUs)
    throw new Error('the runner of commands ended')
  })
  ended.catch(() => {})
  return {
    run(parameters, environment, input = '') {
      const job: Job = { parameters, environment, input }
      const result = last.then(async () => {
        child.send(job)
        const [answer] = (await Promise.race([once(child, 'message'), ended])) as [CommandResult]
        return answer
      })
      last = result.catch(() => {})
      return result
    },
    async stop() {
      if (child.connected) child.disconnect()
      await ended.catch(() => {})
    },
  }
}

async function runJob({ parameters, environment, input }: Job): Promise<CommandResult> {
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, { HOME: '/nonexistent', ...environment })
  Object.defineProperty(process, 'stdin', { value: Readable.from([Buffer.from(input)]), configurable: true })
  const pieces: { stream: 'stdout' | 'stderr'; text: string }[] = []
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write }
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (text: string | Uint8Array) => {
      pieces.push({ stream, text: typeof text === 'string' ? text : Buffer.from(text).toString() })
      return true
    }
  }
  process.exitCode = 0
  try {
    await runCommandLine(['node', 'hf-audit', ...parameters])
  } finally {
    process.stdout.write = originals.stdout
    process.stderr.write = originals.stderr
  }
  const textOf = (wanted: 'stdout' | 'stderr') =>
    pieces.flatMap(({ stream, text }) => (stream === wanted ? [text] : [])).join('')
  return { code: Number(process.exitCode ?? 0), stdout: textOf('stdout'), stderr: textOf('stderr'), pieces }
}

if (process.argv[2] === 'serve' && process.send !== undefined) {
  process.on('message', job => {
    void runJob(job as Job).then(result => process.send!(result))
  })
}
