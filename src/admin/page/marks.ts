import type { Level } from '../../status/assessment.ts'
import { Html, html } from './html.ts'

const SHAPES: Readonly<Record<Level, string>> = {
  well: '<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2"/><path d="M7.5 12.5l3 3 6-6.5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>',
  busy: '<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2"/><path d="M12 6.5V12l3.5 2.5" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round"/>',
  attention:
    '<path d="M12 3.2 22 20.5H2z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/><path d="M12 10v4.5M12 17.4v.2" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>',
  trouble:
    '<path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/><path d="M12 7v6M12 16.6v.2" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>',
}

/** Of a shape of its own for each level: colour alone must not carry it. */
export function markOf(level: Level): Html {
  return html`<svg class="mark ${level}" viewBox="0 0 24 24" aria-hidden="true">${new Html(SHAPES[level])}</svg>`
}
