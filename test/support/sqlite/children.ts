import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Organization } from '../../../src/event/organization.ts'

/** A process of its own that works on a data directory, and what it has printed so far. */
export interface Child {
  readonly lines: string[]
  /** Resolves with the first line that is not in yet; rejects when the process ended without one. */
  nextLine(): Promise<string>
  /** Ends it as a crash would, at once, and waits until it is gone. */
  kill(): Promise<void>
  ended: Promise<void>
}

export type ChildScript = 'hold-journal' | 'commit-in-a-loop' | 'commit-until-refused'

/** `maxFileKilobytes`: no file may grow beyond it, as on a full disk. */
export function startChild(
  t: TestContext,
  script: ChildScript,
  dataDirectory: string,
  organization: Organization,
  options: { readonly maxFileKilobytes?: number } = {},
): Child {
  const path = fileURLToPath(new URL(`${script}.ts`, import.meta.url))
  const args = [path, dataDirectory, JSON.stringify(organization)]
  const { maxFileKilobytes } = options
  // The shell's unit is 512 bytes in POSIX, 1,024 in bash: either is a limit.
  const child =
    maxFileKilobytes === undefined
      ? spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn('sh', ['-c', `ulimit -f ${maxFileKilobytes}; exec "$0" "$@"`, process.execPath, ...args], {
          stdio: ['ignore', 'pipe', 'inherit'],
        })
  const ended = once(child, 'exit').then(() => {})
  t.after(() => kill(child, ended))

  const lines: string[] = []
  const reader = createInterface({ input: child.stdout! })
  reader.on('line', line => lines.push(line))
  const closed = once(reader, 'close')
  return {
    lines,
    ended: Promise.all([ended, closed]).then(() => {}),
    async nextLine() {
      const [line] = await Promise.race([once(reader, 'line'), closed.then(() => [])])
      if (line === undefined) throw new Error(`${script} ended after ${lines.length} lines: ${lines.at(-1)}`)
      return line
    },
    async kill() {
      await kill(child, ended)
      await closed
    },
  }
}

async function kill(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  await ended
}
