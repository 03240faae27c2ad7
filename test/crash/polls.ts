import type { LogLine, Worker } from './worker.ts'

/** When each organization was polled, as the workers say it. */
export interface Polls {
  note(worker: Worker, line: LogLine): void
  /** Who polled it last. */
  pollerOf(organization: string): Worker | undefined
  /** Organizations without a finished poll that began later than that. */
  unpolledSince(epochMs: number): string[]
  /** The longest time between the ends of two polls of one organization. */
  longestUnpolledMs(): number
}

export function createPolls(organizations: readonly string[], startedAtMs: number): Polls {
  const last = new Map<string, { worker?: Worker; startedAtMs: number; finishedAtMs: number }>(
    organizations.map(name => [name, { startedAtMs: 0, finishedAtMs: startedAtMs }]),
  )
  let longestMs = 0
  return {
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
      longestMs = Math.max(longestMs, poll.finishedAtMs - before.finishedAtMs)
      last.set(organization, poll)
    },
    pollerOf: organization => last.get(organization)?.worker,
    unpolledSince: epochMs => organizations.filter(name => last.get(name)!.startedAtMs < epochMs),
    longestUnpolledMs: () => longestMs,
  }
}
