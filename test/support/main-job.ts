import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts'
import { runHfAudit } from './child-process.ts'

export const organization = 'example-org'

/** A simulated Hub of this test alone, and the variables that point `hf-audit` at it. */
export async function simulatedHub(
  t: TestContext,
  options: SimulatorOptions,
): Promise<{ hub: Simulator; environment: Record<string, string> }> {
  const hub = createSimulator({ organizations: [organization], prepared: true, ...options })
  const { url } = await hub.start()
  t.after(() => hub.stop())
  const dataDirectory = mkdtempSync(join(tmpdir(), 'hf-audit-main-job-'))
  t.after(() => rmSync(dataDirectory, { recursive: true, force: true }))
  return {
    hub,
    environment: {
      HF_ENDPOINT: url,
      HF_TOKEN: 'hf_simulated',
      HF_AUDIT_ORGANIZATIONS: organization,
      HF_AUDIT_DATA_DIR: dataDirectory,
    },
  }
}

export interface OnceResult {
  readonly code: number | NodeJS.Signals
  /** The ledger entry of the poll, undefined when none got to its end. */
  readonly ledger: Record<string, unknown> | undefined
  readonly stderr: string
}

/** `hf-audit run --once`, to its end. */
export async function pollOnce(
  environment: Record<string, string>,
  ...parameters: string[]
): Promise<OnceResult> {
  const { code, logLines, stderr } = await runHfAudit(['run', '--once', ...parameters], environment)
  return { code, ledger: logLines.find(line => line.msg === 'polled'), stderr }
}

/** Waits for something that another process brings about; fails after five minutes. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  everyMs = 50,
): Promise<void> {
  const deadline = Date.now() + 300_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited five minutes for ${what} in vain`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
