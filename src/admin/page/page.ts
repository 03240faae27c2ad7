import { createHash } from 'node:crypto'
import { assess, type Notice } from '../../status/assessment.ts'
import type { OrganizationStatus, Phase, Status } from '../../status/model.ts'
import { countOf, instantText } from '../../status/words.ts'
import { Html, html } from './html.ts'
import { markOf } from './marks.ts'
import { organizationCard } from './organization-card.ts'
import { SCRIPT } from './script.ts'
import { STYLE } from './style.ts'
import { surroundings } from './surroundings.ts'
import { timeAgo } from './times.ts'

/** Of more organizations than these only the names are shown: a page is looked at, not searched. */
const CARDS_SHOWN = 100
/** Without a script the browser asks again. */
const RELOAD_SECONDS = 10
const NOTICES_SHOWN = 100

const URGENCY: readonly Phase[] = [
  'blocked',
  'failing',
  'backfill',
  'starting',
  'polling',
  'current',
  'quiet',
]

/** Nothing but this style, this script and questions to this server. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(STYLE)}'`,
  `script-src '${hashOf(SCRIPT)}'`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The whole status page: one document that needs nothing else. */
export function renderPage(status: Status): string {
  const { level, headline, notices } = assess(status)
  const { takenAtMs, worker } = status
  const only = notices.length === 1 ? notices[0] : undefined
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${headline} · hf-audit</title>
<link rel="icon" href="data:,">
<noscript><meta http-equiv="refresh" content="${RELOAD_SECONDS}"></noscript>
<style>${new Html(STYLE)}</style>
</head>
<body>
<div class="frame">
<header class="top"><h1>hf-audit <span class="dim">${worker.version}</span></h1></header>
<div id="silent" class="trouble" role="alert" hidden></div>
<div id="spoken" role="status" class="spoken"></div>
<main>
<p class="small dim">As of ${instantText(takenAtMs)}</p>
<section class="headline ${level}">${markOf(level)}<div><strong id="headline">${headline}</strong>${only !== undefined && html`<p>${only.message}${since(only, takenAtMs)}</p>`}</div></section>
${only === undefined && noticeList(notices, takenAtMs)}
<h2>Organizations</h2>
${organizations(status)}
<h2>Journal, collector, worker</h2>
${surroundings(status)}
</main>
</div>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`
  return page.text
}

function noticeList(notices: readonly Notice[], nowMs: number): Html | undefined {
  if (notices.length === 0) return undefined
  const hidden = notices.length - NOTICES_SHOWN
  return html`<ul class="notices">${notices.slice(0, NOTICES_SHOWN).map(
    notice => html`<li class="notice">
<h2>${markOf(notice.level)}${notice.title}</h2><p>${notice.message}${since(notice, nowMs)}</p></li>`,
  )}${hidden > 0 && html`<li class="dim">and ${hidden} more</li>`}</ul>`
}

function since({ sinceMs }: Notice, nowMs: number): Html | undefined {
  return sinceMs === undefined
    ? undefined
    : html` <span class="line dim small">${timeAgo(sinceMs, nowMs)}</span>`
}

function organizations({ organizations: all, takenAtMs }: Status): Html {
  const own = all.filter(({ phase }) => phase !== 'elsewhere').sort(byUrgency)
  const elsewhere = all.filter(({ phase }) => phase === 'elsewhere')
  const more = own.slice(CARDS_SHOWN)
  return html`<div class="grid">${own.slice(0, CARDS_SHOWN).map(one => organizationCard(one, takenAtMs))}</div>
${names('Also polled here', more)}${names('Polled by other workers', elsewhere)}`
}

function names(title: string, some: readonly OrganizationStatus[]): Html | undefined {
  if (some.length === 0) return undefined
  const list = some.map(({ organization }) => organization).join(', ')
  return html`<p class="elsewhere dim">${title}: ${countOf(some.length, 'organization')}. ${list}</p>`
}

function byUrgency(a: OrganizationStatus, b: OrganizationStatus): number {
  return URGENCY.indexOf(a.phase) - URGENCY.indexOf(b.phase)
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
