import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export const projectFolder = fileURLToPath(new URL('../../', import.meta.url))

export interface RunningProcess {
  readonly child: ChildProcess
  /** What it wrote so far. */
  stdout(): string
  stderr(): string
  /** Its log so far: the lines on stderr that are JSON. */
  logLines(): Record<string, unknown>[]
  /** Resolves with the first log line that satisfies; rejects when the process ends without one. */
  logLine(satisfies: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  kill(signal: NodeJS.Signals): void
}

/**
 * Starts `hf-audit` from the sources with only this environment beside the path. Nothing is served unless it says so: many
 * run side by side. An output that goes to a file descriptor is not kept.
 */
export function startHfAudit(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
  outputs: { readonly stdout?: number; readonly stderr?: number } = {},
): RunningProcess {
  const child = spawn(process.execPath, ['src/cli.ts', ...parameters], {
    cwd: projectFolder,
    env: {
      PATH: process.env.PATH ?? '',
      ...(process.env.NODE_COMPILE_CACHE === undefined
        ? {}
        : { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
      HOME: '/nonexistent',
      HF_AUDIT_ADMIN_ADDRESS: 'off',
      ...environment,
    },
    stdio: ['ignore', outputs.stdout ?? 'pipe', outputs.stderr ?? 'pipe'],
  })
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.on('exit', killWithUs)
  let stdout = ''
  let stderr = ''
  // Decoded as a stream: a chunk may end in the middle of a character.
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => {
    process.off('exit', killWithUs)
    return (code ?? signal) as number | NodeJS.Signals
  })
  const logLines = (): Record<string, unknown>[] =>
    stderr
      .slice(0, stderr.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(line => line.startsWith('{'))
      .map(line => JSON.parse(line) as Record<string, unknown>)
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    logLines,
    logLine(satisfies) {
      return new Promise((resolve, reject) => {
        const look = (): boolean => {
          const found = logLines().find(satisfies)
          if (found === undefined) return false
          child.stderr?.off('data', look)
          resolve(found)
          return true
        }
        child.stderr?.on('data', look)
        if (look()) return
        ended.then(code => look() || reject(new Error(`ended with ${code} before the line came:\n${stderr}`)))
      })
    },
    ended,
    kill: signal => void child.kill(signal),
  }
}

/** Runs `hf-audit` to its end. */
export async function runHfAudit(
  parameters: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<{
  code: number | NodeJS.Signals
  stdout: string
  stderr: string
  logLines: Record<string, unknown>[]
}> {
  const running = startHfAudit(parameters, environment)
  const code = await running.ended
  return { code, stdout: running.stdout(), stderr: running.stderr(), logLines: running.logLines() }
}
