import { HOUR_MS, HOURS_SHOWN } from '../../status/hourly-counts.ts'
import { countOf, countText } from '../../status/words.ts'
import { type Html, html } from './html.ts'

const HEIGHT = 40
/** Width of an hour; its bar leaves a fifth free. */
const HOUR_WIDTH = 10

/** Events per hour as bars, in one path; the numbers that matter stand beside it as text. */
export function eventsChart(counts: readonly number[], nowMs: number): Html {
  const most = Math.max(0, ...counts)
  const sum = counts.reduce((total, count) => total + count, 0)
  const bars = counts.map((count, hour) => barPath(hour, count, most)).join('')
  const width = counts.length * HOUR_WIDTH
  const peakHour = new Date(
    (Math.floor(nowMs / HOUR_MS) - (counts.length - 1) + counts.indexOf(most)) * HOUR_MS,
  )
  const peak = `${peakHour.toISOString().slice(11, 13)}:00`
  const words =
    sum === 0
      ? `No events in the last ${HOURS_SHOWN} hours`
      : `Events per hour: ${countOf(sum, 'event')} in the last ${HOURS_SHOWN} hours, the most ${countText(most)} from ${peak} UTC`
  return html`<figure>
<figcaption><span>Events per hour</span><span>${sum === 0 ? 'none' : `${countText(sum)} in 48 h, most ${countText(most)}`}</span></figcaption>
<svg class="chart" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${words}">
<path class="base" d="M0 ${HEIGHT - 0.5}H${width}"/><path class="bars" d="${bars}"/></svg>
<div class="axis"><span>48 h ago</span><span>24 h</span><span>now</span></div>
</figure>`
}

function barPath(hour: number, count: number, most: number): string {
  if (count === 0) return ''
  // A single event beside a thousand is still seen.
  const height = Math.max(2, (count / most) * (HEIGHT - 2))
  const x = hour * HOUR_WIDTH + 1
  return `M${x} ${HEIGHT}v-${height.toFixed(1)}h${HOUR_WIDTH - 2}V${HEIGHT}z`
}
