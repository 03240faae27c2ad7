/** The page's own style. No element has a style attribute: the policy forbids it. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #ffffff; --line: #dfe3e8; --text: #1b2430; --dim: #566170;
  --well: #11733f; --busy: #1f5fa8; --attention: #8a5300; --trouble: #b3261e; --bar: #5b8bc4; --track: #e6eaef;
  --well-soft: #e4f3ea; --busy-soft: #e5eef9; --attention-soft: #fdf1dc; --trouble-soft: #fdeae8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #11161d; --card: #1a212b; --line: #2d3744; --text: #e6ebf1; --dim: #a3afbd;
    --well: #6fd49a; --busy: #8ebcf2; --attention: #f1bd6b; --trouble: #ff9d94; --bar: #6f9fd8; --track: #2a3441;
    --well-soft: #16301f; --busy-soft: #182a41; --attention-soft: #35270f; --trouble-soft: #3d1a18;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", "DejaVu Sans", sans-serif;
}
.frame { max-width: 72rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
h1, h2, h3, p, dl, dd, ul { margin: 0; padding: 0; }
h1 { font-size: 1.05rem; font-weight: 600; }
h2 { font-size: .8rem; font-weight: 600; color: var(--dim); margin: 1.75rem 0 .6rem; }
h3 { font-size: 1.05rem; font-weight: 600; min-width: 0; }
ul { list-style: none; }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; }
.dim { color: var(--dim); }
.small { font-size: .85rem; }
time[title] { cursor: help; }
.headline {
  display: flex; gap: .75rem; align-items: flex-start; margin-top: .9rem; padding: .9rem 1.1rem; border-radius: .6rem;
 
}
.headline > div { min-width: 0; }
.headline strong { display: block; font-size: 1.25rem; font-weight: 600; line-height: 1.3; }
.headline p { color: var(--text); margin-top: .2rem; white-space: pre-line; }
.mark { flex: none; width: 1.5rem; height: 1.5rem; }
.headline .mark { margin-top: .08rem; }
.well { background: var(--well-soft); color: var(--well); }
.busy { background: var(--busy-soft); color: var(--busy); }
.attention { background: var(--attention-soft); color: var(--attention); }
.trouble { background: var(--trouble-soft); color: var(--trouble); }
.notices { display: grid; grid-template-columns: minmax(0, 1fr); gap: .6rem; margin-top: .6rem; }
.notice { background: var(--card); color: var(--text); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1.1rem; }
.notice h2 { font-size: 1rem; color: var(--text); margin: 0; display: flex; gap: .5rem; align-items: center; }
.notice .mark { width: 1.1rem; height: 1.1rem; }
.notice p { white-space: pre-line; }
.notice .mark.well, .notice .mark.busy, .notice .mark.attention, .notice .mark.trouble { background: none; }
.grid { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21.5rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .95rem 1.1rem; min-width: 0; }
.card header { display: flex; gap: .6rem; justify-content: space-between; align-items: flex-start; margin-bottom: .55rem; }
.phase { flex: none; border-radius: 1rem; padding: .05rem .65rem; font-size: .82rem; font-weight: 600; line-height: 1.6; }
.phase.idle { background: var(--track); color: var(--text); }
dl { display: grid; grid-template-columns: 6.6rem minmax(0, 1fr); gap: .1rem .9rem; }
dt { color: var(--dim); }
dd { font-variant-numeric: tabular-nums; }
.lead { font-weight: 600; }
.line { display: block; }
figure { margin: .8rem 0 0; }
figcaption { display: flex; justify-content: space-between; gap: .5rem; font-size: .82rem; color: var(--dim); }
.chart { display: block; width: 100%; height: 3.4rem; margin: .25rem 0 .1rem; }
.chart .bars { fill: var(--bar); }
.chart .base { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.axis { display: flex; justify-content: space-between; font-size: .76rem; color: var(--dim); }
progress { display: block; width: 100%; height: .55rem; margin: .3rem 0 .7rem; accent-color: var(--busy); border: 0; border-radius: 1rem; background: var(--track); overflow: hidden; }
progress::-webkit-progress-bar { background: var(--track); }
progress::-webkit-progress-value { background: var(--busy); }
progress::-moz-progress-bar { background: var(--busy); }
details { margin-top: .7rem; font-size: .9rem; }
summary { cursor: pointer; color: var(--dim); }
summary:focus-visible, a:focus-visible { outline: 2px solid var(--busy); outline-offset: 2px; border-radius: .2rem; }
details li { margin-top: .45rem; }
a { color: var(--busy); }
#silent { margin-top: .9rem; padding: .7rem 1.1rem; border-radius: .6rem; font-weight: 600; }
.elsewhere { margin-top: .8rem; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
[hidden] { display: none !important; }
`
