import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { runHfAudit, startHfAudit } from './child-process.ts'
import { until } from './main-job.ts'

export interface ReplaySummary {
  readonly name: string
  readonly result: string
  readonly run: number
  readonly records: number
  readonly refused: number
  readonly sentBefore: number
  readonly organizations: readonly { readonly organization: string; readonly records: number }[]
}

/** `hf-audit replay … --json` to its end, which must be a good one. */
export async function replayed(
  environment: Record<string, string>,
  ...parameters: string[]
): Promise<ReplaySummary> {
  const { code, stdout, stderr } = await runHfAudit(['replay', ...parameters, '--json'], environment)
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as ReplaySummary
}

/**
 * Kills a replay twice, each time as soon as `step` more of it has arrived, then lets it end. The last start must have
 * gone on from the middle: `count` is what the range holds.
 */
export async function killedTwice(
  environment: Record<string, string>,
  parameters: readonly string[],
  { arrived, step, count }: { arrived: () => Promise<number>; step: number; count: number },
): Promise<ReplaySummary> {
  let seen = 0
  for (let kill = 0; kill < 2; kill++) {
    const running = startHfAudit(['replay', ...parameters], environment)
    await until('something more at the target', async () => (await arrived()) >= seen + step, 2)
    running.kill('SIGKILL')
    assert.equal(await running.ended, 'SIGKILL', 'it was killed before its end')
    seen = await arrived()
  }
  const last = await replayed(environment, ...parameters)
  assert.ok(
    last.sentBefore > 0 && last.sentBefore < count,
    `${last.sentBefore} of ${count} before the last start`,
  )
  assert.deepEqual([last.result, last.records, last.refused, last.run], ['finished', count, 0, 1])
  return last
}

/** Sequences by organization in the order of a file of JSON lines. */
export async function sequencesInLines(path: string): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {}
  for await (const line of createInterface({ input: createReadStream(path) })) add(found, JSON.parse(line))
  return found
}

export function sequencesOf(
  records: readonly { organization: string; sequence: number }[],
): Record<string, number[]> {
  const found: Record<string, number[]> = {}
  for (const record of records) add(found, record)
  return found
}

function add(
  found: Record<string, number[]>,
  { organization, sequence }: { organization: string; sequence: number },
) {
  const list = found[organization] ?? []
  list.push(sequence)
  found[organization] = list
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}
