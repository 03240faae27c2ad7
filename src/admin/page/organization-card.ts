import type { Level } from '../../status/assessment.ts'
import type { OrganizationStatus, Phase, Progress } from '../../status/model.ts'
import { bytesText, countOf, countText, durationText } from '../../status/words.ts'
import { eventsChart } from './chart.ts'
import { type Html, html } from './html.ts'
import { facts, timeAgo } from './times.ts'

const PHASES: Readonly<Record<Exclude<Phase, 'elsewhere'>, readonly [words: string, look: Level | 'idle']>> =
  {
    starting: ['Starting', 'busy'],
    backfill: ['First export', 'busy'],
    polling: ['Polling', 'busy'],
    current: ['Up to date', 'well'],
    quiet: ['Quiet', 'idle'],
    failing: ['Trying again', 'attention'],
    blocked: ['Blocked', 'trouble'],
  }

/** Everything about one organization that this worker polls. */
export function organizationCard(one: OrganizationStatus, nowMs: number): Html {
  const { organization, name, phase } = one
  const [words, look] = PHASES[phase as keyof typeof PHASES]
  return html`<article class="card">
<header><h3>${organization}</h3><span class="phase ${look}">${words}</span></header>
${name !== organization && html`<p class="dim small">At the Hub: ${name}</p>`}
${one.progress !== undefined && progressOf(one.progress)}
${facts([
  ['Last poll', lastPoll(one, nowMs)],
  [
    'Next poll',
    one.nextPollAtMs === undefined ? undefined : timeAgo(Math.max(one.nextPollAtMs, nowMs), nowMs),
  ],
  ['Newest event', one.newestEventAtMs === undefined ? undefined : timeAgo(one.newestEventAtMs, nowMs)],
  ['Published', one.sequence === undefined ? undefined : countOf(one.sequence, 'event')],
  ['Download', download(one)],
  ['Dead letters', one.deadLetters === undefined ? undefined : countText(one.deadLetters)],
  [
    'Token',
    one.tokenExpiresAtMs === undefined ? undefined : html`expires ${timeAgo(one.tokenExpiresAtMs, nowMs)}`,
  ],
])}
${one.sequence !== undefined && eventsChart(one.eventsPerHour, nowMs)}
${findings(one, nowMs)}
${unknownTypes(one)}
</article>`
}

function lastPoll({ lastPoll: last, phase }: OrganizationStatus, nowMs: number): Html | string {
  if (last === undefined) return phase === 'blocked' || phase === 'failing' ? 'never' : 'none yet'
  const { receivedAtMs, published, durationMs } = last
  const ago = html`<span class="lead">${timeAgo(receivedAtMs, nowMs)}</span>`
  if (published === undefined || durationMs === undefined) return ago
  const result = published === 0 ? 'nothing new' : `${countText(published)} new`
  return html`${ago} <span class="line">${result}, took ${durationText(durationMs)}</span>`
}

function download({ lastPoll: last, wireBytesPerMonth }: OrganizationStatus): Html | undefined {
  if (wireBytesPerMonth === undefined) return undefined
  const each = last?.wireBytes
  return html`${each !== undefined && html`${bytesText(each)} a poll `}<span class="line">${bytesText(wireBytesPerMonth)} a month</span>`
}

function progressOf({ step, done, total, remainingMs }: Progress): Html {
  const unit = step === 'downloading' ? bytesText : (count: number) => `${countText(count)} events`
  const of =
    total === undefined
      ? unit(done)
      : `${step === 'downloading' ? bytesText(done) : countText(done)} of ${unit(total)}`
  const left = remainingMs === undefined ? '' : `, ${durationText(Math.max(1_000, remainingMs))} left`
  const words = `${step === 'downloading' ? 'Downloading' : 'Publishing'} ${of}${left}`
  const bar =
    total === undefined
      ? html`<progress aria-label="${words}"></progress>`
      : html`<progress aria-label="${words}" max="${total}" value="${Math.min(done, total)}"></progress>`
  return html`<div class="small">${words}${bar}</div>`
}

function findings(
  { organization, findings: { counts, latest } }: OrganizationStatus,
  nowMs: number,
): Html | undefined {
  if (latest.length === 0) return undefined
  const summary = Object.entries(counts)
    .map(([kind, count]) => `${kind.toLowerCase()} ${countText(count)}`)
    .join(', ')
  return html`<details id="findings-${organization}">
<summary>Findings: ${summary}</summary>
<ul>${latest.map(
    ({ kind, message, foundAtMs }) =>
      html`<li><strong>${kind.toLowerCase()}</strong> ${timeAgo(foundAtMs, nowMs)}: ${message}</li>`,
  )}</ul>
</details>`
}

function unknownTypes({ organization, unknownTypes: types }: OrganizationStatus): Html | undefined {
  if (types.length === 0) return undefined
  const events = types.reduce((sum, one) => sum + one.events, 0)
  return html`<details id="unknown-types-${organization}">
<summary>Unknown types: ${countOf(events, 'event')} of ${countOf(types.length, 'type')}</summary>
<p>Published since this worker started, tagged unknownType. A newer version may know them.</p>
<ul>${types.map(({ type, events: count }) => html`<li><code>${type}</code> ${countText(count)}</li>`)}</ul>
</details>`
}
