import { join } from 'node:path'
import { projectRoot } from '../stack/project-root.ts'
import { runTool } from '../stack/run-tool.ts'
import { pythonReader } from './python.ts'

export interface WorkersCheckOptions {
  readonly brokers: string
  /** Prefix of the topics; their values are in single-object encoding. */
  readonly topic: string
  /** What the collector wrote, a JSON line a request. */
  readonly collectorFile: string
  /** Between these times (epoch ms) every organization should have been polled again and again. */
  readonly sinceMs: number
  readonly untilMs: number
}

export interface WorkersReport {
  readonly collector: {
    /** With those that were delivered again. */
    readonly records: number
    readonly distinct: number
    readonly committed: number
    /** Committed, and not at the collector. */
    readonly missing: number
    /** At the collector, and not committed just so: of an aborted transaction. */
    readonly notCommitted: number
    readonly examples: Readonly<Record<string, readonly unknown[]>>
  }
  readonly organizations: Readonly<
    Record<
      string,
      { readonly polls: number; readonly longestUnpolledMs: number; readonly unpolledSince: number }
    >
  >
  /** Polls of one organization that were both counted, though one began before the other was finished. */
  readonly overlapping: readonly string[]
}

/** Holds what the workers left behind against itself, by a reader that shares no code with them. */
export async function checkWorkers(options: WorkersCheckOptions): Promise<WorkersReport> {
  const { brokers, topic, collectorFile, sinceMs, untilMs } = options
  const script = join(projectRoot, 'test/support/readers/check_workers.py')
  const args = [script, brokers, topic, collectorFile, String(sinceMs), String(untilMs)]
  const env = { PYTHONDONTWRITEBYTECODE: '1' }
  return JSON.parse(await runTool(await pythonReader(), args, { env })) as WorkersReport
}
