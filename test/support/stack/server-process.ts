import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit } from './at-exit.ts'

export interface ServerCommand {
  /** For errors: `Apache Kafka`. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** stdout and stderr are appended here. */
  readonly logFile: string
  /** Asked again and again until it says yes; gets what was logged since this start. */
  readonly isReady: (logged: string) => boolean | Promise<boolean>
  readonly readyTimeoutMs?: number
}

export interface ServerProcess {
  readonly pid: number
  /** True when a signal ended it that it had no say in: whatever it had open was cut off. */
  readonly crashed: boolean
  /** Sends a signal; does not wait. */
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL when it is not gone after `graceMs`. Resolves when it is gone. */
  end(graceMs?: number): Promise<void>
  /** Resolves when it is gone after the given signal. */
  kill(signal?: NodeJS.Signals): Promise<void>
}

/**
 * Starts a server in a process group of its own (a Ctrl-C on the terminal is ours to handle, not the server's) and
 * resolves when it is ready. It never outlives this process: it is killed on exit and on a signal, and on Linux the
 * kernel kills it even when this process gets SIGKILL. A server that is up does not keep this process from ending.
 */
export async function startServer(server: ServerCommand): Promise<ServerProcess> {
  const log = openSync(server.logFile, 'a')
  const logStart = (await readFile(server.logFile)).length
  const bound = dieWithParent(server.command, server.args)
  const child = spawn(bound.command, bound.args, {
    cwd: server.cwd,
    env: { ...process.env, ...server.env },
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const forget = atExit(() => signalGroup(child, 'SIGKILL'))
  let ended: string | undefined
  const gone = new Promise<void>(resolve => {
    child.once('error', error => {
      ended = error.message
      resolve()
    })
    child.once('exit', (code, signal) => {
      ended ??= `it ended with ${code ?? signal}`
      resolve()
    })
  }).finally(forget)

  const signal = (name: NodeJS.Signals) => signalGroup(child, name)
  const kill = async (name: NodeJS.Signals = 'SIGKILL') => {
    child.ref()
    signal(name)
    await gone
  }
  const deadline = performance.now() + (server.readyTimeoutMs ?? 300_000)
  const logged = async () => (await readFile(server.logFile)).subarray(logStart).toString('utf8')
  while (!(await server.isReady(await logged()))) {
    if (ended === undefined && performance.now() < deadline) {
      await sleep(25)
      continue
    }
    const why = ended ?? `it was not ready within ${(server.readyTimeoutMs ?? 300_000) / 1000} s`
    await kill()
    throw new Error(
      `${server.name} did not come up: ${why}. The end of its log:\n${(await logged()).slice(-4_000)}`,
    )
  }
  child.unref()
  return {
    pid: child.pid!,
    get crashed() {
      return child.signalCode !== null
    },
    signal,
    kill,
    async end(graceMs = 20_000) {
      child.ref()
      signal('SIGCONT')
      signal('SIGTERM')
      const grace = new AbortController()
      const timer = sleep(graceMs, undefined, { signal: grace.signal }).then(
        () => signal('SIGKILL'),
        () => undefined,
      )
      await gone
      grace.abort()
      await timer
    },
  }
}

/** util-linux's setpriv has the kernel kill the server when its parent dies; it execs, so the pid stays the same. */
function dieWithParent(
  command: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  const setpriv = '/usr/bin/setpriv'
  if (process.platform !== 'linux' || !existsSync(setpriv)) return { command, args }
  return { command: setpriv, args: ['--pdeathsig', 'KILL', command, ...args] }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
