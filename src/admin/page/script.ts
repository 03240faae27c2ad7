/**
 * Takes a fresh page every few seconds and puts its content in the place of the old, unless somebody is selecting text.
 * What was unfolded stays so. When nothing answers, that is said: old numbers must not look like fresh ones.
 */
export const SCRIPT = `
const main = document.querySelector('main')
const silent = document.querySelector('#silent')
const headline = () => document.querySelector('#headline')?.textContent
let lastSeen = Date.now()
const refresh = async () => {
  if (document.hidden || String(getSelection()) !== '') return
  try {
    const answer = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(4000) })
    if (!answer.ok) throw new Error(answer.status)
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const open = [...main.querySelectorAll('details[open]')].map(one => one.id)
    const focused = document.activeElement?.closest('details')?.id
    for (const id of open) fresh.getElementById(id)?.setAttribute('open', '')
    const before = headline()
    main.replaceChildren(...fresh.querySelector('main').childNodes)
    if (focused) document.getElementById(focused)?.querySelector('summary')?.focus()
    document.title = fresh.title
    if (headline() !== before) document.querySelector('#spoken').textContent = headline()
    lastSeen = Date.now()
    silent.hidden = true
  } catch {
    const seconds = Math.round((Date.now() - lastSeen) / 1000)
    silent.textContent = 'The connector has not answered for ' + seconds + ' s: what is below is old.'
    silent.hidden = false
  }
}
setInterval(refresh, 5000)
addEventListener('visibilitychange', refresh)
`
