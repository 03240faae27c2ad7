import type { LogLine } from './worker.ts'

/** What a run amounted to, counted up to now. */
export interface Figures {
  rounds: number
  events: number
  kills: number
  freezes: number
  terminations: number
  brokerKills: number
  brokerRestarts: number
  brokerFreezes: number
  networkCuts: number
  networkFreezes: number
  networkDelays: number
  lostResponses: number
  lostRequests: number
  brokenDownloads: number
  /** Worlds that ended since a broker that was killed or restarted had lost the end of a transaction. */
  lostByBroker: number
  /** Faults that found nothing to hit: a worker that was down already, a request that did not come. */
  missed: number
  /** Polls that reached their ledger entry. */
  polls: number
  /** Polls of more than one transaction. */
  longPolls: number
  /** How often a worker was told that its transactional id belongs to a newer producer, or that its transaction timed out. */
  fences: number
  /** Commits that failed without telling what became of them. */
  unknownOutcomes: number
  /** Batches that were refused because they were selected from an old checkpoint, or for another's shard. */
  refusedBatches: number
  /** How often a checkpoint was read. */
  terms: number
  abortedRecords: number
  longestUnpolledMs: number
  missing: number
  doubled: number
}

export function newFigures(): Figures {
  return {
    rounds: 0,
    events: 0,
    kills: 0,
    freezes: 0,
    terminations: 0,
    brokerKills: 0,
    brokerRestarts: 0,
    brokerFreezes: 0,
    networkCuts: 0,
    networkFreezes: 0,
    networkDelays: 0,
    lostResponses: 0,
    lostRequests: 0,
    brokenDownloads: 0,
    lostByBroker: 0,
    missed: 0,
    polls: 0,
    longPolls: 0,
    fences: 0,
    unknownOutcomes: 0,
    refusedBatches: 0,
    terms: 0,
    abortedRecords: 0,
    longestUnpolledMs: 0,
    missing: 0,
    doubled: 0,
  }
}

const WORDS: Readonly<Record<keyof Figures, string>> = {
  rounds: 'rounds',
  events: 'events in the Hub',
  kills: 'workers killed (SIGKILL)',
  freezes: 'workers frozen (SIGSTOP, SIGCONT)',
  terminations: 'workers terminated (SIGTERM, exit 0)',
  brokerKills: 'brokers killed (SIGKILL)',
  brokerRestarts: 'brokers restarted in good order',
  brokerFreezes: 'brokers frozen',
  networkCuts: 'networks cut',
  networkFreezes: 'networks frozen',
  networkDelays: 'networks delayed',
  lostResponses: 'responses to Produce and EndTxn lost',
  lostRequests: 'requests Produce and EndTxn lost',
  brokenDownloads: 'downloads broken off',
  lostByBroker: 'ends of transactions that a broker lost when it stopped',
  missed: 'faults that found nothing to hit',
  polls: 'polls',
  longPolls: 'polls of several transactions',
  terms: 'checkpoints read',
  fences: 'fences seen by a worker',
  unknownOutcomes: 'transactions of unknown outcome',
  refusedBatches: 'stale or foreign batches refused',
  abortedRecords: 'aborted records, unseen',
  longestUnpolledMs: 'longest time an organization went unpolled, ms',
  missing: 'lost',
  doubled: 'duplicated',
}

export function figuresTable(figures: Figures): string {
  const rows = Object.entries(WORDS).map(
    ([name, words]) => `| ${words} | ${figures[name as keyof Figures].toLocaleString('en-US')} |`,
  )
  return ['| what | how many |', '|---|---|', ...rows].join('\n')
}

/** Counts what a worker says of itself. */
export function countLine(figures: Figures, line: LogLine): void {
  const message = String(line.msg ?? '')
  if (message === 'polled') {
    figures.polls += 1
    if (Number(line.transactions) > 1) figures.longPolls += 1
    return
  }
  if (message === 'checkpoint read') figures.terms += 1
  if (line.code === undefined) return
  if (/old epoch|fenced|another producer took over/i.test(message)) figures.fences += 1
  if (line.code === 'JOURNAL_STALE' || line.code === 'JOURNAL_NOT_OWNED') figures.refusedBatches += 1
  if (line.code === 'JOURNAL_UNAVAILABLE' && message.startsWith('storing a batch'))
    figures.unknownOutcomes += 1
}
