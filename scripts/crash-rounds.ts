import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { figuresTable, newFigures } from '../test/crash/figures.ts'
import { crashRounds } from '../test/crash/rounds.ts'

const HELP = `Kills, freezes and cuts off the connector and its brokers over and over, while the Hub's logs grow, and
reads after it all, with nothing of the connector's code, whether each event is there once.

npm run crash -- [options]
  --rounds 100      how many rounds
  --minutes 10      instead: for how long
  --seed 1          the same faults again; default: a new one, printed
  --nodes 1|3       one broker, or three with three replicas of everything; default 1
  --workers 2
  --check-every 5   rounds between two readings
  --keep DIRECTORY  keep logs, plan and reports there; after a failure they are kept anyway

Exit codes: 0 nothing lost, nothing duplicated; 1 otherwise.
`

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    nodes: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    'check-every': { type: 'string', default: '5' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}

const seed =
  values.seed === undefined ? Math.floor(Math.random() * 1_000_000_000) : whole('seed', values.seed)
const rounds = whole('rounds', values.rounds)
const nodes = whole('nodes', values.nodes)
if (nodes !== 1 && nodes !== 3) throw new Error('--nodes is 1 or 3')
const deadline = values.minutes === undefined ? undefined : Date.now() + Number(values.minutes) * 60_000
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'hf-audit-crash-'))

// Ends the children too, which an unhandled signal would leave behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const title = `seed ${seed}, ${nodes === 1 ? 'one broker' : 'three brokers'}, ${values.workers} workers`
console.log(title)
const figures = newFigures()
try {
  await crashRounds({
    seed,
    nodes,
    workers: whole('workers', values.workers),
    isEnough: done => (deadline === undefined ? done >= rounds : Date.now() > deadline),
    checkEvery: whole('check-every', values['check-every']),
    roundsPerWorld: 10,
    folder,
    figures,
    say: line => console.log(line),
  })
  console.log(`\n${title}\n\n${figuresTable(figures)}`)
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true })
} catch (error) {
  console.error(`\n${figuresTable(figures)}\n\nFAILED with seed ${seed}: ${(error as Error).stack}`)
  console.error(`Logs, plan and reports: ${folder}`)
  console.error(`Again: npm run crash -- --seed ${seed} --nodes ${nodes} --rounds ${rounds}`)
  process.exit(1)
}
process.exit(0)

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} is a whole number`)
  return Number(text)
}
