import { spawn } from 'node:child_process'
import { atExit } from './at-exit.ts'

export interface ToolOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program to its end; resolves with its stdout. Its output is in the error when it fails or is not there. */
export async function runTool(
  command: string,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const forget = atExit(() => child.kill('SIGKILL'))
  let stdout = ''
  let all = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    all += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    all += text
  })
  try {
    const ended = await new Promise<string | undefined>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve(code === 0 ? undefined : `${code ?? signal}`))
    })
    if (ended === undefined) return stdout
    throw new Error(`${[command, ...args].join(' ')} ended with ${ended}:\n${all.slice(-4_000)}`)
  } finally {
    forget()
  }
}
