import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { figuresTable, newFigures } from '../crash/figures.ts'
import { crashRounds } from '../crash/rounds.ts'
import { requireStack } from '../support/stack/requirements.ts'

/**
 * A short run of what `npm run crash` does for as long as wanted: other faults each time, by a seed that is printed and
 * that CRASH_SEED repeats.
 */
const ROUNDS = 6
/** On a slow machine fewer rounds will do. */
const ENOUGH_MS = 60_000

test('workers and broker are killed, frozen and cut off: each event is there once, in order, chained', {
  timeout: 1_200_000,
}, async t => {
  if (!(await requireStack(t, 'kafka', 'python'))) return
  const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 1_000_000_000))
  const folder = mkdtempSync(join(tmpdir(), 'hf-audit-crash-'))
  t.diagnostic(`seed ${seed}; again with npm run crash -- --seed ${seed} --rounds ${ROUNDS}`)
  const startedAt = performance.now()
  const isLate = () => performance.now() - startedAt > ENOUGH_MS
  const figures = newFigures()
  await crashRounds({
    seed,
    nodes: 1,
    workers: 2,
    isEnough: rounds => rounds >= ROUNDS || (rounds > 2 && isLate()),
    checkEvery: ROUNDS,
    roundsPerWorld: ROUNDS,
    folder,
    figures,
    say: line => t.diagnostic(line),
  }).catch(error => {
    t.diagnostic(`logs, plan and reports: ${folder}`)
    throw error
  })
  t.diagnostic(figuresTable(figures))
  assert.deepEqual([figures.missing, figures.doubled], [0, 0])
  assert.ok(figures.events > 7_500, 'the logs did not grow')
  assert.ok(figures.terms > 5, 'nothing that was done made a worker read its checkpoint again')
  rmSync(folder, { recursive: true, force: true })
})
