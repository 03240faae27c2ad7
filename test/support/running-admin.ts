import type { TestContext } from 'node:test'
import { type RunningProcess, startHfAudit } from './child-process.ts'

/** As much of `/status.json` as tests look at. */
export interface StatusJson {
  readonly level: string
  readonly headline: string
  readonly journal: { state: string; message: string | null }
  readonly forwarder: { state: string; backlog: number | null } | null
  readonly organizations: readonly OrganizationJson[]
}

interface OrganizationJson {
  readonly organization: string
  readonly phase: string
  readonly sequence: number | null
  readonly lastPoll: { receivedAt: string } | null
  readonly newestEventAt: string | null
  readonly nextPollAt: string | null
  readonly deadLetters: number | null
  readonly problem: { message: string } | null
  readonly findings: { readonly isComplete: boolean; readonly counts: Readonly<Record<string, number>> }
  readonly unknownTypes: readonly { type: string; events: number }[]
}

/** `hf-audit run` with an admin server on any free port, polling every second. */
export async function startServing(
  t: TestContext,
  environment: Record<string, string>,
): Promise<{ worker: RunningProcess; url: string }> {
  const worker = startHfAudit(['run'], {
    HF_AUDIT_ADMIN_ADDRESS: '127.0.0.1:0',
    HF_AUDIT_POLL_INTERVAL: '1s',
    ...environment,
  })
  t.after(async () => {
    worker.kill('SIGKILL')
    await worker.ended
  })
  const { admin } = await worker.logLine(line => line.msg === 'starting')
  return { worker, url: admin as string }
}

export async function statusAt(url: string): Promise<StatusJson> {
  return (await (await fetch(`${url}status.json`)).json()) as StatusJson
}
