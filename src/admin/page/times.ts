import { instantText, relativeText } from '../../status/words.ts'
import { type Html, html } from './html.ts'

/** `5 min ago`, with the instant on hover. */
export function timeAgo(atMs: number, nowMs: number): Html {
  const instant = new Date(atMs).toISOString()
  return html`<time datetime="${instant}" title="${instantText(atMs)}">${relativeText(atMs, nowMs)}</time>`
}

/** Pairs of a term and what holds; those without are left out. */
export function facts(rows: readonly (readonly [string, Html | string | undefined])[]): Html {
  const shown = rows.filter(([, value]) => value !== undefined)
  return html`<dl>${shown.map(([term, value]) => html`<dt>${term}</dt><dd>${value}</dd>`)}</dl>`
}
