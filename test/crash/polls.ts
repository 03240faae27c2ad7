import type { LogLine, Worker } from './worker.ts'

/** When each organization was polled, as the workers say it. */
export interface Polls {
  /** From now on workers are meant to poll; nothing when they were already. */
  begin(epochMs: number): void
  /** From now on they rest. */
  end(): void
  note(worker: Worker, line: LogLine): void
  /** Who polled it last. */
  pollerOf(organization: string): Worker | undefined
  /** Organizations without a finished poll that began later than that. */
  unpolledSince(epochMs: number): string[]
  /** The longest time between the ends of two polls of one organization. */
  longestUnpolledMs(): number
}

export function createPolls(organizations: readonly string[]): Polls {
  const last = new Map<string, { worker?: Worker; startedAtMs: number; finishedAtMs: number }>()
  let polling = false
  let longestMs = 0
  return {
    begin(epochMs) {
      if (polling) return
      polling = true
      for (const name of organizations)
        last.set(name, { ...last.get(name), startedAtMs: 0, finishedAtMs: epochMs })
    },
    end() {
      polling = false
    },
    note(worker, line) {
      if (line.msg !== 'polled') return
      const organization = String(line.organization)
      const before = last.get(organization)
      if (before === undefined) return
      const poll = {
        worker,
        startedAtMs: Date.parse(String(line.startedAt)),
        finishedAtMs: Date.parse(String(line.finishedAt)),
      }
      if (polling) longestMs = Math.max(longestMs, poll.finishedAtMs - before.finishedAtMs)
      last.set(organization, poll)
    },
    pollerOf: organization => last.get(organization)?.worker,
    unpolledSince: epochMs => organizations.filter(name => last.get(name)!.startedAtMs < epochMs),
    longestUnpolledMs: () => longestMs,
  }
}
