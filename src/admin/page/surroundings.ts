import type { ForwarderStatus, JournalStatus, Status, WorkerStatus } from '../../status/model.ts'
import { bytesText, countOf, countText, durationText } from '../../status/words.ts'
import { type Html, html } from './html.ts'
import { facts, timeAgo } from './times.ts'

/** What is around the organizations: the journal, the collector, the worker itself. */
export function surroundings({ journal, forwarder, worker, takenAtMs }: Status): Html {
  return html`<div class="grid">
${journalCard(journal, takenAtMs)}${forwarderCard(forwarder, takenAtMs)}${workerCard(worker, takenAtMs)}
</div>`
}

function journalCard({ kind, place, state, sinceMs, shards }: JournalStatus, nowMs: number): Html {
  const [words, look] = {
    opening: ['Opening', 'busy'],
    reachable: ['Reachable', 'well'],
    unreachable: ['Not reachable', 'trouble'],
  }[state] as [string, string]
  return card(
    kind === 'kafka' ? 'Kafka' : 'Embedded journal',
    words,
    sinceMs === undefined ? look : 'trouble',
    facts([
      [kind === 'kafka' ? 'Brokers, topic' : 'Directory', place],
      ['Since', sinceMs === undefined ? undefined : timeAgo(sinceMs, nowMs)],
      ['Shards here', shards === undefined ? undefined : shardsText(shards)],
    ]),
  )
}

function shardsText({ owned, total }: NonNullable<JournalStatus['shards']>): string {
  if (owned.length === 0) return `none of ${total}: standing by`
  return owned.length === total ? `all ${total}` : `${owned.join(', ')} (${owned.length} of ${total})`
}

function forwarderCard(forwarder: ForwarderStatus | undefined, nowMs: number): Html {
  if (forwarder === undefined) {
    return card(
      'OpenTelemetry',
      'Off',
      'idle',
      html`<p class="dim">No OTEL_EXPORTER_OTLP_ENDPOINT: nothing is forwarded.</p>`,
    )
  }
  const { destination, state, sinceMs, backlog, delivered, rejected, deadLettered, lastError } = forwarder
  const [words, look] = {
    unknown: ['Starting', 'busy'],
    flowing: ['Delivering', 'well'],
    stalled: ['Cannot read the journal', 'attention'],
    unavailable: ['Not reachable', 'attention'],
    blocked: ['Blocked', 'trouble'],
  }[state] as [string, string]
  return card(
    'OpenTelemetry',
    words,
    look,
    facts([
      ['Collector', destination],
      ['Since', sinceMs === undefined ? undefined : timeAgo(sinceMs, nowMs)],
      ['Backlog', backlog === undefined ? 'not known' : backlog === 0 ? 'none' : countOf(backlog, 'record')],
      ['Delivered', `${countOf(delivered, 'record')} since the start`],
      ['Rejected', rejected === 0 ? undefined : countOf(rejected, 'record')],
      ['Dead letters', deadLettered === 0 ? undefined : countText(deadLettered)],
      [
        'Last error',
        lastError === undefined ? undefined : html`${timeAgo(lastError.atMs, nowMs)}: ${lastError.message}`,
      ],
    ]),
  )
}

function workerCard(worker: WorkerStatus, nowMs: number): Html {
  const { version, nodeVersion, hub, pollIntervalMs, startedAtMs, memoryBytes } = worker
  return card(
    'This worker',
    `Up ${durationText(nowMs - startedAtMs)}`,
    'idle',
    facts([
      ['Version', `${version}, Node.js ${nodeVersion}`],
      ['Started', timeAgo(startedAtMs, nowMs)],
      ['Memory', bytesText(memoryBytes)],
      ['Hub', hub],
      ['Polls', `every ${durationText(pollIntervalMs)}`],
    ]),
  )
}

function card(title: string, words: string, look: string, content: Html): Html {
  return html`<article class="card"><header><h3>${title}</h3><span class="phase ${look}">${words}</span></header>${content}</article>`
}
